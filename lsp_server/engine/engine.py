"""The single thread that asks the model, whoever holds it. Knows no protocol, no documents and no bytes of a prompt.

Who wins, who waits and what comes next is decided in schedule.py, always under one lock, which is held neither while
the model works nor while answers are given. Every request is answered: at its deadline at the latest, at once while
the model loads, and whatever becomes of the model. A model that dies is loaded again.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from functools import partial

from lsp_server.documents.request import CompletionRequest
from lsp_server.engine.deadlines import Deadlines
from lsp_server.engine.generation import Generation
from lsp_server.engine.pending import Pending
from lsp_server.engine.schedule import Schedule
from lsp_server.engine.state import MAX_DEATHS, Deaths, EngineState
from lsp_server.engine.working import do_work
from lsp_server.model.worker import CannotLoad, Worker, WorkerDied
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer

CLOSE_TIMEOUT_S = 5.0  # an aborted decode ends within milliseconds, if the runtime heeds the abort
DEAF_AFTER_S = 10.0  # a runtime that has not heeded an abort by then will not

_REMEDY = "the command bytefim.restartModel loads the model"

_log = logging.getLogger(__name__)


class Engine:
    """Answers requests with the model of a worker. Loading begins at once, in the background."""

    def __init__(
        self,
        make_worker: Callable[[], Worker],
        settings: Settings,
        *,
        on_state: Callable[[EngineState], None] = lambda state: None,
    ) -> None:
        """`make_worker` is called for each loading; `on_state` is called by threads of the engine."""
        self.settings = settings
        self._make_worker = make_worker
        self._on_state = on_state
        self._changed = threading.Condition()
        self._schedule = Schedule()
        self._worker: Worker | None = None
        self._model = ""  # its name, once it is loaded
        self._why_not = "model is loading"
        self._is_closing = False
        self._may_load = True
        self._is_dismissed = False  # the worker is not wanted any more
        self._death: WorkerDied | None = None  # that of the worker, noticed while it had nothing to do
        self._deaths = Deaths()
        self._stopped_s: float | None = None  # when what runs was told to end
        self._told: EngineState | None = None
        self._deadlines = Deadlines()
        self._warmed: CompletionRequest | None = None
        self._thread = threading.Thread(target=self._work, name="bytefim-engine", daemon=True)
        self._thread.start()

    def submit(self, request: CompletionRequest) -> Future[Answer]:
        """The future answer; a request of the same document that waits is superseded."""
        pending = Pending(request, self.settings)
        with self._deciding():
            why_not = self._why_not if pending.settings.enabled else "completion is turned off"
            if why_not:
                self._schedule.refuse(pending, reason=why_not)
            elif self._schedule.add(pending):
                self._deadlines.call_after(pending.settings.deadline_ms / 1000, partial(self._miss_deadline, pending))
        return pending.answered

    def refuse(self, request: CompletionRequest, *, reason: str) -> Future[Answer]:
        """Nothing is to be suggested here, whatever the model could say; otherwise as `submit`."""
        pending = Pending(request, self.settings)
        with self._deciding():
            self._schedule.refuse(pending, reason=reason)
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

    def warm(self, request: CompletionRequest) -> None:
        """Once nobody waits, evaluate this prompt, so that the next request of the document finds it done."""
        with self._deciding():
            if not self._why_not and self.settings.enabled:
                self._schedule.warm(request, settings=self.settings)

    def is_warm(self, request: CompletionRequest) -> bool:
        """True when this very request was the latest prompt to be evaluated ahead of time."""
        with self._changed:
            return self._warmed is request

    def find_last_answer(self, uri: str | None = None) -> Answer | None:
        """What became of the latest request of a document, or of the latest of all."""
        with self._changed:
            return self._schedule.find_last_answer(uri)

    def silence(self, *, reason: str) -> None:
        """Nothing is wanted of what waits or runs."""
        with self._deciding():
            self._schedule.end_all(Answer(outcome="empty", reason=reason))

    def forget(self, uri: str) -> None:
        """The document is closed."""
        with self._deciding():
            self._schedule.forget(uri, reason="the document was closed")

    def restart(self, settings: Settings) -> None:
        """Load anew, with these settings, in the background; what waits is answered with nothing."""
        self.settings = settings
        with self._deciding():
            self._dismiss("model is loading")
            self._deaths.forget()
            self._may_load = True

    def stop_loading(self) -> None:
        """The user does not want to wait; until `restart` there is no model. A model that is loaded stays."""
        message = f"loading was stopped; {_REMEDY}"
        with self._deciding():
            if self._model or not self._may_load:
                return
            self._dismiss(message)
        self._tell(EngineState("off", message))

    def close(self, *, timeout_s: float = CLOSE_TIMEOUT_S) -> bool:
        """Stop the model, in the middle of a decode if need be; True when the thread has ended."""
        with self._deciding():
            self._is_closing = True
            self._dismiss("the server is stopping")
        self._deadlines.close()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @contextlib.contextmanager
    def _deciding(self) -> Generator[None]:
        """Holds the lock; what was decided meanwhile takes effect at the end."""
        with self._changed:
            yield
            decided = self._schedule.take_decided()
            running = self._schedule.running
            if self._worker is not None and running is not None and running.is_stopped and self._stopped_s is None:
                self._stopped_s = time.monotonic()
                self._worker.set_abort(True)
            self._changed.notify_all()
        # without the lock: callbacks of others run here
        for pending, answer in decided:
            pending.answer(answer)

    def _dismiss(self, why: str) -> None:
        """End the worker, if there is one; until another is ready, `why` is the answer to everything."""
        self._why_not = why
        self._schedule.end_all(Answer(outcome="cancelled" if self._is_closing else "empty", reason=why))
        self._is_dismissed = True
        self._may_load = False
        if self._worker is not None:
            self._worker.kill()

    def _miss_deadline(self, pending: Pending) -> None:
        if pending.answered.done():
            return
        reason = f"out of time after {pending.settings.deadline_ms} ms (setting deadline_ms)"
        with self._deciding():
            self._schedule.give_up(pending.request, Answer(outcome="empty", reason=reason))
            stopped_s = self._stopped_s
            if self._worker is not None and stopped_s is not None and time.monotonic() - stopped_s > DEAF_AFTER_S:
                self._worker.kill()

    def _work(self) -> None:
        while (worker := self._hire()) is not None:
            try:
                self._load(worker)
                while (work := self._begin(worker)) is not None:
                    answer, state = do_work(worker, work, on_growth=partial(self._grow, work), model=self._model)
                    if state is not None:
                        self._tell(state)
                    with self._deciding():
                        self._stopped_s = None
                        self._warmed = work.asked if work.is_laid_out else self._warmed
                        self._schedule.conclude(answer)
            except CannotLoad as error:
                self._give_up(str(error))
            except WorkerDied as death:
                self._take_death(death)
            except Exception as error:  # the rim of the thread: requests must be answered, and a restart must work
                _log.exception("the engine failed")
                self._give_up(f"internal error: {type(error).__name__}; please report it; {_REMEDY}.")
            finally:
                with self._changed:
                    self._schedule.conclude(Answer(outcome="empty", reason=self._why_not))
                    self._worker, self._model, self._stopped_s, self._death = None, "", None, None
                worker.close()

    def _hire(self) -> Worker | None:
        """A worker that has still to load, once there may be one; None when the engine closes."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closing or self._may_load)
            if self._is_closing:
                return None
            self._is_dismissed = False
            self._worker = self._make_worker()
            self._worker.on_death = partial(self._notice_death, self._worker)
            return self._worker

    def _notice_death(self, worker: Worker, death: WorkerDied) -> None:
        with self._changed:
            if worker is self._worker:
                self._death = death
                self._changed.notify_all()

    def _load(self, worker: Worker) -> None:
        self._tell(EngineState("loading", "the model is being loaded"))
        began_s = time.monotonic()
        name = worker.load(self.settings, self._tell_loading)
        with self._changed:
            if self._is_dismissed:
                return
            self._model = name
            self._why_not = ""
        _log.info("loaded model=%s ms=%.0f", name, 1000 * (time.monotonic() - began_s))
        self._tell(EngineState("idle", "ready", name))

    def _tell_loading(self, message: str, percentage: int | None) -> None:
        with self._changed:
            if self._is_dismissed:  # it was said before the loading was stopped
                return
        self._tell(EngineState("loading", message, "", percentage))

    def _begin(self, worker: Worker) -> Generation | None:
        """What to work on, once there is something; None when the worker is to go."""
        with self._changed:
            while not self._is_dismissed:
                if self._death is not None:
                    raise self._death
                if (work := self._schedule.begin(settings=self.settings)) is not None:
                    # under the lock: an abort that was meant for the work before must not hit this
                    worker.set_abort(False)
                    return work
                self._changed.wait()
            return None

    def _take_death(self, death: WorkerDied) -> None:
        with self._changed:
            if self._is_dismissed:  # as it was meant to
                return
            may_try_again = self._deaths.count(time.monotonic())
        if not may_try_again:
            self._give_up(f"{death}, {MAX_DEATHS} times within five minutes; run `bytefim doctor`; {_REMEDY}.")
            return
        _log.error("%s", death)
        answer = Answer(outcome="empty", reason=str(death))
        with self._deciding():
            self._why_not = "model is loading"
            self._schedule.conclude(answer)
            self._schedule.end_all(answer)
        self._tell(EngineState("loading", f"{death}; it is being started again.", self._model))

    def _give_up(self, message: str) -> None:
        with self._deciding():
            if self._is_dismissed:
                return
            self._schedule.conclude(Answer(outcome="empty", reason=message))
            self._dismiss(message)
        self._tell(EngineState("error", message))

    def _tell(self, state: EngineState) -> None:
        if state != self._told:
            self._told = state
            self._on_state(state)

    def _grow(self, work: Generation, middle: bytes) -> None:
        with self._deciding():
            work.grow(middle)
