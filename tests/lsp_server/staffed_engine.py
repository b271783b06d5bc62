"""An engine whose models are named by its settings, each loaded when the test lets it, and what it tells people."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

from lsp_server.engine.engine import Engine
from lsp_server.engine.state import EngineState
from lsp_server.model.loading import LoadedModel
from lsp_server.model.work import ModelWork
from lsp_server.model.worker import Ready, Tell, Worker, WorkerDied
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer
from lsp_server.system.deadlines import Deadlines
from tests.lsp_server.fake_engine import PATIENCE_S, FakeModel
from tests.lsp_server.requests import ask

ALONE = Settings(model="a", prefetch=False, deadline_ms=60_000)


class HandAlarms(Deadlines):
    """Calls nothing before the test does; without its thread."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []

    def call_after(self, delay_s: float, call: Callable[[], None]) -> None:
        self.due.append(call)

    def close(self) -> None:
        self.due.clear()

    def ring(self) -> None:
        """All that was to be called by now; what that leads to is due the next time."""
        due, self.due = self.due, []
        for call in due:
            call()


class Models:
    """What is loaded by which name; a model says its name."""

    def __init__(self) -> None:
        self.load_begun: queue.SimpleQueue[Settings] = queue.SimpleQueue()
        """what was to be loaded, in this order"""
        self.n_open = 0
        """loaded or being loaded, and not closed yet"""
        self.most_open = 0
        self.shortcomings: list[tuple[Callable[[Settings], bool], Exception]] = []
        """what comes of loading settings of a kind, instead of a model"""
        self.works: list[_Work] = []
        self._held: dict[str, threading.Event] = {}
        self._counting = threading.Lock()

    def hold(self, name: str) -> threading.Event:
        """The model is not loaded before this is set."""
        return self._held.setdefault(name, threading.Event())

    def make_worker(self) -> Worker:
        """For the engine."""
        self.works.append(_Work(self))
        return self.works[-1]

    def load(self, model: FakeModel, settings: Settings, _: Tell) -> LoadedModel:
        """As `load_model`."""
        self.load_begun.put(settings)
        if held := self._held.get(settings.model or ""):
            assert held.wait(PATIENCE_S), f"{settings.model} was never let through"
        for is_meant, error in self.shortcomings:
            if is_meant(settings):
                raise error
        model.script = lambda prefix: f"{settings.model}".encode()
        return replace(model.load(), name=f"{settings.model}")

    def count(self, n: int) -> None:
        """Of models that are there."""
        with self._counting:
            self.n_open += n
            self.most_open = max(self.most_open, self.n_open)


class _Work(ModelWork):
    """One worker; `die` is what the system may do to it."""

    def __init__(self, models: Models) -> None:
        self.fake = FakeModel()
        self._models = models
        self._is_loading = False
        super().__init__(partial(models.load, self.fake), complete=self.fake.complete)

    def load(self, settings: Settings, tell: Tell) -> Ready:
        self._is_loading = True
        self._models.count(1)
        return super().load(settings, tell)

    def die(self, death: WorkerDied) -> None:
        """While nothing is asked."""
        self.on_death(death)

    def close(self) -> None:
        super().close()
        if self._is_loading:
            self._models.count(-1)


class StaffedEngine:
    """An engine around such models. Time stands still unless the test moves it."""

    def __init__(self, settings: Settings = ALONE, *, has_room: bool = True) -> None:
        self.models = Models()
        self.alarms = HandAlarms()
        self.now_s = 1000.0
        self.states: queue.SimpleQueue[EngineState] = queue.SimpleQueue()
        self.told: list[EngineState] = []
        """taken from `states` so far"""
        self._n_asked = 0
        self.engine = Engine(
            self.models.make_worker,
            settings,
            on_state=self.states.put,
            has_room=lambda settings: has_room,
            alarms=self.alarms,
            clock=lambda: self.now_s,
        )

    def wait_for(self, state: str) -> EngineState:
        """The next time that it is like this."""
        while True:
            self.told.append(self.states.get(timeout=PATIENCE_S))
            if self.told[-1].state == state:
                return self.told[-1]

    def ask(self, text: str = "") -> Future[Answer]:
        """Something that was not asked before."""
        self._n_asked += 1
        return self.engine.submit(ask(f"x{self._n_asked} = 1\nresu{text}".encode()))

    def who_answers(self) -> str:
        """The name of the model at work; the reason when there is none."""
        answer = self.ask().result(PATIENCE_S)
        return answer.middle.decode() or answer.reason

    def notices(self) -> list[str]:
        """All that was worth a message of its own."""
        while not self.states.empty():
            self.told.append(self.states.get())
        return [state.notice or state.message for state in self.told if state.notice or state.state == "error"]
