"""One editor's session: its documents, its settings, the engine, and what the user was told.

Knows how to speak to the editor; what the editor says is handled in server.py and beside it. Knows no model and no
bytes: documents/ mirrors, documents/position.py asks, engine/ answers, ghost_text.py shows.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import logging
import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from lsp_server.context.gathering import Gathering
from lsp_server.documents.documents import Document, Documents
from lsp_server.documents.notebooks import EVERY_NOTEBOOK, Notebooks
from lsp_server.documents.position import build_request
from lsp_server.documents.request import CompletionRequest
from lsp_server.editor.busy import BusySign
from lsp_server.editor.configuration import Configuration
from lsp_server.editor.progress import LoadingProgress
from lsp_server.editor.protocol import BytefimProtocol
from lsp_server.editor.pulling import PullEnd, Pulling
from lsp_server.editor.reading import make_converter
from lsp_server.editor.renewal import Renewal
from lsp_server.editor.statistics import Statistics, user_findings
from lsp_server.editor.uptake import Uptake
from lsp_server.engine.engine import Engine
from lsp_server.engine.state import EngineState
from lsp_server.model.load_params import load_alike
from lsp_server.model.worker import Worker
from lsp_server.settings import Settings

MakeWorker = Callable[[], Worker]

STATUS_METHOD = "bytefim/status"
_NUMBER = re.compile(r"\d+")  # the same cause may come with other figures

_log = logging.getLogger(__name__)


class BytefimServer(LanguageServer):
    """The state of a session, and the changes of it that several messages cause. Belongs to the event loop."""

    def __init__(self, make_worker: MakeWorker, settings: Settings) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            "bytefim",
            _version(),
            protocol_cls=BytefimProtocol,
            converter_factory=make_converter,
            notebook_document_sync=EVERY_NOTEBOOK,
        )
        self.documents = Documents()
        self.notebooks = Notebooks()
        self.gathering = Gathering(self.documents)
        self.renewal = Renewal(self.gathering)
        self.configuration = Configuration(settings)
        self.engine: Engine | None = None
        """None until the editor has said `initialize`."""
        self.complaints: tuple[str, ...] = ()
        """What the user is told as soon as he can be: about the settings the server was started with."""
        self.roots: tuple[str, ...] = ()
        """URIs of the folders of the workspace."""
        self.has_ended = True
        """False when the engine's thread could not be ended."""
        self.progress_of_loading = LoadingProgress(self, clock=time.monotonic)
        self.pulling = Pulling(LoadingProgress(self, clock=time.monotonic, subject="pulling"), self._tell_pulled)
        self.statistics = Statistics(user_findings())
        self.uptake = Uptake(self.statistics.count)
        self.model_takes_files = True
        """False once an answer has said that the model was not trained on other files."""
        self._saving: asyncio.Task[None] | None = None
        self._make_worker = make_worker
        self._state = EngineState("loading", "the model is being loaded")
        self._told: set[str] = set()
        self.busy = BusySign(self._tell_status)

    @property
    def settings(self) -> Settings:
        """In force now."""
        return self.configuration.settings

    def report_server_error(self, error: Exception, source: object) -> None:
        """To the log only: pygls shows a popup."""
        cast(BytefimProtocol, self.protocol).report_error(error, source)

    def start_engine(self) -> None:
        """Begin to load the model."""
        if self.engine is not None:
            return
        self.has_ended = False
        self.statistics.is_on = self.settings.statistics
        self._saving = asyncio.get_running_loop().create_task(self.statistics.keep_saving())
        self.engine = Engine(
            self._make_worker, self.settings, on_state=partial(self._pass_on, asyncio.get_running_loop())
        )

    def configure(self, options: object) -> None:
        """Take over settings of the editor."""
        before = self.settings
        self.warn(self.configuration.take(options))
        self._apply(before)

    def choose(self, **values: object) -> None:
        """Take over settings that the user has chosen by a command."""
        before = self.settings
        self.configuration.choose(**values)
        self._apply(before)

    def show_progress(self) -> None:
        """The editor shows how far the loading is, from now on."""
        self.progress_of_loading.is_offered = self.pulling.progress.is_offered = True
        if self._state.state == "loading" and self.engine is not None:
            self.progress_of_loading.load(self._state.message, self._state.percentage)

    def restart_model(self) -> None:
        """Load the model anew; the documents live on."""
        if self.engine is not None:
            self._told.clear()  # whoever tries again wants to hear of it again
            self.engine.restart()

    def close(self) -> None:
        """Answer what is open, end the engine, keep the statistics."""
        self.pulling.stop()
        if self.engine is not None:
            self.has_ended = self.engine.close()
        self.uptake.end_all()
        if self._saving is not None:
            self._saving.cancel()
        self.statistics.save()

    def request_at(self, document: Document, position: types.Position) -> CompletionRequest:
        """What is asked at a position."""
        settings = self.settings
        request = build_request(
            document,
            position,
            encoding=self.documents.encoding,
            n_prefix_bytes=settings.n_prefix_bytes,
            n_suffix_bytes=settings.n_suffix_bytes,
            cells_before=self._find_cells_before(document),
        )
        if not settings.context_files or not self.model_takes_files or self.engine is None:
            return request
        return self.gathering.surround(request, self.roots, is_warm=self.engine.is_warm)

    def _find_cells_before(self, document: Document) -> Sequence[Document]:
        """The code before a notebook's cell, as far as it is in the same language."""
        cells = map(self.documents.find, self.notebooks.find_code_before(document.uri))
        return [cell for cell in cells if cell is not None and cell.language == document.language]

    def warn(self, warnings: Sequence[str]) -> None:
        """Tell the user; whoever calls sees to it that nothing is told twice."""
        for warning in warnings:
            _log.warning("%s", warning)
            self.window_show_message(types.ShowMessageParams(types.MessageType.Warning, f"bytefim: {warning}"))

    def _apply(self, before: Settings) -> None:
        settings = self.settings
        self.statistics.is_on = settings.statistics
        if self.engine is None or settings == before:
            return
        if not load_alike(before, settings):
            self._told.clear()
        self.engine.configure(settings)
        if settings.enabled != before.enabled:
            self._tell_status()

    def _pass_on(self, loop: asyncio.AbstractEventLoop, state: EngineState) -> None:
        """Called by threads of the engine."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(self._take_state, state)

    def _take_state(self, state: EngineState) -> None:
        if self._state.state == "loading":  # perhaps another model answers from now on
            self.model_takes_files = True
        self._state = state
        if state.state == "loading":
            self.progress_of_loading.load(state.message, state.percentage)
        else:
            self.progress_of_loading.end(state.message)
        self._tell_status()
        cause = _NUMBER.sub("", state.message)
        if state.state == "error" and cause not in self._told:
            self._told.add(cause)
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"bytefim: {state.message}"))
        if state.notice and state.notice not in self._told:
            self._told.add(state.notice)
            self.warn([state.notice])

    def _tell_pulled(self, end: PullEnd) -> None:
        if end.message:
            kind = types.MessageType.Info if end.path else types.MessageType.Error
            self.window_show_message(types.ShowMessageParams(kind, f"bytefim: {end.message}"))
        if end.path and self.settings.model == end.name:  # the one that was missed
            self.restart_model()

    def _tell_status(self) -> None:
        state, message = self._state.state, self._state.message
        if state == "idle" and self.busy.is_lit:
            state, message = "busy", "working on a suggestion"
        if not self.settings.enabled:
            state, message = "off", "completion is turned off"
        model, percentage = self._state.model, self._state.percentage
        status = {"state": state, "message": message, "percentage": percentage, "model": model}
        self.protocol.notify(STATUS_METHOD, status)


def _version() -> str:
    try:
        return importlib.metadata.version("bytefim")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout that was never installed
        return "0"
