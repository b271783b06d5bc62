"""The one lock under which everything about requests and models is decided, and what takes effect when it is released.

Knows neither how a request is put nor what a model does.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Generator

from lsp_server.documents.request import CompletionRequest
from lsp_server.engine.schedule import Schedule
from lsp_server.engine.staff import Staff
from lsp_server.engine.state import EngineState
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer


class Decisions:
    """Requests, models and settings as they are now. The lock is held neither while a model works nor while answers
    are given.
    """

    def __init__(self, staff: Staff, settings: Settings, on_state: Callable[[EngineState], None]) -> None:
        self.changed = threading.Condition()
        self.schedule = Schedule()
        self.staff = staff
        self.settings = settings
        self.warmed: CompletionRequest | None = None
        """the latest prompt to be evaluated ahead of time"""
        self.is_closing = False
        self._on_state = on_state
        self._telling = threading.Lock()
        self._told: EngineState | None = None

    @contextlib.contextmanager
    def being_made(self) -> Generator[None]:
        """Holds the lock; what was decided meanwhile takes effect at the end."""
        with self.changed:
            yield
            decided = self.schedule.take_decided()
            running, hired = self.schedule.running, self.staff.at_work
            if hired is not None and running is not None and running.is_stopped and hired.stopped_s is None:
                hired.stopped_s = time.monotonic()
                hired.worker.set_abort(True)
            self.changed.notify_all()
        # without the lock: callbacks of others run here
        for pending, answer in decided:
            pending.answer(answer)

    def end_requests(self) -> None:
        """Nobody answers what runs or waits. Under the lock."""
        outcome = "cancelled" if self.is_closing else "empty"
        self.schedule.end_all(Answer(outcome=outcome, reason=self.staff.why_not))

    def conclude(self, reason: str) -> None:
        """Who was at work is gone, with what it was doing. Under the lock."""
        answer = Answer(outcome="empty", reason=reason)
        self.schedule.conclude(answer)
        self.schedule.end_all(answer)

    def tell(self, state: EngineState | None) -> None:
        """How the model is, each once, in the order in which it came about; None: as before. Without the lock."""
        with self._telling:
            if state is not None and state != self._told:
                self._told = state
                self._on_state(state)
