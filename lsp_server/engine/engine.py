"""What is asked of the model, whoever holds it. Knows no protocol, no documents and no bytes of a prompt.

Who wins, who waits and what comes next is decided in schedule.py, and in staff.py which model answers, always under one
lock (decisions.py). Each model works on a thread of its own (career.py). Every request is answered: at its deadline at
the latest, at once while no model is ready, and whatever becomes of the model.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from lsp_server.documents.request import CompletionRequest
from lsp_server.engine.career import Career
from lsp_server.engine.decisions import Decisions
from lsp_server.engine.idleness import Idleness
from lsp_server.engine.pending import Pending
from lsp_server.engine.staff import Hired, Staff
from lsp_server.engine.state import EngineState
from lsp_server.model.load_params import load_alike
from lsp_server.model.thrift import has_room_beside
from lsp_server.model.worker import Worker
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer
from lsp_server.system.deadlines import Deadlines

CLOSE_TIMEOUT_S = 5.0  # an aborted decode ends within milliseconds, if the runtime heeds the abort
DEAF_AFTER_S = 10.0  # a runtime that has not heeded an abort by then will not


class Engine:
    """Answers requests with the model of a worker. Loading begins at once, in the background."""

    def __init__(
        self,
        make_worker: Callable[[], Worker],
        settings: Settings,
        *,
        on_state: Callable[[EngineState], None] = lambda state: None,
        has_room: Callable[[Settings], bool] = has_room_beside,
        alarms: Deadlines | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`make_worker` is called for each loading; `on_state` is called by threads of the engine. `has_room`: whether
        the model of the settings fits beside what is loaded. `alarms` calls what is due by the clock.
        """
        self._has_room = has_room
        self._alarms = alarms or Deadlines()
        self._idleness = Idleness(self._alarms, clock)
        self._staff = Staff(make_worker, self._employ)
        self._decisions = Decisions(self._staff, settings, on_state)
        self._schedule = self._decisions.schedule
        with self._decisions.being_made():
            self._staff.start_over(settings)

    @property
    def settings(self) -> Settings:
        """In force for what is asked from now on."""
        return self._decisions.settings

    def submit(self, request: CompletionRequest) -> Future[Answer]:
        """The future answer; a request of the same document that waits is superseded."""
        pending = Pending(request, self.settings)
        with self._decisions.being_made():
            self._wake()
            why_not = self._staff.why_not if pending.settings.enabled else "completion is turned off"
            if why_not:
                self._schedule.refuse(pending, reason=why_not)
            elif self._schedule.add(pending):
                self._alarms.call_after(pending.settings.deadline_ms / 1000, partial(self._miss_deadline, pending))
        return pending.answered

    def refuse(self, request: CompletionRequest, *, reason: str) -> Future[Answer]:
        """Nothing is to be suggested here, whatever the model could say; otherwise as `submit`."""
        pending = Pending(request, self.settings)
        with self._decisions.being_made():
            self._schedule.refuse(pending, reason=reason)
        return pending.answered

    def cancel(self, request: CompletionRequest) -> None:
        """The client wants no answer to this request any more."""
        with self._decisions.being_made():
            answer = Answer(outcome="cancelled", reason="the client cancelled the request")
            self._schedule.give_up(request, answer)

    def supersede(self, uri: str, *, reason: str) -> None:
        """What waits or runs for this document is out of date."""
        with self._decisions.being_made():
            self._schedule.supersede(uri, reason=reason)

    def find_followed(self, uri: str) -> CompletionRequest | None:
        """The document as work for it last saw it; None when there is none that an edit could leave right."""
        with self._decisions.changed:
            return self._schedule.find_followed(uri)

    def change(self, continued: CompletionRequest) -> None:
        """What waits for the document is out of date; what runs for it, only if `continued` contradicts it.

        `continued` is what would be asked now, where the edit has moved the cursor that `find_followed` told of.
        """
        with self._decisions.being_made():
            self._schedule.change(continued, reason="the document changed", settings=self.settings)

    def warm(self, request: CompletionRequest) -> None:
        """Once nobody waits, evaluate this prompt, so that the next request of the document finds it done."""
        with self._decisions.being_made():
            if not self._staff.why_not and self.settings.enabled:
                self._schedule.warm(request, settings=self.settings)

    def is_warm(self, request: CompletionRequest) -> bool:
        """True when this very request was the latest prompt to be evaluated ahead of time."""
        with self._decisions.changed:
            return self._decisions.warmed is request

    def find_last_answer(self, uri: str | None = None) -> Answer | None:
        """What became of the latest request of a document, or of the latest of all."""
        with self._decisions.changed:
            return self._schedule.find_last_answer(uri)

    def forget(self, uri: str) -> None:
        """The document is closed."""
        with self._decisions.being_made():
            self._schedule.forget(uri, reason="the document was closed")

    def configure(self, settings: Settings) -> None:
        """These are in force from now on. Another model that they name is loaded in the background, and takes over."""
        with self._decisions.being_made():
            before, self._decisions.settings = self.settings, settings
            if before.enabled and not settings.enabled:
                self._schedule.end_all(Answer(outcome="empty", reason="completion is turned off"))
            if not load_alike(before, settings):
                self._staff.change(settings)
            if settings.unload_after_minutes != before.unload_after_minutes:
                self._watch_idleness()

    def restart(self) -> None:
        """Load anew, in the background; what waits is answered with nothing."""
        with self._decisions.being_made():
            self._staff.start_over(self.settings)
            self._decisions.end_requests()

    def wake(self) -> None:
        """The model is wanted, now or soon: load it again, if it was unloaded because nobody asked."""
        with self._decisions.being_made():
            self._wake()

    def stop_loading(self) -> None:
        """The user does not want to wait. A model that is at work stays; without one there is none until `restart`."""
        with self._decisions.being_made():
            state = self._staff.stop_coming()
        self._decisions.tell(state)

    def close(self, *, timeout_s: float = CLOSE_TIMEOUT_S) -> bool:
        """Stop the models, in the middle of a decode if need be; True when their threads have done with them."""
        with self._decisions.being_made():
            self._decisions.is_closing = True
            self._staff.dismiss_all("the server is stopping")
            self._decisions.end_requests()
        self._alarms.close()
        with self._decisions.changed:
            return self._decisions.changed.wait_for(lambda: not self._staff.present, timeout_s)

    def _miss_deadline(self, pending: Pending) -> None:
        if pending.answered.done():
            return
        reason = f"out of time after {pending.settings.deadline_ms} ms (setting deadline_ms)"
        with self._decisions.being_made():
            self._schedule.give_up(pending.request, Answer(outcome="empty", reason=reason))
            hired = self._staff.at_work
            if hired and hired.stopped_s is not None and time.monotonic() - hired.stopped_s > DEAF_AFTER_S:
                hired.worker.kill()

    def _employ(self, hired: Hired) -> None:
        career = Career(hired, self._decisions, has_room=self._has_room, on_ready=self._watch_idleness)
        threading.Thread(target=career.run, name="bytefim-engine", daemon=True).start()

    def _wake(self) -> None:
        if self.settings.enabled:
            self._idleness.end()
            self._staff.wake()

    def _watch_idleness(self) -> None:
        self._idleness.watch(self.settings.unload_after_minutes, self._unload_if_idle)

    def _unload_if_idle(self) -> None:
        with self._decisions.being_made():
            is_due = self._idleness.has_lasted(self.settings.unload_after_minutes)
            state = self._staff.fall_asleep() if is_due and self._schedule.running is None else None
            if state is None and self._staff.at_work is not None:
                self._watch_idleness()
        self._decisions.tell(state)
