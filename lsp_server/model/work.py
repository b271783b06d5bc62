"""The model at work, or several as one: answers, and prompts laid out anew ahead of time.

What is asked of whom stands in one_model.py and several_models.py. Knows no queue, no process and no protocol.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Literal

from byte_fim.complete import complete
from byte_fim.errors import DecodeAborted, ModelError, OutOfMemory
from lsp_server.documents.request import CompletionRequest
from lsp_server.model.loading import LoadedModel
from lsp_server.model.loading_several import LoadedEnsemble, load_set
from lsp_server.model.one_model import Complete, OneModel
from lsp_server.model.several_models import SeveralModels
from lsp_server.model.speaking import Speaker
from lsp_server.model.worker import CannotLoad, Done, NoRoom, Ready, Tell, WorkAborted, WorkerDied, WorkFailed
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import judge
from lsp_server.suggestion.trimming import Trimmer
from lsp_server.system.deadlines import Deadlines

_log = logging.getLogger(__name__)

Load = Callable[[Settings, Tell], LoadedModel | LoadedEnsemble]
"""Slow. Raises ModelError."""


def load_as_set(settings: Settings, tell: Tell) -> LoadedModel | LoadedEnsemble:
    """The model that the settings name, or the models."""
    return load_set(settings, tell=lambda message: tell(message, None))


class ModelWork:
    """One model at work, or several as one, in this process: a `Worker` that no crash survives and `kill` cannot end
    while it loads.
    """

    def __init__(
        self,
        load: Load = load_as_set,
        *,
        complete: Complete = complete,
        alarms: Deadlines | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`alarms` and `clock` are for several models, which share the time of a request."""
        self.on_death: Callable[[WorkerDied], None] = lambda death: None
        self._load = load
        self._complete = complete
        self._alarms = alarms
        self._clock = clock
        self._speaker: Speaker | None = None
        self._is_aborted = False
        self._trimmer = Trimmer()

    def load(self, settings: Settings, tell: Tell) -> Ready:
        """See Worker."""
        try:
            loaded = self._load(settings, tell)
            speaker = self._give_work(loaded)
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
        self._speaker = speaker
        return Ready(speaker.name, speaker.uses_devices, notice=_tell_missing(loaded))

    def answer(self, asked: CompletionRequest, settings: Settings, on_growth: Callable[[bytes], None]) -> Done:
        """See Worker."""

        def grow(middle: bytes) -> int | None:
            on_growth(middle)
            return cut.find_end(middle)

        began_s = time.monotonic()
        speaker = self._require_speaker()
        cut = self._trimmer.of(asked, max_tokens=speaker.most_steps(settings))
        with _errors_of_workers():
            said = speaker.say(asked, settings, should_stop=self._find_stop, find_end=grow)
        timings_ms = {"complete": (time.monotonic() - began_s) * 1000}
        answer = judge(asked, said.completion, cut, timings_ms=timings_ms, memory=speaker.memory())
        return Done(said.add_to(answer), said.is_worn, notice=said.notice)

    def lay_out_anew(self, asked: CompletionRequest, settings: Settings) -> None:
        """See Worker. When this raises, the old anchor stays in use."""
        with _errors_of_workers():
            self._require_speaker().lay_out_anew(asked, settings, should_stop=self._find_stop)

    def set_abort(self, is_set: bool) -> None:
        """See Worker."""
        self._is_aborted = is_set
        if self._speaker is not None:
            self._speaker.set_abort(is_set)

    def kill(self) -> None:
        """Only an evaluation can be ended; loading goes on."""
        self.set_abort(True)

    def close(self) -> None:
        """See Worker."""
        if self._speaker is not None:
            self._speaker.close()
        if self._alarms is not None:
            self._alarms.close()

    def _give_work(self, loaded: LoadedModel | LoadedEnsemble) -> Speaker:
        if isinstance(loaded, LoadedModel):
            return OneModel(loaded, complete=self._complete)
        self._alarms = self._alarms or Deadlines()
        return SeveralModels(loaded, call_after=self._alarms.call_after, clock=self._clock)

    def _require_speaker(self) -> Speaker:
        assert self._speaker is not None, "load() comes first"
        return self._speaker

    def _find_stop(self) -> Literal["cancelled"] | None:
        return "cancelled" if self._is_aborted else None


@contextmanager
def _errors_of_workers() -> Generator[None]:
    """What a model raises, as workers say it."""
    try:
        yield
    except DecodeAborted as error:
        raise WorkAborted from error
    except ModelError as error:
        raise WorkFailed(str(error)) from error


def _tell_missing(loaded: LoadedModel | LoadedEnsemble) -> str:
    missing = loaded.missing if isinstance(loaded, LoadedEnsemble) else ()
    return " ".join(f"{drop.name} does not take part: {drop.reason}" for drop in missing)
