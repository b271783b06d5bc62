"""Suggestions as editors see them: a real process, over stdio, with a scripted model behind it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lsp_server.conftest import RunningServer, StartServer, make_ready
from tests.lsp_server.editor import CANCELLED, INLINE, URI, at, change, digest, digest_of, edit


def test_inline_completion_is_advertised(start_server: StartServer) -> None:
    """Trap 1: pygls leaves it out when it is registered without an options object."""
    capabilities: Any = start_server().initialize()["capabilities"]

    assert capabilities["inlineCompletionProvider"] == {}
    assert capabilities["textDocumentSync"]["openClose"] is True
    assert capabilities["textDocumentSync"]["change"] == 2
    assert set(capabilities["executeCommandProvider"]["commands"]) == {
        "bytefim.accept",
        "bytefim.pullModel",
        "bytefim.restartModel",
        "bytefim.selectModel",
        "bytefim.statistics",
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
    server.open(URI, "WAIT\nresu")
    older, newer = server.client.request(INLINE, at(0, 4)), server.client.request(INLINE, at(1, 4))

    assert server.client.reply(older)["result"] is None
    assert len(server.client.reply(newer)["result"]["items"]) == 1


def test_of_four_keys_from_a_client_that_never_cancels_one_is_generated_for(start_server: StartServer) -> None:
    """6.3, 6.5: Neovim sends the next request and waits for all of them; the model needs longer than the keys."""
    server = make_ready(start_server("abcd", module="tests.lsp_server.slow_server"))
    server.open(URI, "x = \n")
    requests: list[int] = []
    for column, character in enumerate("abcd", start=4):
        change(server, column, edit((0, column), (0, column), character))
        requests.append(server.client.request(INLINE, at(0, column + 1)))
    *older, newest = [server.client.reply(number)["result"] for number in requests]

    assert older == [None, None, None]
    assert [item["insertText"] for item in newest["items"]] == ["(1)"]
    assert server.stop() == 0
    log = server.log.read_text(encoding="utf-8")
    assert log.count("outcome=shown") == 1
    assert log.count("outcome=superseded") == 3


URIS = [
    "file:///home/me/a%20b/no%C3%ABl.py",
    "file:///home/me/a b/noël.py",
    "file:///c%3A/W/X.py",
    "file:///C:/W/X.py",
    "file:///c:/w/x.py",
    "file://server/share/x.py",
    "untitled:Untitled-1",
    "vscode-notebook-cell:/w/book.ipynb#W0sZmlsZQ%3D%3D",
    "zipfile:///a.zip::x.py",
    "inmemory://model/1?a=b#c",
]


def test_a_document_is_known_by_its_uri_as_the_editor_spells_it(server: RunningServer) -> None:
    """Two spellings are two documents; whoever makes them alike answers about a text that is not there."""
    for n, uri in enumerate(URIS):
        server.open(uri, "x" * n)
    digests = [server.client.ask("bytefim/documentDigest", {"textDocument": {"uri": uri}}) for uri in URIS]

    assert [digest["n_bytes"] for digest in digests] == list(range(len(URIS)))
    for uri in URIS:
        assert len(server.client.ask(INLINE, at(0, 99, uri))["items"]) == 1
