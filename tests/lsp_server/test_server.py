"""The server as editors see it: a real process, over stdio, with a scripted model behind it."""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lsp_server.conftest import ROOT, RunningServer, StartServer
from tests.lsp_server.raw_client import PATIENCE_S, RawClient

URI = "file:///w/a.py"
INLINE = "textDocument/inlineCompletion"
CANCELLED = -32800


def at(line: int, character: int, uri: str = URI) -> dict[str, Any]:
    position = {"line": line, "character": character}
    return {"textDocument": {"uri": uri}, "position": position, "context": {"triggerKind": 2}}


def change(server: RunningServer, version: int, *changes: object) -> None:
    document = {"uri": URI, "version": version}
    server.client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})


def edit(start: tuple[int, int], end: tuple[int, int], text: str) -> dict[str, Any]:
    (line, character), (end_line, end_character) = start, end
    edges = {
        "start": {"line": line, "character": character},
        "end": {"line": end_line, "character": end_character},
    }
    return {"range": edges, "text": text}


def digest(server: RunningServer) -> dict[str, Any]:
    return server.client.ask("bytefim/documentDigest", {"textDocument": {"uri": URI}})


def digest_of(text: str, version: int) -> dict[str, Any]:
    utf8 = text.encode()
    return {"version": version, "n_bytes": len(utf8), "sha256": hashlib.sha256(utf8).hexdigest()}


def suggestion(server: RunningServer, line: int, character: int) -> tuple[str, tuple[int, int, int, int]]:
    """Text and range of the one item."""
    (item,) = server.client.ask(INLINE, at(line, character))["items"]
    start, end = item["range"]["start"], item["range"]["end"]
    return item["insertText"], (start["line"], start["character"], end["line"], end["character"])


def test_inline_completion_is_advertised(start_server: StartServer) -> None:
    """Trap 1: pygls leaves it out when it is registered without an options object."""
    capabilities: Any = start_server().initialize()["capabilities"]

    assert capabilities["inlineCompletionProvider"] == {}
    assert capabilities["textDocumentSync"]["openClose"] is True
    assert capabilities["textDocumentSync"]["change"] == 2
    assert set(capabilities["executeCommandProvider"]["commands"]) == {
        "bytefim.accept",
        "bytefim.toggle",
        "bytefim.why",
    }


def test_a_suggestion_has_text_range_filter_and_command(server: RunningServer) -> None:
    """The item as it goes over the wire."""
    server.open(URI, "resu")
    (item,) = server.client.ask(INLINE, at(0, 4))["items"]
    (argument,) = item["command"].pop("arguments")

    assert item == {
        "insertText": "lt = 1",
        "filterText": "lt = 1",
        "range": {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 4}},
        "command": {"title": "accepted", "command": "bytefim.accept"},
    }
    assert argument["id"]


SELECTED = {"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 4}}, "text": "result"}


@pytest.mark.parametrize(
    "difference",
    [
        {"context": {"triggerKind": 0}},
        {"context": {"triggerKind": 3}},
        {"context": {"triggerKind": "automatic"}},
        {"context": {}},
        {"context": None},
        {"context": {"triggerKind": 1, "selectedCompletionInfo": SELECTED}},
        {"context": {"triggerKind": 1, "selectedCompletionInfo": "result"}},
        {"textDocument": {"uri": URI, "version": 1}, "formattingOptions": {"tabSize": 4}, "workDoneToken": "t"},
    ],
)
def test_whatever_the_context_is_there_is_a_suggestion(server: RunningServer, difference: dict[str, Any]) -> None:
    """Trap 2: pygls never answers an unknown trigger kind, and shows a popup, at every key press."""
    server.open(URI, "resu")

    assert len(server.client.ask(INLINE, {**at(0, 4), **difference})["items"]) == 1
    assert server.client.heard("window/showMessage") == []


@pytest.mark.parametrize("method", [INLINE, "bytefim/inlineCompletion"])
@pytest.mark.parametrize(
    "params",
    [
        None,
        [],
        {},
        {"textDocument": {"uri": URI}},
        {"textDocument": {"uri": URI}, "position": {"line": "0", "character": 4}},
        {"textDocument": {"uri": URI}, "position": {"line": -1, "character": 4}},
        {"textDocument": URI, "position": {"line": 0, "character": 4}},
        {"textDocument": {"uri": "file:///not/open.py"}, "position": {"line": 0, "character": 4}},
    ],
)
def test_a_request_that_makes_no_sense_is_answered_with_nothing(
    server: RunningServer, method: str, params: object
) -> None:
    """Trap 2: an unanswered request hangs in the editor, an error is a popup."""
    server.open(URI, "resu")

    assert server.client.ask(method, params) == {"items": []}
    assert server.client.heard("window/showMessage") == []


def test_a_request_without_context_is_served(server: RunningServer) -> None:
    """Trap 2 again: thin clients leave it out altogether."""
    server.open(URI, "resu")
    params = at(0, 4)
    del params["context"]

    assert len(server.client.ask(INLINE, params)["items"]) == 1
    assert len(server.client.ask("bytefim/inlineCompletion", params)["items"]) == 1


@pytest.mark.parametrize("sign", ["\u2028", "\x0c", "\x85", "\x1c"])
def test_the_mirror_counts_only_the_lines_of_lsp(server: RunningServer, sign: str) -> None:
    """Trap 3: pygls counts more lines and puts later edits into the wrong one."""
    server.open(URI, f"a{sign}b\nc\n")
    change(server, 2, edit((1, 0), (1, 1), "XY"))

    assert digest(server) == digest_of(f"a{sign}b\nXY\n", 2)


def test_positions_past_the_end_mean_the_end(server: RunningServer) -> None:
    """Trap 4: pygls stops one unit short on the last line and may land between \\r and \\n."""
    server.open(URI, "ab\r\nabc")
    change(server, 2, edit((1, 10), (1, 10), "d"), edit((0, 10), (0, 10), "c"), edit((9, 9), (9, 9), "e"))

    assert digest(server) == digest_of("abc\r\nabcde", 2)


def test_half_a_surrogate_pair_is_before_the_character(server: RunningServer) -> None:
    """Trap 5: pygls rounds up silently."""
    server.open(URI, "🙂")
    change(server, 2, edit((0, 1), (0, 1), "x"))

    assert digest(server) == digest_of("x🙂", 2)
    assert suggestion(server, 0, 2)[1] == (0, 1, 0, 1)


def test_inside_a_character_the_whole_character_is_offered(start_server: StartServer) -> None:
    """Trap 5, where UTF-8 is spoken: the cursor may stand at any byte, the edit must be of characters."""
    server = start_server()
    server.initialize(capabilities={"general": {"positionEncodings": ["utf-8", "utf-16"]}})
    server.client.wait_for_state("idle")
    server.open(URI, "xé")

    assert suggestion(server, 0, 2) == ("è = 1", (0, 1, 0, 3))


def test_a_long_file_is_edited_and_asked_about_without_delay(server: RunningServer) -> None:
    """Trap 6: splitting 50,000 lines at every edit and every look-up would make these 400 messages take seconds."""
    server.open(URI, "line\n" * 50_000)
    for version in range(2, 202):
        change(server, version, edit((40_000, 0), (40_000, 0), "x"))
        server.client.ask("bytefim/why", {"textDocument": {"uri": URI}})
    text = "line\n" * 40_000 + "x" * 200 + "line\n" * 10_000

    assert digest(server) == digest_of(text, 201)


def test_a_cancelled_request_is_answered_as_cancelled_and_nothing_waits_behind_it(server: RunningServer) -> None:
    """Trap 7: a handler on a thread cannot be cancelled; it would run to its end and answer."""
    server.open(URI, "WAIT")
    server.open("file:///w/b.py", "resu")
    number = server.client.request(INLINE, at(0, 4))
    digest(server)  # once this is answered, the request is being worked on
    server.client.notify("$/cancelRequest", {"id": number})

    assert server.client.reply(number)["error"]["code"] == CANCELLED
    assert len(server.client.ask(INLINE, at(0, 4, "file:///w/b.py"))["items"]) == 1
    assert server.client.ask("bytefim/why", {"textDocument": {"uri": URI}})["outcome"] == "cancelled"


def test_while_the_model_works_the_server_listens(server: RunningServer) -> None:
    """Trap 8: with the model on the event loop, even the cancellation would wait."""
    server.open(URI, "WAIT")
    number = server.client.request(INLINE, at(0, 4))

    assert digest(server) == digest_of("WAIT", 1)
    change(server, 2, edit((0, 0), (0, 4), "resu"))
    assert digest(server) == digest_of("resu", 2)
    assert server.client.reply(number)["result"] is None


def test_a_newer_request_makes_the_older_one_null(server: RunningServer) -> None:
    """Neovim never cancels, draws whatever comes last, and ignores null."""
    server.open(URI, "WAIT")
    older, newer = server.client.request(INLINE, at(0, 4)), server.client.request(INLINE, at(0, 2))

    assert server.client.reply(older)["result"] is None
    assert len(server.client.reply(newer)["result"]["items"]) == 1


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
    own_server.open(URI, "my_secret = 1")
    assert len(own_server.client.ask(INLINE, at(0, 99))["items"]) == 1
    change(own_server, 2, {"range": "my_secret", "text": "my_secret"})
    own_server.client.ask(INLINE, at(0, 4))
    own_server.client.notify("no/suchThing", {"text": "my_secret"})
    own_server.client.send_bytes(b'{"my_secret"')
    assert own_server.stop() == 0

    log = own_server.log.read_text(encoding="utf-8")
    assert "unreadable message method=textDocument/didChange" in log
    assert "my_secret" not in log
    assert "lt = 1" not in log


def test_after_an_edit_that_cannot_be_read_the_document_counts_as_closed(server: RunningServer) -> None:
    """A mirror that may be wrong is worse than none; the next full text heals it."""
    server.open(URI, "resu")
    change(server, 2, {"range": 5, "text": "x"})

    assert server.client.ask(INLINE, at(0, 4)) == {"items": []}
    reply = server.client.reply(server.client.request("bytefim/documentDigest", {"textDocument": {"uri": URI}}))
    assert "is not open" in reply["error"]["message"]
    server.open(URI, "resu")
    assert digest(server) == digest_of("resu", 1)
    assert server.client.heard("window/showMessage") == []


def test_a_lone_surrogate_is_survived(server: RunningServer) -> None:
    """JSON can carry it, UTF-8 cannot."""
    server.open(URI, "a\ud83db")
    change(server, 2, edit((0, 2), (0, 3), "\udc00"))

    assert digest(server) == digest_of("a\ufffd\ufffd", 2)


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 4), ("utf-16", 2), ("utf-32", 1)])
def test_columns_are_counted_as_negotiated(start_server: StartServer, encoding: str, column: int) -> None:
    """Neovim speaks UTF-8 first, VS Code UTF-16 only; unknown words in the list are passed over."""
    server = start_server()
    result: Any = server.initialize(capabilities={"general": {"positionEncodings": ["utf-7", encoding, "utf-16"]}})
    server.client.wait_for_state("idle")
    server.open(URI, "🙂 x")
    change(server, 2, edit((0, column), (0, column), "!"))

    assert result["capabilities"]["positionEncoding"] == encoding
    assert digest(server) == digest_of("🙂! x", 2)
    assert suggestion(server, 0, column)[1] == (0, column, 0, column)


def test_capabilities_that_are_not_known_yet_are_no_obstacle(start_server: StartServer) -> None:
    """Editors are newer than servers; a server that refuses to start for a new word is of no use."""
    server = start_server()
    kinds = {"valueSet": [1, 2, 9999]}
    capabilities = {"textDocument": {"completion": {"completionItemKind": kinds}, "synchronization": "yes"}}
    result = server.initialize(capabilities=capabilities, trace="loud", workspaceFolders="none")

    assert "capabilities" in result


def test_why_tells_the_last_decision(server: RunningServer) -> None:
    """The fields of the contract."""
    server.open(URI, "resu")
    server.client.ask(INLINE, at(0, 4))
    why = server.client.ask("bytefim/why", {"textDocument": {"uri": URI}})

    assert set(why) == {
        "outcome", "reason", "rule", "layout", "tokens", "timings_ms", "missing_mass", "context_files",
        "served_by", "memory",
    }  # fmt: skip
    assert (why["outcome"], why["reason"], why["layout"]) == ("shown", "end of line", "plain")
    command = {"command": "bytefim.why", "arguments": [URI]}
    assert server.client.ask("workspace/executeCommand", command) == why
    assert server.client.ask("workspace/executeCommand", {"command": "bytefim.why"}) == why


def test_toggle_silences_and_brings_back(own_server: RunningServer) -> None:
    """The state is told, so that a status line can show it."""
    own_server.open(URI, "resu")
    toggle = {"command": "bytefim.toggle", "arguments": []}

    assert own_server.client.ask("workspace/executeCommand", toggle) == {"enabled": False}
    assert own_server.client.wait_for_state("off")["message"] == "completion is turned off"
    assert own_server.client.ask(INLINE, at(0, 4)) == {"items": []}
    assert own_server.client.ask("workspace/executeCommand", toggle) == {"enabled": True}
    assert len(own_server.client.ask(INLINE, at(0, 4))["items"]) == 1


def test_accepting_is_taken_note_of(own_server: RunningServer) -> None:
    """Editors run the command after inserting; an error would be a popup."""
    accept = {"command": "bytefim.accept", "arguments": [{"id": "s1"}]}

    assert own_server.client.ask("workspace/executeCommand", accept) is None
    assert own_server.stop() == 0
    assert "accepted id=s1" in own_server.log.read_text(encoding="utf-8")


def test_settings_of_the_editor_are_taken_and_wrong_ones_named(start_server: StartServer) -> None:
    """A misspelt setting is found in the log window, not by a popup."""
    server = start_server()
    server.initialize(initializationOptions={"bytefim": {"enabled": False, "max_token": 9}})
    server.client.wait_for_state("off")
    warning = server.client.wait_for(lambda message: message.get("method") == "window/logMessage")

    assert "'max_token'" in warning["params"]["message"]
    server.client.notify("workspace/didChangeConfiguration", {"settings": {"bytefim": {"enabled": True}}})
    server.open(URI, "resu")
    server.client.wait_for_state("idle")
    assert len(server.client.ask(INLINE, at(0, 4))["items"]) == 1


def test_an_unknown_request_is_refused_without_a_popup(server: RunningServer) -> None:
    """Clients try things."""
    reply = server.client.reply(server.client.request("bytefim/noSuchThing", {"class": {"def": [1]}}))

    assert reply["error"]["code"] == -32601
    assert server.client.heard("window/showMessage") == []


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
