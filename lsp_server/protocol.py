"""How the protocol library is made to hold our promises: every request is answered, and documents are ours alone.

What lsprotocol cannot read would otherwise be dropped without a reply and shown to the user as a popup, at every key
press. Knows messages; knows nothing of documents, models or suggestions.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import cattrs
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams, JsonRpcInvalidRequest
from pygls.io_ import run_async
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter
from pygls.protocol.json_rpc import JsonRPCNotification, JsonRPCRequestMessage, MsgId

Json = Mapping[str, object]

OWN_INLINE_COMPLETION = "bytefim/inlineCompletion"
INLINE_METHODS = (types.TEXT_DOCUMENT_INLINE_COMPLETION, OWN_INLINE_COMPLETION)
_OWN_SYNC = (types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE, types.TEXT_DOCUMENT_DID_CLOSE)
_LSP_METHODS = frozenset(cast(Mapping[str, object], types.METHOD_TO_TYPES))  # pyright: ignore[reportUnknownMemberType]
NOTHING: Json = {"items": []}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message whose parameters are not what the protocol says."""

    jsonrpc: str
    method: str
    params: object
    id: MsgId | None = None


class BytefimProtocol(LanguageServerProtocol):
    """pygls' protocol, minus its own text store, plus a reply to everything."""

    def __init__(self, server: LanguageServer, converter: cattrs.Converter) -> None:
        super().__init__(server, converter)
        self.stopped = threading.Event()
        """Set when the editor has said exit."""
        self.exit_status = 0
        """Of the process; 1 when the editor said exit without shutdown."""
        self.on_unreadable_change: Callable[[str], None] = lambda uri: None
        """Told the URI of a document when an edit of it could not be read, so that its mirror is no longer right."""
        builtin = cast(dict[str, Callable[[object], object]], self.fm.builtin_features)  # pyright: ignore[reportUnknownMemberType]
        for method in _OWN_SYNC:
            del builtin[method]  # pygls' text store has other line ends and shifts positions; our handlers do it all
        builtin[types.EXIT] = self._exit

    async def read_messages(self, reader: asyncio.StreamReader) -> None:
        """Handle messages until the stream ends or the editor says exit."""
        await run_async(self.stopped, reader, self, error_handler=self.report_error)

    def report_error(self, error: Exception, _: object) -> None:
        """To the log, never to the screen, and without what may be source text."""
        _log.error("protocol error %s", type(error).__name__)

    def structure_message(self, data: dict[str, Any]) -> object:
        """Typed messages for methods of LSP, plain JSON for all others, `Unreadable` for what is neither."""
        method = data.get("method")
        if "jsonrpc" not in data or not isinstance(method, str):
            return super().structure_message(data)
        if method not in _LSP_METHODS:
            return _untyped(data)
        try:
            return super().structure_message(data)
        except JsonRpcException:
            return Unreadable(data["jsonrpc"], method, data.get("params"), data.get("id"))

    def handle_message(self, message: Any) -> None:
        """As pygls does, but unreadable and late requests are answered too."""
        if isinstance(message, Unreadable):
            self._refuse(message)
        elif self._shutdown and hasattr(message, "method") and hasattr(message, "id"):
            error = JsonRpcInvalidRequest("the server was told to shut down; start it again")
            self._send_response(message.id, error=error.to_response_error())
        else:
            super().handle_message(message)

    def _refuse(self, message: Unreadable) -> None:
        _log.warning("unreadable message method=%s", message.method)
        if message.id is not None and message.method in INLINE_METHODS:
            self._send_response(message.id, result=NOTHING)
        elif message.id is not None:
            error = JsonRpcInvalidParams(f"the parameters of {message.method} are not what LSP 3.18 says; see its text")
            self._send_response(message.id, error=error.to_response_error())
        elif message.method == types.TEXT_DOCUMENT_DID_CHANGE and (uri := find_uri(message.params)) is not None:
            self.on_unreadable_change(uri)

    def _exit(self, _: object) -> None:
        # pygls would end the process on the spot; this ends the loop that reads messages
        self.exit_status = 0 if self._shutdown else 1
        self.stopped.set()


def make_converter() -> cattrs.Converter:
    """lsprotocol's converter, forgiving where clients are known to differ from its types."""
    converter = default_converter()
    structure_initialize = converter.get_structure_hook(types.InitializeParams)

    def read_initialize(params: Json, cls: type) -> types.InitializeParams:
        return structure_initialize(_needed_of_initialize(params), cls)

    converter.register_structure_hook(types.InitializeParams, read_initialize)
    converter.register_structure_hook(types.InlineCompletionParams, read_inline_params)
    return converter


def read_inline_params(params: Json, _: type) -> types.InlineCompletionParams:
    """Document and position as they come; whatever the trigger is, known, unknown or missing, it changes nothing."""
    document, position = cast(Json, params["textDocument"]), cast(Json, params["position"])
    return types.InlineCompletionParams(
        context=types.InlineCompletionContext(types.InlineCompletionTriggerKind.Automatic),
        text_document=types.TextDocumentIdentifier(cast(str, document["uri"])),
        position=types.Position(cast(int, position["line"]), cast(int, position["character"])),
    )


def find_uri(params: object) -> str | None:
    """The document that the parameters of a message name, if they name one."""
    uri = _member(cast(Json, params), "textDocument").get("uri") if isinstance(params, Mapping) else None
    return uri if isinstance(uri, str) else None


def _needed_of_initialize(params: Json) -> Json:
    """Only what we look at: reading all of it is slow, and one unknown word in it would make the server unusable."""
    general = _member(_member(params, "capabilities"), "general")
    encodings = general.get("positionEncodings")
    known = [name for name in encodings if isinstance(name, str)] if isinstance(encodings, list) else []  # pyright: ignore[reportUnknownVariableType]
    process_id = params.get("processId")
    return {
        "processId": process_id if isinstance(process_id, int) else None,
        "rootUri": None,
        "capabilities": {"general": {"positionEncodings": known}},
        "initializationOptions": params.get("initializationOptions"),
    }


def _member(values: Json, name: str) -> Json:
    value = values.get(name)
    return cast(Json, value) if isinstance(value, Mapping) else {}


def _untyped(data: Json) -> JsonRPCRequestMessage | JsonRPCNotification:
    method, version, params = cast(str, data["method"]), cast(str, data["jsonrpc"]), data.get("params")
    if "id" in data:
        return JsonRPCRequestMessage(id=cast(MsgId, data["id"]), method=method, jsonrpc=version, params=params)
    return JsonRPCNotification(method=method, jsonrpc=version, params=params)
