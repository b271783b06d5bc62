"""From the first message to the last, and what goes wrong in between, with a real server process."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.lsp_server.conftest import ROOT, RunningServer, StartServer
from tests.lsp_server.editor import INLINE, URI, at, change, suggestion
from tests.lsp_server.raw_client import PATIENCE_S, RawClient


def test_while_the_model_loads_there_is_nothing_and_the_end_is_prompt(start_server: StartServer) -> None:
    """A big model takes a minute; the editor must neither wait for it nor be kept from closing."""
    server = start_server("slow")
    server.initialize()
    server.client.wait_for_state("loading")
    server.open(URI, "resu")

    assert server.client.ask(INLINE, at(0, 4)) == {"items": []}
    assert server.client.ask("bytefim/why", {"textDocument": {"uri": URI}})["reason"] == "model is loading"
    assert server.stop() == 0


def test_a_bad_model_is_told_once_and_requests_get_nothing(start_server: StartServer) -> None:
    """One message per cause, not one per key."""
    server = start_server("bad")
    server.initialize()
    server.client.wait_for_state("error")
    server.open(URI, "resu")

    for _ in range(3):
        assert server.client.ask(INLINE, at(0, 4)) == {"items": []}
    (message,) = server.client.heard("window/showMessage")
    assert message["params"] == {"type": 1, "message": "bytefim: fake.gguf is empty; download it again"}
    assert server.client.ask("bytefim/why", {"textDocument": {"uri": URI}})["outcome"] == "empty"


def test_what_others_print_never_reaches_the_editor(start_server: StartServer) -> None:
    """One stray line on stdout ends the conversation."""
    server = start_server("noisy")
    server.initialize()
    server.client.wait_for_state("idle")
    server.open(URI, "resu")

    assert suggestion(server, 0, 4)[0] == "lt = 1"
    assert server.stop() == 0
    log = server.log.read_text(encoding="utf-8")
    assert "printed by Python" in log
    assert "written by native code" in log


def test_the_log_has_no_source_text(own_server: RunningServer) -> None:
    """Not even when something goes wrong with a message that carries it."""
    own_server.open(URI, "my_secret = 1", language="plaintext")
    assert len(own_server.client.ask(INLINE, at(0, 99))["items"]) == 1
    change(own_server, 2, {"range": "my_secret", "text": "my_secret"})
    own_server.client.ask(INLINE, at(0, 4))
    own_server.client.notify("no/suchThing", {"text": "my_secret"})
    own_server.client.send_bytes(b'{"my_secret"')
    assert own_server.stop() == 0

    log = own_server.log.read_text(encoding="utf-8")
    assert "unreadable message method='textDocument/didChange'" in log
    assert "my_secret" not in log
    assert "lt = 1" not in log


def test_requests_after_shutdown_are_refused(own_server: RunningServer) -> None:
    """LSP wants an error; pygls says nothing at all."""
    own_server.client.ask("shutdown", None)
    reply = own_server.client.reply(own_server.client.request(INLINE, at(0, 4)))

    assert reply["error"]["code"] == -32600


def test_exit_after_shutdown_ends_with_status_0_even_while_the_model_works(own_server: RunningServer) -> None:
    """Editors close in the middle of things."""
    own_server.open(URI, "WAIT")
    own_server.client.request(INLINE, at(0, 4))

    assert own_server.stop() == 0


def test_exit_without_shutdown_ends_with_status_1(own_server: RunningServer) -> None:
    """As LSP says."""
    own_server.client.notify("exit", None)

    assert own_server.process.wait(PATIENCE_S) == 1


@pytest.mark.parametrize("last_words", [b"", b"Content-Length: 100\r\n\r\n{"])
def test_when_stdin_closes_the_server_ends(own_server: RunningServer, last_words: bytes) -> None:
    """An editor that crashed leaves no orphan behind, not even one that waits for the rest of a message."""
    own_server.open(URI, "WAIT")
    own_server.client.request(INLINE, at(0, 4))
    assert own_server.process.stdin is not None
    own_server.process.stdin.write(last_words)
    own_server.process.stdin.close()

    assert own_server.process.wait(PATIENCE_S) == 0
    assert "Traceback" not in own_server.log.read_text(encoding="utf-8")


@contextlib.contextmanager
def killing(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whatever happens, the process does not outlive the test."""
    try:
        yield
    finally:
        process.kill()


def test_over_tcp_one_editor_is_served() -> None:
    """For editors that cannot start a process, and for looking on with other tools."""
    command = [sys.executable, "-m", "tests.lsp_server.fake_server", "good", "--tcp"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as process, killing(process):
        assert process.stderr is not None
        listening = re.search(rb"listening host=127.0.0.1 port=(\d+)", process.stderr.readline())
        assert listening is not None
        with socket.create_connection(("127.0.0.1", int(listening[1])), timeout=PATIENCE_S) as connection:
            client = RawClient(connection.makefile("wb"), connection.makefile("rb"))
            client.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
            client.wait_for_state("idle")
            client.ask("shutdown", None)
            client.notify("exit", None)
            assert process.wait(PATIENCE_S) == 0


def test_an_unknown_request_is_refused_without_a_popup(server: RunningServer) -> None:
    """Clients try things."""
    reply = server.client.reply(server.client.request("bytefim/noSuchThing", {"class": {"def": [1]}}))

    assert reply["error"]["code"] == -32601
    assert server.client.heard("window/showMessage") == []


def test_capabilities_that_are_not_known_yet_are_no_obstacle(start_server: StartServer) -> None:
    """Editors are newer than servers; a server that refuses to start for a new word is of no use."""
    server = start_server()
    kinds = {"valueSet": [1, 2, 9999]}
    capabilities = {"textDocument": {"completion": {"completionItemKind": kinds}, "synchronization": "yes"}}
    result = server.initialize(capabilities=capabilities, trace="loud", workspaceFolders="none")

    assert "capabilities" in result


def test_work_that_takes_long_is_told_until_it_ends(own_server: RunningServer) -> None:
    """Who waits for a large model wants to see that it is at work."""
    own_server.open(URI, "WAIT")
    number = own_server.client.request(INLINE, at(0, 4))
    own_server.client.wait_for_state("busy")
    own_server.client.notify("$/cancelRequest", {"id": number})
    own_server.client.reply(number)
    own_server.client.wait_for(lambda _: len(own_server.client.heard("bytefim/status")) == 4)

    states = [message["params"]["state"] for message in own_server.client.heard("bytefim/status")]
    assert states == ["loading", "idle", "busy", "idle"]
