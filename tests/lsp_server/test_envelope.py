"""What is a message, and with which error the rest is answered."""

from __future__ import annotations

import json

import pytest

from lsp_server.editor.envelope import INVALID_REQUEST, PARSE_ERROR, Envelope, Malformed, read_envelope


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "method": "m"},
        {"jsonrpc": "2.0", "method": "m", "id": 2**70, "params": None, "more": 1},
        {"jsonrpc": "2.0", "method": "m", "id": "x" * 10_000, "params": [1.5]},
        {"jsonrpc": "2.0", "id": 0, "result": None},
        {"jsonrpc": "2.0", "id": "", "error": {"code": 1, "message": "no"}},
    ],
)
def test_what_json_rpc_allows_is_taken_as_it_is(message: dict[str, object]) -> None:
    """Large numbers and long texts are good ids."""
    assert read_envelope(json.dumps(message).encode()) == Envelope(message, is_utf8=True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"no JSON",
        b'{"jsonrpc": "2.0"} {}',
        b"{'jsonrpc': '2.0'}",
        b'{"jsonrpc": "2.0", "method": "m", "params": [NaN]}',
        b'{"jsonrpc": "2.0", "method": "m", "id": ' + b"9" * 1_000_000 + b"}",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"jsonrpc": "2.0", "method": "m", "params": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_json_is_a_parse_error(body: bytes) -> None:
    """Whatever Python's reader raises for it."""
    error = read_envelope(body)

    assert isinstance(error, Malformed)
    assert (error.code, error.id) == (PARSE_ERROR, None)


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ([], None),
        ([{"jsonrpc": "2.0", "method": "m", "id": 1}], None),
        (3, None),
        ("m", None),
        (None, None),
        ({}, None),
        ({"jsonrpc": "2.0", "id": 4}, 4),
        ({"jsonrpc": "1.0", "method": "m", "id": 4}, 4),
        ({"jsonrpc": 2.0, "method": "m", "id": 4}, 4),
        ({"method": "m", "id": "x"}, "x"),
        ({"jsonrpc": "2.0", "method": 7, "id": 4}, 4),
        ({"jsonrpc": "2.0", "method": None, "result": 1, "id": 4}, 4),
        ({"jsonrpc": "2.0", "method": "m", "id": None}, None),
        ({"jsonrpc": "2.0", "method": "m", "id": 1.5}, None),
        ({"jsonrpc": "2.0", "method": "m", "id": True}, None),
        ({"jsonrpc": "2.0", "method": "m", "id": [1]}, None),
        ({"jsonrpc": "2.0", "method": "m", "id": {}}, None),
    ],
)
def test_json_that_is_no_message_is_an_invalid_request(message: object, number: object) -> None:
    """Under its id, when there is one that could be read."""
    error = read_envelope(json.dumps(message).encode())

    assert isinstance(error, Malformed)
    assert (error.code, error.id) == (INVALID_REQUEST, number)


@pytest.mark.parametrize(
    "response", [{"result": 1}, {"jsonrpc": "2.0", "id": [], "result": 1}, {"jsonrpc": "1.0", "id": 1, "error": {}}]
)
def test_a_bad_response_wants_no_answer(response: object) -> None:
    """Two programs that answer each other's errors would never end."""
    assert read_envelope(json.dumps(response).encode()) is None


def test_a_text_that_is_not_utf8_still_tells_whom_it_is_about() -> None:
    """Editors hand on the bytes of a broken file; only its own document may suffer."""
    envelope = read_envelope(b'{"jsonrpc": "2.0", "method": "m", "params": {"uri": "u", "text": "\xff"}}')

    assert isinstance(envelope, Envelope)
    assert not envelope.is_utf8
    assert envelope.message["params"] == {"uri": "u", "text": "\ufffd"}
