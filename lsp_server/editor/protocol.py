"""How the protocol library is made to hold our promises: every request is answered, and documents are ours alone.

What lsprotocol cannot read would otherwise be dropped without a reply and shown to the user as a popup, at every key
press. Knows messages; knows nothing of documents, models or suggestions.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, cast

import cattrs
from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcServerNotInitialized,
)
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.json_rpc import JsonRPCNotification, JsonRPCRequestMessage, MsgId

from lsp_server.editor.envelope import Malformed, read_envelope
from lsp_server.editor.framing import read_bodies
from lsp_server.editor.reading import Json, find_uri

OWN_INLINE_COMPLETION = "bytefim/inlineCompletion"
SLOW_HANDLER_MS = 50  # longer than this, a message keeps others waiting that a person would notice
_OWN_SYNC = (
    *(types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE, types.TEXT_DOCUMENT_DID_CLOSE),
    *(types.NOTEBOOK_DOCUMENT_DID_OPEN, types.NOTEBOOK_DOCUMENT_DID_CHANGE, types.NOTEBOOK_DOCUMENT_DID_CLOSE),
)
_LSP_METHODS = frozenset(cast(Mapping[str, object], types.METHOD_TO_TYPES))  # pyright: ignore[reportUnknownMemberType]
_LSP_NOTIFICATIONS = frozenset(
    method
    for method, (message_type, *_) in cast(Mapping[str, tuple[type, ...]], types.METHOD_TO_TYPES).items()  # pyright: ignore[reportUnknownMemberType]
    if not hasattr(message_type, "id")
)
_NOTHING: Mapping[str, Json] = {
    types.TEXT_DOCUMENT_INLINE_COMPLETION: {"items": []},
    OWN_INLINE_COMPLETION: {"items": []},
    types.TEXT_DOCUMENT_COMPLETION: {"isIncomplete": True, "items": []},
}

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
        """Told the URI of a document or notebook when an edit of it could not be read, so its mirror is wrong."""
        builtin = cast(dict[str, Callable[[object], object]], self.fm.builtin_features)  # pyright: ignore[reportUnknownMemberType]
        for method in _OWN_SYNC:
            del builtin[method]  # pygls' text store has other line ends and shifts positions; our handlers do it all
        builtin[types.EXIT] = self._exit
        builtin[types.SHUTDOWN] = self._shut_down

    async def read_messages(self, reader: asyncio.StreamReader) -> None:
        """Handle messages until the stream ends or the editor says exit."""
        async for body in read_bodies(reader):
            started_s, started_cpu_s = time.perf_counter(), time.thread_time()
            method = self._handle_body(body)
            if self.stopped.is_set():
                return
            # answers are due too, however much the editor has to say; a coroutine does its first steps here
            await asyncio.sleep(0)
            took_ms = 1000 * (time.perf_counter() - started_s)
            if took_ms > SLOW_HANDLER_MS:
                # much less work than time: the machine is busy, or another thread holds a lock
                cpu_ms = 1000 * (time.thread_time() - started_cpu_s)
                _log.warning(
                    "slow handler method=%.60r ms=%.0f cpu_ms=%.0f n_bytes=%d", method, took_ms, cpu_ms, len(body)
                )

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
            return _unreadable(data)

    def get_result_type(self, method: str) -> type[Any] | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """None: replies of editors are taken as they come, since a typed one that is odd would never arrive."""
        return None

    def handle_message(self, message: Any) -> None:
        """As pygls does, but what is unreadable is answered too."""
        if isinstance(message, Unreadable):
            self._refuse(message)
        else:
            super().handle_message(message)

    def _execute_handler(self, msg_id: MsgId, *args: Any, **kwargs: Any) -> None:
        """As pygls does, which remembers for ever what it has done for a notification."""
        super()._execute_handler(msg_id, *args, **kwargs)  # pyright: ignore[reportUnknownMemberType]
        if (future := self._futures.get(msg_id)) is not None:
            future.add_done_callback(lambda _: self._futures.pop(msg_id, None))

    @property
    def _futures(self) -> dict[MsgId, Future[Any]]:
        return self._request_futures

    def _handle_body(self, body: bytes) -> object:
        """Handle one message, whatever it holds; its method, if it has one."""
        envelope = read_envelope(body)
        if envelope is None:
            _log.warning("unreadable response")
            return None
        if isinstance(envelope, Malformed):
            _log.warning("malformed message code=%d", envelope.code)
            # the library would leave out an id that is null
            error = {"code": envelope.code, "message": envelope.message}
            self._send_data({"jsonrpc": "2.0", "id": envelope.id, "error": error})
            return None
        message = envelope.message
        if not envelope.is_utf8 and "method" not in message:
            _log.warning("unreadable response")
            if (waiting := self._futures.pop(cast(MsgId, message.get("id")), None)) is not None:
                waiting.cancel()
            return None
        if (disorder := self._find_disorder(message)) is None:
            try:
                self.handle_message(self.structure_message(message) if envelope.is_utf8 else _unreadable(message))
            except Exception as error:
                self.report_error(error, None)
        elif "id" in message:
            self._send_response(cast(MsgId, message["id"]), error=disorder.to_response_error())
        return message.get("method")

    def _find_disorder(self, message: Json) -> JsonRpcException | None:
        """Why a request or notification cannot be served now; None when it can."""
        method, is_initialized = message.get("method"), self._workspace is not None
        if method is None or method == types.EXIT:
            return None
        if self._shutdown:
            return JsonRpcInvalidRequest("the server was told to shut down; start it again")
        if is_initialized and method == types.INITIALIZE:
            return JsonRpcInvalidRequest("the server is initialized already")
        if not is_initialized and method != types.INITIALIZE:
            return JsonRpcServerNotInitialized("the server is not initialized; send initialize first")
        if "id" in message and method in _LSP_NOTIFICATIONS:
            return JsonRpcInvalidRequest(f"{method} is a notification; send it without id")
        return None

    def _refuse(self, message: Unreadable) -> None:
        _log.warning("unreadable message method=%.60r", message.method)
        if message.id is not None and message.method in _NOTHING:
            self._send_response(message.id, result=_NOTHING[message.method])
        elif message.id is not None:
            error = JsonRpcInvalidParams(f"the parameters of {message.method} are not what LSP 3.18 says; see its text")
            self._send_response(message.id, error=error.to_response_error())
        elif message.method in _OWN_SYNC and (uri := find_uri(message.params)) is not None:
            self.on_unreadable_change(uri)

    def _shut_down(self, _: object) -> None:
        # pygls goes through a dictionary that changes when what it holds is cancelled
        for future in list(self._futures.values()):
            future.cancel()
        self._shutdown = True

    def _exit(self, _: object) -> None:
        # pygls would end the process on the spot; this ends the loop that reads messages
        self.exit_status = 0 if self._shutdown else 1
        self.stopped.set()


def _unreadable(data: Json) -> Unreadable:
    method, version = cast(str, data.get("method", "")), cast(str, data["jsonrpc"])
    return Unreadable(version, method, data.get("params"), cast(MsgId | None, data.get("id")))


def _untyped(data: Json) -> JsonRPCRequestMessage | JsonRPCNotification:
    method, version, params = cast(str, data["method"]), cast(str, data["jsonrpc"]), data.get("params")
    if "id" in data:
        return JsonRPCRequestMessage(id=cast(MsgId, data["id"]), method=method, jsonrpc=version, params=params)
    return JsonRPCNotification(method=method, jsonrpc=version, params=params)
