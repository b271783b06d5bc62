"""What a message is before its method matters: JSON, an object, and one that JSON-RPC 2.0 allows.

Knows no method, and no library of the protocol. Definitions: https://www.jsonrpc.org/specification, sections 4 and 5.1.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NoReturn, TypeGuard, cast

PARSE_ERROR = -32700
INVALID_REQUEST = -32600

MessageId = int | str
Message = dict[str, object]


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message of the right shape: a request has `method` and `id`, a notification `method`, a response `id`."""

    message: Message
    is_utf8: bool
    """False: bytes that are not UTF-8 were replaced, so it can be told whom it is about, but not what it says"""


@dataclass(frozen=True, slots=True)
class Malformed:
    """What is no message, and the error with which it is answered."""

    code: int
    message: str
    id: MessageId | None = None
    """None when there was none that could be read"""


def read_envelope(body: bytes) -> Envelope | Malformed | None:
    """A request, notification or response; or what is wrong with it; None when it is wrong but wants no answer."""
    try:
        data, is_utf8 = _read_json(body)
    except (ValueError, RecursionError):  # ValueError: no JSON, or a number of thousands of digits
        return Malformed(PARSE_ERROR, "the message is not JSON that can be read")
    if not isinstance(data, dict):
        return Malformed(INVALID_REQUEST, "a message is one JSON object; batches are not part of LSP")
    message = cast(Message, data)
    if "method" not in message and ("result" in message or "error" in message):
        return Envelope(message, is_utf8) if _is_sound_response(message) else None
    if (fault := _find_fault(message)) is None:
        return Envelope(message, is_utf8)
    found = message.get("id")
    return Malformed(INVALID_REQUEST, fault, found if _is_message_id(found) else None)


def _read_json(body: bytes) -> tuple[object, bool]:
    """The value, and whether all of its text is what was sent."""
    try:
        return json.loads(body, parse_constant=_refuse_constant), True
    except UnicodeDecodeError:
        # editors hand on the bytes of a broken file as they are, and would show an error at each key
        return json.loads(body.decode(errors="replace"), parse_constant=_refuse_constant), False


def _is_message_id(value: object) -> TypeGuard[MessageId]:
    """Whether a reply can carry it; a JSON true is no 1, though Python says so."""
    return isinstance(value, int | str) and not isinstance(value, bool)


def _find_fault(message: Message) -> str | None:
    if message.get("jsonrpc") != "2.0":
        return 'a message has "jsonrpc": "2.0"'
    if not isinstance(message.get("method"), str):
        return 'a request has a "method", which is text'
    if "id" in message and not _is_message_id(message["id"]):
        return 'the "id" of a request is a whole number or text'
    return None


def _is_sound_response(message: Message) -> bool:
    return message.get("jsonrpc") == "2.0" and _is_message_id(message.get("id"))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
