"""The single worker thread that owns the model. Knows no protocol, no documents and no bytes of a prompt.

Who wins, who waits and what comes next is decided in schedule.py, always under one lock, which is held neither while
the model works nor while answers are given. Every request is answered: at its deadline at the latest, at once while
the model loads, and whatever the model does.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from lsp_server.answer import Answer
from lsp_server.generation import Generation
from lsp_server.pending import Pending
from lsp_server.request import CompletionRequest
from lsp_server.schedule import Schedule
from lsp_server.settings import Settings
from lsp_server.trimming import find_end

if TYPE_CHECKING:  # numpy and the model's runtime are imported by the worker, so that the editor need not wait for them
    from lsp_server.model_catalog import LoadedModel
    from lsp_server.model_work import Complete, ModelWork

State = Literal["loading", "idle", "error"]

CLOSE_TIMEOUT_S = 5.0  # an aborted decode ends within milliseconds, if the runtime heeds the abort

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineState:
    """How the model is, for people."""

    state: State
    message: str
    model: str = ""


class Engine:
    """Answers requests with the model that `load` gives. Loading begins at once, in the background."""

    def __init__(
        self,
        load: Callable[[], LoadedModel],
        settings: Settings,
        *,
        on_state: Callable[[EngineState], None] = lambda state: None,
        complete: Complete | None = None,
    ) -> None:
        """`on_state` is called by the worker thread; `complete` is `byte_fim.complete.complete` unless given."""
        self.settings = settings
        self._load = load
        self._on_state = on_state
        self._complete = complete
        self._changed = threading.Condition()
        self._schedule = Schedule()
        self._loaded: LoadedModel | None = None
        self._why_not = "model is loading"
        self._is_closing = False
        self._told: EngineState | None = None
        self._thread = threading.Thread(target=self._work, name="bytefim-model", daemon=True)
        self._thread.start()

    def submit(self, request: CompletionRequest) -> Future[Answer]:
        """The future answer; a request of the same document that waits is superseded."""
        pending = Pending(request, self.settings)
        with self._deciding():
            why_not = self._why_not if pending.settings.enabled else "completion is turned off"
            if why_not:
                self._schedule.refuse(pending, reason=why_not)
            elif self._schedule.add(pending):
                pending.start_deadline(self._miss_deadline)
        return pending.answered

    def cancel(self, request: CompletionRequest) -> None:
        """The client wants no answer to this request any more."""
        with self._deciding():
            answer = Answer(outcome="cancelled", reason="the client cancelled the request")
            self._schedule.give_up(request, answer)

    def supersede(self, uri: str, *, reason: str) -> None:
        """What waits or runs for this document is out of date."""
        with self._deciding():
            self._schedule.supersede(uri, reason=reason)

    def find_followed(self, uri: str) -> CompletionRequest | None:
        """The document as work for it last saw it; None when there is none that an edit could leave right."""
        with self._changed:
            return self._schedule.find_followed(uri)

    def change(self, continued: CompletionRequest) -> None:
        """What waits for the document is out of date; what runs for it, only if `continued` contradicts it.

        `continued` is what would be asked now, where the edit has moved the cursor that `find_followed` told of.
        """
        with self._deciding():
            self._schedule.change(continued, reason="the document changed", settings=self.settings)

    def find_last_answer(self, uri: str | None = None) -> Answer | None:
        """What became of the latest request of a document, or of the latest of all."""
        with self._changed:
            return self._schedule.find_last_answer(uri)

    def forget(self, uri: str) -> None:
        """The document is closed."""
        with self._deciding():
            self._schedule.forget(uri, reason="the document was closed")

    def close(self, *, timeout_s: float = CLOSE_TIMEOUT_S) -> bool:
        """Stop the worker, in the middle of a decode if need be; True when it has ended."""
        with self._deciding():
            self._is_closing = True
            self._why_not = "the server is stopping"
            self._schedule.end_all(Answer(outcome="cancelled", reason=self._why_not))
        # a model that is still being loaded holds nothing worth waiting for
        self._thread.join(timeout_s if self._loaded else 0.0)
        return not self._thread.is_alive()

    @contextlib.contextmanager
    def _deciding(self) -> Generator[None]:
        """Holds the lock; what was decided meanwhile takes effect at the end."""
        with self._changed:
            yield
            decided = self._schedule.take_decided()
            if self._loaded is not None and self._schedule.running is not None and self._schedule.running.is_stopped:
                self._loaded.set_abort(True)
            self._changed.notify_all()
        # without the lock: callbacks of others run here
        for pending, answer in decided:
            pending.answer(answer)

    def _miss_deadline(self, pending: Pending) -> None:
        reason = f"out of time after {pending.settings.deadline_ms} ms (setting deadline_ms)"
        with self._deciding():
            self._schedule.give_up(pending.request, Answer(outcome="empty", reason=reason))

    def _work(self) -> None:
        loaded = self._load_model()
        if loaded is None:
            return
        from lsp_server.model_work import ModelWork

        model = ModelWork(loaded, complete=self._complete) if self._complete else ModelWork(loaded)
        while (work := self._begin(loaded)) is not None:
            answer = self._answer(model, loaded.name, work)
            with self._deciding():
                self._schedule.conclude(answer)
        loaded.close()

    def _begin(self, loaded: LoadedModel) -> Generation | None:
        """What to work on, once there is something; None when the engine closes."""
        with self._changed:
            while not self._is_closing:
                if (work := self._schedule.begin(settings=self.settings)) is not None:
                    # under the lock: an abort that was meant for the work before must not hit this
                    loaded.set_abort(False)
                    return work
                self._changed.wait()
            return None

    def _load_model(self) -> LoadedModel | None:
        from byte_fim.model import ModelError

        self._tell(EngineState("loading", "the model is being loaded"))
        began_s = time.monotonic()
        try:
            loaded = self._load()
        except ModelError as error:
            self._give_up(str(error))
            return None
        except Exception as error:  # the rim of the thread: whatever it is, requests must be answered
            _log.exception("model could not be loaded")
            self._give_up(f"The model could not be loaded ({type(error).__name__}: {error}); run `bytefim doctor`.")
            return None
        with self._changed:
            self._loaded = loaded
            if not self._is_closing:
                self._why_not = ""
        _log.info("loaded model=%s layout=%s ms=%.0f", loaded.name, loaded.layout, _ms_since(began_s))
        self._tell(EngineState("idle", "ready", loaded.name))
        return loaded

    def _give_up(self, message: str) -> None:
        with self._changed:
            if not self._is_closing:
                self._why_not = message
        self._tell(EngineState("error", message))

    def _tell(self, state: EngineState) -> None:
        if state != self._told:
            self._told = state
            self._on_state(state)

    def _tell_of(self, work: Generation, state: EngineState) -> None:
        if work.purpose == "answer":  # otherwise nobody asked
            self._tell(state)

    def _answer(self, model: ModelWork, name: str, work: Generation) -> Answer:
        from byte_fim.model import DecodeAborted, ModelError

        try:
            if work.purpose == "lay out anew":
                model.lay_out_anew(work)
                return Answer(outcome="empty", reason="laid out anew")
            answer = model.answer(work, find_end=partial(self._grow, work))
            work.is_worn = model.is_worn(work)
        except DecodeAborted:
            return Answer(outcome="empty", reason="the evaluation was interrupted")
        except ModelError as error:
            _log.warning("the model failed: %s", error)
            self._tell_of(work, EngineState("error", str(error), name))
            return Answer(outcome="empty", reason=str(error))
        except Exception as error:  # the rim of the thread: a request that is not answered hangs in the editor
            _log.exception("completion failed")
            return Answer(outcome="empty", reason=f"internal error: {type(error).__name__}; please report it")
        self._tell_of(work, EngineState("idle", "ready", name))  # after an error, it works again
        return answer

    def _grow(self, work: Generation, middle: bytes) -> int | None:
        with self._changed:
            work.grow(middle)
        return find_end(middle, suffix=work.asked.suffix)


def _ms_since(began_s: float) -> float:
    return (time.monotonic() - began_s) * 1000
