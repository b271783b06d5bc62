"""The model's process dies while the editor works: the server and its documents live on. Real processes."""

from __future__ import annotations

import hashlib
import sys
from typing import Any

import psutil
import pytest

from tests.lsp_server.conftest import RunningServer, StartServer, make_ready
from tests.lsp_server.raw_client import PATIENCE_S

URI = "file:///w/a.py"
TEXT = "a = 1\nresu"


def complete(server: RunningServer, uri: str = URI, *, line: int = 1, character: int = 4) -> Any:
    document = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
    return server.client.ask("textDocument/inlineCompletion", {**document, "context": {"triggerKind": 1}})


def find_model_process(server: RunningServer) -> psutil.Process:
    return psutil.Process(server.process.pid).children()[0]


def wait_until_idle_again(server: RunningServer, *, n_times: int) -> None:
    """Until the model was ready so many times."""
    client = server.client
    client.wait_for(lambda _: sum(m["params"]["state"] == "idle" for m in client.heard("bytefim/status")) >= n_times)


@pytest.mark.parametrize("death", ["killed", "crashed"])
def test_a_death_costs_one_answer_one_message_and_nothing_else(own_server: RunningServer, death: str) -> None:
    """Memory runs out, or native code faults: it is the model that goes, not what was typed."""
    server = own_server
    server.open(URI, TEXT)
    first = find_model_process(server)
    if death == "killed":
        first.kill()
        first.wait(PATIENCE_S)
    else:
        server.open("file:///w/b.py", "CRASH")
        assert complete(server, "file:///w/b.py", line=0, character=5) == {"items": []}
        assert "SIGABRT" in server.client.ask("bytefim/why", {"textDocument": {"uri": "file:///w/b.py"}})["reason"]
    wait_until_idle_again(server, n_times=2)
    digest = server.client.ask("bytefim/documentDigest", {"textDocument": {"uri": URI}})

    assert complete(server)["items"][0]["insertText"] == "lt = 1"
    assert digest["sha256"] == hashlib.sha256(TEXT.encode()).hexdigest()
    assert find_model_process(server).pid != first.pid
    told = [message["params"]["message"] for message in server.client.heard("bytefim/status")]
    assert sum("it is being started again" in message for message in told) == 1
    assert server.client.heard("window/showMessage") == [], "there is nothing for the user to do"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell who ended a process")
def test_what_is_killed_again_comes_back_smaller_with_one_message(own_server: RunningServer) -> None:
    """Systems end what takes too much memory, again and again; people must know why the model sees less."""
    server = own_server
    server.open(URI, TEXT)
    for n_deaths in (1, 2):
        find_model_process(server).kill()
        wait_until_idle_again(server, n_times=n_deaths + 1)

    assert complete(server)["items"][0]["insertText"] == "lt = 1"
    (message,) = server.client.heard("window/showMessage")
    assert message["params"]["message"] == (
        "bytefim: Memory is short: the model sees 2048 tokens at once; close other programs or choose a smaller model."
    )


def test_what_dies_again_and_again_is_left_alone_until_it_is_asked_for(own_server: RunningServer) -> None:
    """Otherwise a broken model keeps the machine busy with loading it."""
    server = own_server
    server.open(URI, "CRASH")
    for n_deaths in range(1, 4):
        wait_until_idle_again(server, n_times=n_deaths)
        assert complete(server, line=0, character=5) == {"items": []}
    why = server.client.wait_for(lambda m: "3 times within" in m.get("params", {}).get("message", ""))

    assert "bytefim doctor" in why["params"]["message"]
    assert "3 times within" in server.client.ask("bytefim/why", {"textDocument": {"uri": URI}})["reason"]
    assert not psutil.Process(server.process.pid).children()
    server.client.ask("workspace/executeCommand", {"command": "bytefim.restartModel", "arguments": []})
    wait_until_idle_again(server, n_times=4)


def test_a_killed_server_leaves_no_model_behind(own_server: RunningServer) -> None:
    """Editors kill what does not end in time; gigabytes must go with it."""
    model = find_model_process(own_server)
    own_server.process.kill()

    assert model.wait(PATIENCE_S) is not None or not model.is_running()


def test_a_slow_load_ends_with_the_server(start_server: StartServer) -> None:
    """Closing the editor while a large model is being read."""
    server = start_server("slow")
    server.initialize()
    server.client.wait_for_state("loading")

    assert server.stop() == 0


def test_after_a_restart_nothing_but_time_is_lost(start_server: StartServer) -> None:
    """The editor starts a killed server again and opens what it has open; the first answer is as before."""
    answers: list[object] = []
    for _ in range(2):
        server = make_ready(start_server())
        server.open(URI, TEXT)
        answers.append(complete(server)["items"][0]["insertText"])
        server.process.kill()
        server.process.wait(PATIENCE_S)

    assert answers[0] == answers[1]
