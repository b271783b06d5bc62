"""A server process in the hands of a bad client: every message is answered as JSON-RPC says, and none does harm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lsp_server.conftest import RunningServer, StartServer
from tests.lsp_server.editor import INLINE, URI, at, digest, digest_of
from tests.lsp_server.raw_client import PATIENCE_S, Message

PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS, NOT_INITIALIZED = -32700, -32600, -32601, -32602, -32002
TEXT = "é = 1\nresu"
OTHER = "file:///w/other.py"


@pytest.fixture
def victim(server: RunningServer) -> Iterator[RunningServer]:
    """A ready server with one document; afterwards it holds the same text, suggests, and has shown no popup."""
    server.open(URI, TEXT)
    yield server
    assert digest(server) == digest_of(TEXT, 1)
    assert len(server.client.ask(INLINE, at(1, 4))["items"]) == 1
    assert server.client.heard("window/showMessage") == []
    assert "Traceback" not in server.log.read_text()


def replies_to(server: RunningServer, *bodies: bytes) -> list[Message]:
    """What the server says to these, by the time that it has answered a good request behind them."""
    n_before = len(server.client.replies())
    for body in bodies:
        server.client.send_bytes(body)
    digest(server)
    return server.client.replies()[n_before:-1]


def codes(replies: list[Message]) -> list[tuple[object, int]]:
    """Id and code of each error."""
    return [(reply["id"], reply["error"]["code"]) for reply in replies]


def encode(**message: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **message}).encode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", PARSE_ERROR),
        (b"{", PARSE_ERROR),
        (b"\xff", PARSE_ERROR),
        (b"[" * 100_000 + b"]" * 100_000, PARSE_ERROR),
        (b'{"jsonrpc": "2.0", "id": ' + b"9" * 1_000_000 + b', "method": "shutdown"}', PARSE_ERROR),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "x", "params": ' + b'{"a":' * 100_000, PARSE_ERROR),
        (b"[]", INVALID_REQUEST),
        (b'[{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}]', INVALID_REQUEST),
        (b"3", INVALID_REQUEST),
        (b'"shutdown"', INVALID_REQUEST),
        (b"null", INVALID_REQUEST),
        (b"{}", INVALID_REQUEST),
        (encode(id=None, method="shutdown"), INVALID_REQUEST),
        (encode(id=1.5, method="shutdown"), INVALID_REQUEST),
        (encode(id=True, method="shutdown"), INVALID_REQUEST),
    ],
)
def test_what_is_no_message_gets_an_error_without_id(victim: RunningServer, body: bytes, code: int) -> None:
    """JSON-RPC, section 5.1; pygls logs it, and the client waits."""
    assert codes(replies_to(victim, body)) == [(None, code)]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"method": "no/such/method"}, NO_METHOD),
        ({"method": "$/noSuchMethod", "params": {"a": 1}}, NO_METHOD),
        ({"method": ""}, NO_METHOD),
        ({"method": "workspace/configuration", "params": {"items": []}}, NO_METHOD),
        ({"method": 5}, INVALID_REQUEST),
        ({"jsonrpc": "1.0", "method": "shutdown"}, INVALID_REQUEST),
        ({"method": "initialize", "params": {"capabilities": {}}}, INVALID_REQUEST),
        ({"method": "textDocument/didClose", "params": {"textDocument": {"uri": URI}}}, INVALID_REQUEST),
        ({"method": "workspace/executeCommand"}, INVALID_PARAMS),
        ({"method": "workspace/executeCommand", "params": {"command": 5}}, INVALID_PARAMS),
        ({"method": "workspace/executeCommand", "params": {"command": "no.such"}}, INVALID_PARAMS),
        ({"method": "bytefim/documentDigest", "params": 7}, INVALID_PARAMS),
        ({"method": "bytefim/documentDigest", "params": {"textDocument": {"uri": OTHER}}}, INVALID_PARAMS),
    ],
)
@pytest.mark.parametrize("number", [2**63 + 1, -1, 10**300, "", "x" * 10_000, "\ud800"])
def test_a_bad_request_gets_its_error_under_its_own_id(
    victim: RunningServer, message: dict[str, object], number: object, code: int
) -> None:
    """However odd the id is, someone waits for it."""
    assert codes(replies_to(victim, encode(**{"id": number, **message}))) == [(number, code)]


@pytest.mark.parametrize("method", [INLINE, "bytefim/inlineCompletion"])
@pytest.mark.parametrize(
    "params",
    [
        "params",
        [URI],
        {"textDocument": {"uri": [URI]}, "position": {"line": 0, "character": 0}},
        {"textDocument": {"uri": URI}, "position": [0, 0]},
        {"textDocument": {"uri": URI}, "position": {"line": True, "character": 0}},
        {"textDocument": {"uri": URI}, "position": {"line": 1.5, "character": 0}},
        {"textDocument": {"uri": URI}, "position": {"line": -(2**70), "character": 0}},
        {"textDocument": {"uri": "x" * 1_000_000}, "position": {"line": 0, "character": 0}},
        {"textDocument": {"uri": "\ud800"}, "position": {"line": 0, "character": 0}},
    ],
)
def test_inline_completion_is_never_an_error(victim: RunningServer, method: str, params: object) -> None:
    """Clients show its errors, at every key press."""
    assert victim.client.ask(method, params) == {"items": []}


@pytest.mark.parametrize("position", [(2**31, 0), (1, 2**32 - 1), (1, 2**63), (2**100, 2**100)])
def test_a_position_beyond_all_numbers_is_the_end(victim: RunningServer, position: tuple[int, int]) -> None:
    """Editors say so when they mean it."""
    (item,) = victim.client.ask(INLINE, at(*position))["items"]

    assert item["range"]["start"] == {"line": 1, "character": 4}


@pytest.mark.parametrize(
    "bodies",
    [
        [encode(method="no/such/method", params={"a": [1]})],
        [encode(method="textDocument/didSave", params=3), encode(method="textDocument/willSave")],
        [encode(method="$/cancelRequest", params={"id": 77}), encode(method="$/cancelRequest", params={"id": [1]})],
        [encode(method="$/cancelRequest"), encode(method="$/setTrace", params={"value": "loud"})],
        [encode(method="initialized", params=[]), encode(method="$/progress", params={"token": {}})],
        [encode(method="workspace/didChangeConfiguration", params={"settings": [[[]]]})],
        [encode(method="workspace/didChangeWorkspaceFolders", params={"event": None})],
        [encode(method="textDocument/didClose", params={"textDocument": {"uri": OTHER}})],
        [encode(method="textDocument/didChange", params={"textDocument": {"uri": OTHER}, "contentChanges": 3})],
        [encode(id=1, result=1), encode(id="x", error=5), encode(id={}, result=1), encode(id="y", error={"code": "z"})],
        [encode(method="shutdown"), encode(method="bytefim/documentDigest", params={})],
        [encode(method="textDocument/didOpen", params={"textDocument": {"uri": OTHER, "text": None}})],
    ],
)
def test_notifications_and_replies_that_make_no_sense_are_passed_over(
    victim: RunningServer, bodies: list[bytes]
) -> None:
    """They want no answer, and an error would be a popup."""
    assert replies_to(victim, *bodies) == []


EDIT = {"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}, "text": "x"}


@pytest.mark.parametrize(
    "change",
    [
        {"text": None},
        {"text": 5},
        {**EDIT, "text": None},
        {**EDIT, "text": ["x"]},
        {**EDIT, "range": [0, 1]},
        {**EDIT, "range": {"start": {"line": "0", "character": 0}, "end": {"line": 0, "character": 0}}},
        {**EDIT, "range": {"start": {"line": True, "character": 0}, "end": {"line": 0, "character": 0}}},
        {**EDIT, "range": {"start": {"line": 0.0, "character": 0}, "end": {"line": 0, "character": 0}}},
        {**EDIT, "range": {"start": {"line": -1, "character": 0}, "end": {"line": 0, "character": 0}}},
        "x",
    ],
)
def test_an_edit_that_cannot_be_read_costs_the_mirror(victim: RunningServer, change: object) -> None:
    """The library would write "None" into it; rather no mirror than a wrong one, until it is opened anew."""
    params = {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [EDIT, change]}
    victim.client.notify("textDocument/didChange", params)
    reply = victim.client.reply(victim.client.request("bytefim/documentDigest", at(0, 0)))
    victim.open(URI, TEXT)

    assert reply["error"]["code"] == INVALID_PARAMS


def test_a_notebook_whose_edit_cannot_be_read_loses_the_mirrors_of_its_cells(victim: RunningServer) -> None:
    """Which of them was meant cannot be known."""
    notebook, cell = "file:///w/a.ipynb", "vscode-notebook-cell:/w/a.ipynb#W0"
    opened = {
        "uri": notebook,
        "notebookType": "jupyter-notebook",
        "version": 1,
        "cells": [{"kind": 2, "document": cell}],
    }
    text = {"uri": cell, "languageId": "python", "version": 1, "text": "x = 1"}
    victim.client.notify("notebookDocument/didOpen", {"notebookDocument": opened, "cellTextDocuments": [text]})
    before = victim.client.reply(victim.client.request("bytefim/documentDigest", at(0, 0, cell)))
    edited = [{"document": {"uri": cell, "version": 2}, "changes": [{"text": None}]}]
    params = {"notebookDocument": {"uri": notebook, "version": 2}, "change": {"cells": {"textContent": edited}}}
    victim.client.notify("notebookDocument/didChange", params)
    after = victim.client.reply(victim.client.request("bytefim/documentDigest", at(0, 0, cell)))

    assert before["result"] == digest_of("x = 1", 1)
    assert after["error"]["code"] == INVALID_PARAMS


@pytest.mark.parametrize("n_units", [-1, 77, "many", None])
def test_the_length_of_a_range_says_nothing(victim: RunningServer, n_units: object) -> None:
    """It is deprecated, and editors count in units of their own."""
    params = {"textDocument": {"uri": URI, "version": 1}, "contentChanges": [{**EDIT, "rangeLength": n_units}]}
    victim.client.notify("textDocument/didChange", params)
    found = digest(victim)
    victim.open(URI, TEXT)

    assert found == digest_of("x = 1\nresu", 1)


def test_bytes_that_are_not_utf8_cost_their_own_document_only(victim: RunningServer) -> None:
    """Editors hand on the bytes of a broken file as they are; an error each time would be a popup at each key."""
    victim.open(OTHER, "x")
    broken = b'{"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"textDocument": {"uri": "%s", '
    broken += b'"version": 2}, "contentChanges": [{"text": "\xe9"}]}}'
    replies = replies_to(victim, broken % OTHER.encode())
    reply = victim.client.reply(victim.client.request("bytefim/documentDigest", at(0, 0, OTHER)))

    assert replies == []
    assert reply["error"]["code"] == INVALID_PARAMS


@pytest.mark.parametrize(
    "garbage",
    [
        b"Content-Length: 2\r\n\r\n" + encode(id=1, method="shutdown"),
        b"Content-Length: x\r\n\r\n" + encode(id=1, method="shutdown"),
        b"Content-Type: application/json\r\n\r\n" + encode(id=1, method="shutdown"),
        b"\r\n\r\n\x00\xff" * 100_000,
        b"x" * 1_000_000,
    ],
)
def test_after_a_bad_header_the_next_message_is_found(victim: RunningServer, garbage: bytes) -> None:
    """What was between them may get an error of its own, no more."""
    n_before = len(victim.client.replies())
    victim.client.send_unframed(garbage)
    found = digest(victim)

    assert found == digest_of(TEXT, 1)
    assert all(reply["error"]["code"] == PARSE_ERROR for reply in victim.client.replies()[n_before:-1])


@pytest.mark.parametrize("name", [b"content-length", b"CONTENT-LENGTH"])
def test_headers_are_read_in_any_case_and_company(victim: RunningServer, name: bytes) -> None:
    """As in every protocol that took them from mail."""
    body = encode(id="any case", method="bytefim/documentDigest", params=at(0, 0))
    victim.client.send_unframed(b"X: y\r\n%s:%d\r\nContent-Type: any/thing; charset=utf8\r\n\r\n" % (name, len(body)))
    victim.client.send_unframed(body)

    assert victim.client.wait_for(lambda message: message.get("id") == "any case")["result"] == digest_of(TEXT, 1)


def test_before_initialize_requests_are_refused_and_notifications_dropped(start_server: StartServer) -> None:
    """As LSP says; a document opened too early would be read in an encoding that nobody has agreed on."""
    server = start_server()
    server.open(URI, TEXT)
    early = [server.client.request(method, at(0, 0)) for method in ("shutdown", INLINE, "bytefim/why", "no/such")]
    replies = [server.client.reply(number) for number in early]
    server.initialize()
    late = server.client.reply(server.client.request("bytefim/documentDigest", at(0, 0)))

    assert codes(replies) == [(number, NOT_INITIALIZED) for number in early]
    assert late["error"]["code"] == INVALID_PARAMS
    assert server.stop() == 0


def test_an_initialize_that_cannot_be_read_may_be_sent_again(start_server: StartServer) -> None:
    """Otherwise the server would be of no use, and could not even be shut down."""
    server = start_server()
    reply = server.client.reply(server.client.request("initialize", "hello"))
    result: Any = server.initialize()

    assert reply["error"]["code"] == INVALID_PARAMS
    assert "capabilities" in result


def test_after_shutdown_nothing_is_done(own_server: RunningServer) -> None:
    """Until exit, which ends it well."""
    own_server.open(URI, TEXT)
    own_server.client.ask("shutdown", None)
    numbers = [own_server.client.request(method, at(0, 0)) for method in ("shutdown", "initialize", "bytefim/why")]
    replies = [own_server.client.reply(number) for number in numbers]
    own_server.client.send_bytes(b"no JSON")
    own_server.client.notify("exit", None)

    assert codes(replies) == [(number, INVALID_REQUEST) for number in numbers]
    assert own_server.process.wait(PATIENCE_S) == 0
