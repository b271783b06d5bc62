"""Engines around scripted models, ready when they are handed out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from lsp_server.engine.engine import Engine
from lsp_server.engine.state import EngineState
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer
from tests.lsp_server.fake_engine import PATIENCE_S, FakeModel

Start = Callable[..., Engine]
ALONE = Settings(prefetch=False, deadline_ms=60_000)  # the model works for requests only, and nothing is late


@pytest.fixture
def fake() -> FakeModel:
    """One model, to be watched."""
    return FakeModel()


@pytest.fixture
def start() -> Iterator[Start]:
    """Engines that are ready when returned and closed at the end; no abort may have hit the wrong work."""
    started: list[tuple[Engine, FakeModel]] = []

    def start(fake: FakeModel, settings: Settings = ALONE, *, states: list[EngineState] | None = None) -> Engine:
        is_ready = threading.Event()

        def on_state(state: EngineState) -> None:
            if states is not None:
                states.append(state)
            if state.state != "loading":
                is_ready.set()

        engine = Engine(fake.worker, settings, on_state=on_state)
        started.append((engine, fake))
        assert is_ready.wait(PATIENCE_S)
        return engine

    yield start
    for engine, fake in started:
        assert engine.close()
        assert fake.n_wrong_aborts == 0


def wait_for(future: Future[Answer]) -> Answer:
    return future.result(timeout=PATIENCE_S)
