"""The model at work: answers, and prompts laid out anew ahead of time.

Holds what outlives a request: anchors and drafts. Knows no threads, no queue, no process and no protocol.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from byte_fim.anchor import Anchors
from byte_fim.complete import CompleteOptions, complete
from byte_fim.drafting import Drafter
from byte_fim.errors import DecodeAborted, ModelError, OutOfMemory
from lsp_server.context.chunks import OFF
from lsp_server.context.outline import find_outline
from lsp_server.context.preambles import Preambles, Shown
from lsp_server.documents.request import CompletionRequest
from lsp_server.model.load_params import params_of
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.model.worker import CannotLoad, Done, NoRoom, Ready, Tell, WorkAborted, WorkerDied, WorkFailed
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import judge
from lsp_server.suggestion.trimming import Trimmer

if TYPE_CHECKING:
    from byte_fim.complete import Completion
    from byte_fim.fim import FimFormat
    from byte_fim.generate import FindEnd, ShouldStop
    from byte_fim.model import TokenModel

_log = logging.getLogger(__name__)

Load = Callable[[Settings, Tell], LoadedModel]
"""Slow. Raises ModelError."""


class Complete(Protocol):
    """The signature of `byte_fim.complete.complete`."""

    def __call__(
        self,
        model: TokenModel,
        fim: FimFormat,
        prefix: bytes,
        suffix: bytes,
        *,
        options: CompleteOptions,
        should_stop: ShouldStop,
        find_end: FindEnd,
        anchors: Anchors,
        drafter: Drafter,
    ) -> Completion: ...


def load_as_set(settings: Settings, tell: Tell) -> LoadedModel:
    """The model that the settings name."""
    return load_model(
        settings.model,
        params=params_of(settings),
        require_fim=settings.layout != "plain",
        tell=lambda message: tell(message, None),
    )


class ModelWork:
    """One model at work, in this process: a `Worker` that no crash survives and `kill` cannot end while it loads."""

    def __init__(self, load: Load = load_as_set, *, complete: Complete = complete) -> None:
        self.on_death: Callable[[WorkerDied], None] = lambda death: None
        self._load = load
        self._complete = complete
        self._loaded: LoadedModel | None = None
        self._is_aborted = False
        self._anchors = Anchors(find_outline)
        self._trimmer = Trimmer()

    def load(self, settings: Settings, tell: Tell) -> Ready:
        """See Worker."""
        try:
            loaded = self._load(settings, tell)
            self._preambles = Preambles(loaded.model, loaded.fim)
            self._drafter = Drafter(loaded.model.vocab, loaded.step_costs or None)
        except OutOfMemory as error:
            raise NoRoom(str(error)) from error
        except MemoryError as error:
            raise NoRoom("The memory that is free does not suffice for the model; choose a smaller one.") from error
        except ModelError as error:
            raise CannotLoad(str(error)) from error
        except Exception as error:  # the rim: people need a sentence, whatever it is
            _log.exception("model could not be loaded")
            raise CannotLoad(
                f"The model could not be loaded ({type(error).__name__}: {error}); run `bytefim doctor`."
            ) from error
        self._loaded = loaded
        return Ready(loaded.name, loaded.uses_devices)

    def answer(self, asked: CompletionRequest, settings: Settings, on_growth: Callable[[bytes], None]) -> Done:
        """See Worker."""

        def grow(middle: bytes) -> int | None:
            on_growth(middle)
            return cut.find_end(middle)

        began_s = time.monotonic()
        options, shown = self._options(asked, settings)
        cut = self._trimmer.of(asked, max_tokens=options.max_tokens)
        completion = self._ask(asked, options, self._anchors, grow)
        timings_ms = {"complete": (time.monotonic() - began_s) * 1000}
        answer = judge(asked, completion, cut, timings_ms=timings_ms, memory=self._model.memory())
        return Done(shown.add_to(answer), self._anchors.is_worn(options.scheme(self._model.model)))

    def lay_out_anew(self, asked: CompletionRequest, settings: Settings) -> None:
        """See Worker. When this raises, the old anchor stays in use."""
        fresh = Anchors(find_outline)
        options, _ = self._options(asked, settings)
        self._ask(asked, options, fresh, lambda middle: 0)  # finished as soon as the prompt is evaluated
        self._anchors.adopt(fresh)

    def set_abort(self, is_set: bool) -> None:
        """See Worker."""
        self._is_aborted = is_set
        if self._loaded is not None:
            self._loaded.set_abort(is_set)

    def kill(self) -> None:
        """Only an evaluation can be ended; loading goes on."""
        self.set_abort(True)

    def close(self) -> None:
        """See Worker."""
        if self._loaded is not None:
            self._loaded.close()

    @property
    def _model(self) -> LoadedModel:
        assert self._loaded is not None, "load() comes first"
        return self._loaded

    def _ask(
        self, asked: CompletionRequest, options: CompleteOptions, anchors: Anchors, find_end: FindEnd
    ) -> Completion:
        try:
            return self._complete(
                self._model.model,
                self._model.fim,
                asked.prefix,
                asked.suffix,
                options=options,
                should_stop=lambda: "cancelled" if self._is_aborted else None,
                find_end=find_end,
                anchors=anchors,
                drafter=self._drafter,
            )
        except DecodeAborted as error:
            raise WorkAborted from error
        except ModelError as error:
            raise WorkFailed(str(error)) from error

    def _options(self, asked: CompletionRequest, settings: Settings) -> tuple[CompleteOptions, Shown]:
        options = CompleteOptions(
            layout=self._model.layout if settings.layout == "auto" else settings.layout,
            cut=self._model.cut,
            conditioning=settings.conditioning,
            max_tokens=settings.max_tokens,
        )
        if not settings.context_files:
            return options, Shown(reason=OFF)
        shown = self._preambles.of(asked, n_room_tokens=options.scheme(self._model.model).n_room_tokens)
        return replace(options, preamble=shown.preamble.tokens), shown
