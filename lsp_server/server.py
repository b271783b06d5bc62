"""What the server offers to editors, and how it answers: capabilities, handlers, states of the engine as messages.

Knows no model and no bytes: documents.py mirrors, request.py asks, engine.py answers, ghost_text.py shows.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import itertools
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

from lsp_server.answer import Answer
from lsp_server.documents import Document, Documents
from lsp_server.engine import Engine, EngineState
from lsp_server.ghost_text import ACCEPT_COMMAND, build_item
from lsp_server.position import build_request
from lsp_server.protocol import (
    OWN_INLINE_COMPLETION,
    BytefimProtocol,
    Json,
    find_uri,
    make_converter,
    read_inline_params,
)
from lsp_server.request import CompletionRequest
from lsp_server.settings import DEFAULTS, Settings, make_settings, own_section

if TYPE_CHECKING:
    from lsp_server.model_catalog import LoadedModel

Load = Callable[[Settings], "LoadedModel"]
MakeEngine = Callable[..., Engine]
Suggestions = types.InlineCompletionList | None

STATUS_METHOD = "bytefim/status"
DIGEST_METHOD = "bytefim/documentDigest"
WHY_METHOD = "bytefim/why"
WHY_COMMAND = "bytefim.why"
TOGGLE_COMMAND = "bytefim.toggle"

_NEEDS_RESTART = ("model", "n_threads", "n_context_tokens")

_log = logging.getLogger(__name__)


class BytefimServer(LanguageServer):
    """The mirror of the documents, the engine, and what was told to the user."""

    def __init__(self, load: Load, settings: Settings, *, make_engine: MakeEngine = Engine) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            "bytefim", _version(), protocol_cls=BytefimProtocol, converter_factory=make_converter
        )
        self.documents = Documents()
        self.engine: Engine | None = None
        self.has_ended = True
        """False when the engine's thread could not be ended."""
        self._settings = self._first_settings = settings
        self._load = load
        self._make_engine = make_engine
        self._state = EngineState("loading", "the model is being loaded")
        self._shown_errors: set[str] = set()
        self._suggestion_ids = itertools.count(1)

    def report_server_error(self, error: Exception, source: object) -> None:
        """To the log only: pygls shows a popup."""
        cast(BytefimProtocol, self.protocol).report_error(error, source)

    def configure(self, options: object) -> None:
        """Take over settings of the editor; what it does not set is as it was at the start."""
        settings, warnings = make_settings(own_section(options), base=self._first_settings)
        late = [name for name in _NEEDS_RESTART if getattr(settings, name) != getattr(self._settings, name)]
        if self.engine is not None:
            warnings += tuple(f"setting {name!r} takes effect when the server is restarted" for name in late)
            self.engine.settings = settings
        is_switched = settings.enabled != self._settings.enabled
        self._settings = settings
        if is_switched:
            self._tell_status()
        for warning in warnings:
            self._warn(warning)

    def start_engine(self) -> None:
        """Begin to load the model, with the settings that are known by now."""
        if self.engine is not None:
            return
        self.has_ended = False
        self._first_settings = self._settings
        self.engine = self._make_engine(
            partial(self._load, self._settings),
            self._settings,
            on_state=partial(self._pass_on, asyncio.get_running_loop()),
        )

    def close(self) -> None:
        """Answer what is open and end the engine."""
        if self.engine is not None:
            self.has_ended = self.engine.close()

    async def suggest(self, uri: str, position: types.Position) -> Suggestions:
        """What to offer at a position; None when something newer makes the answer void."""
        if (document := self.documents.find(uri)) is None or self.engine is None:
            return types.InlineCompletionList(items=[])
        request = self.request_at(document, position)
        try:
            answer = await asyncio.wrap_future(self.engine.submit(request))
        except asyncio.CancelledError:
            self.engine.cancel(request)
            raise
        # an edit may have come between the answer and this line
        if answer.outcome == "superseded" or document.version != request.version:
            return None
        suggestion_id = f"s{next(self._suggestion_ids)}"
        item = build_item(request, answer.middle, suggestion_id=suggestion_id) if answer.outcome == "shown" else None
        return types.InlineCompletionList(items=[item] if item else [])

    def request_at(self, document: Document, position: types.Position) -> CompletionRequest:
        """What is asked at a position."""
        return build_request(
            document,
            position,
            encoding=self.documents.encoding,
            n_prefix_bytes=self._settings.n_prefix_bytes,
            n_suffix_bytes=self._settings.n_suffix_bytes,
        )

    def why(self, uri: str | None) -> Json:
        """The last decision for a document, or of all."""
        answer = self.engine.find_last_answer(uri) if self.engine else None
        return (answer or Answer(outcome="empty", reason="nothing was asked yet for this document")).as_json()

    def toggle(self) -> bool:
        """Turn completion off, or on again; True when it is on."""
        self._settings = replace(self._settings, enabled=not self._settings.enabled)
        if self.engine is not None:
            self.engine.settings = self._settings
        self._tell_status()
        return self._settings.enabled

    def _pass_on(self, loop: asyncio.AbstractEventLoop, state: EngineState) -> None:
        """Called by the engine's thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(self._take_state, state)

    def _take_state(self, state: EngineState) -> None:
        self._state = state
        self._tell_status()
        if state.state == "error" and state.message not in self._shown_errors:
            self._shown_errors.add(state.message)
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"bytefim: {state.message}"))

    def _tell_status(self) -> None:
        state, message = self._state.state, self._state.message
        if not self._settings.enabled:
            state, message = "off", "completion is turned off"
        status = {"state": state, "message": message, "percentage": None, "model": self._state.model}
        self.protocol.notify(STATUS_METHOD, status)

    def _warn(self, warning: str) -> None:
        _log.warning("%s", warning)
        self.window_log_message(types.LogMessageParams(types.MessageType.Warning, f"bytefim: {warning}"))


def initialize(ls: BytefimServer, params: types.InitializeParams) -> None:
    """Settle encoding and settings; the model is loaded once the reply is out."""
    ls.documents.encoding = types.PositionEncodingKind(ls.workspace.position_encoding).value
    asyncio.get_running_loop().call_soon(ls.configure, params.initialization_options)
    asyncio.get_running_loop().call_soon(ls.start_engine)


def open_document(ls: BytefimServer, params: types.DidOpenTextDocumentParams) -> None:
    """Begin to mirror."""
    opened = params.text_document
    if ls.engine is not None:
        ls.engine.supersede(opened.uri, reason="the document was opened again")
    ls.documents.open(Document(opened.uri, opened.text, language=str(opened.language_id), version=opened.version))


def change_document(ls: BytefimServer, params: types.DidChangeTextDocumentParams) -> None:
    """Mirror edits; what was asked about the text before them is void, unless they type what is being generated."""
    uri, engine = params.text_document.uri, ls.engine
    document = ls.documents.find(uri)
    followed = engine.find_followed(uri) if engine is not None else None
    n_bytes_before = document.n_bytes if document is not None and followed is not None else 0
    ls.documents.change(uri, params.content_changes, version=params.text_document.version)
    if engine is None:
        return
    if document is None or followed is None:
        engine.supersede(uri, reason="the document changed")
        return
    # typing moves the cursor by what it adds; whatever else an edit is, it contradicts what runs
    offset_bytes = followed.cursor_offset_bytes + document.n_bytes - n_bytes_before
    engine.change(ls.request_at(document, document.position_at(offset_bytes, encoding=ls.documents.encoding)))


def close_document(ls: BytefimServer, params: types.DidCloseTextDocumentParams) -> None:
    """Stop mirroring."""
    forget_document(ls, params.text_document.uri)


def forget_document(ls: BytefimServer, uri: str) -> None:
    """Rather no mirror than a wrong one."""
    ls.documents.close(uri)
    if ls.engine is not None:
        ls.engine.forget(uri)


def change_settings(ls: BytefimServer, params: types.DidChangeConfigurationParams) -> None:
    """Editors that send no payload have nothing to say here."""
    if params.settings is not None:
        ls.configure(params.settings)


async def complete_inline(ls: BytefimServer, params: types.InlineCompletionParams) -> Suggestions:
    """Never an error: clients show errors of this request as popups."""
    try:
        return await ls.suggest(params.text_document.uri, params.position)
    except Exception as error:
        _log.exception("inline completion failed: %s", type(error).__name__)
        return types.InlineCompletionList(items=[])


async def complete_inline_untyped(ls: BytefimServer, params: object) -> Suggestions:
    """The same for clients that know LSP without inline completion."""
    try:
        typed = read_inline_params(cast(Json, params), types.InlineCompletionParams)
    except (KeyError, TypeError, ValueError):
        return types.InlineCompletionList(items=[])
    return await complete_inline(ls, typed)


def digest_document(ls: BytefimServer, params: object) -> Json:
    """What the mirror holds."""
    uri = find_uri(params)
    if uri is None or (document := ls.documents.find(uri)) is None:
        raise JsonRpcInvalidParams(f"document {uri} is not open; send textDocument/didOpen first")
    return {"version": document.version, "n_bytes": document.n_bytes, "sha256": document.digest()}


def explain_last(ls: BytefimServer, params: object) -> Json:
    """The last decision for a document; without a document, the last of all."""
    return ls.why(find_uri(params))


def accept(_: BytefimServer, *arguments: object) -> None:
    """The editor tells that a suggestion was taken."""
    first = arguments[0] if arguments else None
    _log.info("accepted id=%s", cast(Json, first).get("id") if isinstance(first, Mapping) else first)


def explain_last_command(ls: BytefimServer, *arguments: object) -> Json:
    """As `bytefim/why`; the argument is a URI, the parameters of that request, or nothing."""
    first = arguments[0] if arguments else None
    return ls.why(first if isinstance(first, str) else find_uri(first))


def toggle(ls: BytefimServer, *_: object) -> Json:
    """Off, or on again."""
    return {"enabled": ls.toggle()}


def build_server(load: Load, *, settings: Settings = DEFAULTS, make_engine: MakeEngine = Engine) -> BytefimServer:
    """The server with everything it offers; `load` is called by the engine's thread, after `initialize`."""
    # pygls logs whole messages, hence source text, and as errors what we answer ourselves
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
    server = BytefimServer(load, settings, make_engine=make_engine)
    # without an options object pygls does not advertise the capability
    server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())(complete_inline)
    for method, handler in {
        types.INITIALIZE: initialize,
        types.TEXT_DOCUMENT_DID_OPEN: open_document,
        types.TEXT_DOCUMENT_DID_CHANGE: change_document,
        types.TEXT_DOCUMENT_DID_CLOSE: close_document,
        types.WORKSPACE_DID_CHANGE_CONFIGURATION: change_settings,
        OWN_INLINE_COMPLETION: complete_inline_untyped,
        DIGEST_METHOD: digest_document,
        WHY_METHOD: explain_last,
    }.items():
        server.feature(method)(handler)
    for command, handler in {ACCEPT_COMMAND: accept, WHY_COMMAND: explain_last_command, TOGGLE_COMMAND: toggle}.items():
        server.command(command)(handler)
    cast(BytefimProtocol, server.protocol).on_unreadable_change = partial(forget_document, server)
    return server


def _version() -> str:
    try:
        return importlib.metadata.version("bytefim")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout that was never installed
        return "0"
