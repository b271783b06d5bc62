"""The engine while its model loads, fails, or is stopped: it lives on, and says so. Events instead of time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import pytest

from byte_fim.errors import BadModelFile, ModelFailed
from lsp_server.engine.engine import Engine
from lsp_server.engine.state import EngineState
from lsp_server.model.loading import LoadedModel
from lsp_server.model.work import ModelWork
from lsp_server.model.worker import Ready, WorkerDied
from lsp_server.settings import Settings
from tests.lsp_server.engines import Start, wait_for
from tests.lsp_server.fake_engine import PATIENCE_S, WAIT, FakeModel
from tests.lsp_server.requests import OTHER, ask


def test_while_the_model_loads_requests_are_answered_at_once() -> None:
    """Editors hide the menu, or hang, until they hear."""
    is_loading, release = threading.Event(), threading.Event()
    fake = FakeModel()

    def load(*_: object) -> LoadedModel:
        is_loading.set()
        assert release.wait(PATIENCE_S)
        return fake.load()

    engine = Engine(lambda: ModelWork(load, complete=fake.complete), Settings())
    assert is_loading.wait(PATIENCE_S)  # closed before that, it would load nothing
    future = engine.submit(ask())

    assert future.done()
    assert (future.result().outcome, future.result().reason) == ("empty", "model is loading")
    assert not engine.close(timeout_s=0.0)
    release.set()
    assert fake.closed.wait(PATIENCE_S)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (BadModelFile("x.gguf is empty; download it again"), "x.gguf is empty; download it again"),
        (OSError("disk on fire"), "OSError: disk on fire"),
    ],
)
def test_a_model_that_cannot_be_loaded_is_the_reason_of_every_answer(error: Exception, message: str) -> None:
    """A server without a model is still a server; it says why it is silent."""
    told, is_told = list[EngineState](), threading.Event()

    def load(*_: object) -> LoadedModel:
        raise error

    def on_state(state: EngineState) -> None:
        told.append(state)
        if state.state == "error":
            is_told.set()

    engine = Engine(lambda: ModelWork(load), Settings(), on_state=on_state)
    assert is_told.wait(PATIENCE_S)
    answer = wait_for(engine.submit(ask()))

    assert [state.state for state in told] == ["loading", "error"]
    assert message in told[1].message
    assert (answer.outcome, answer.reason) == ("empty", told[1].message)
    assert engine.close()


def test_a_model_that_fails_costs_one_answer_and_works_again(start: Start) -> None:
    """An error of the runtime is no reason to stop; the state tells of it and of its end."""
    is_broken = True

    def script(prefix: bytes) -> bytes:
        if is_broken:
            raise ModelFailed("out of memory; choose a smaller model")
        return b"lt"

    states = list[EngineState]()
    engine = start(FakeModel(script), states=states)
    first, second = wait_for(engine.submit(ask())), wait_for(engine.submit(ask()))
    is_broken = False
    third = wait_for(engine.submit(ask()))

    assert first.reason == second.reason == "out of memory; choose a smaller model"
    assert (third.outcome, third.middle) == ("shown", b"lt")
    assert [state.state for state in states] == ["loading", "idle", "error", "idle"]


def test_an_error_of_our_own_never_leaves_the_worker(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """A dead worker would leave every later request hanging."""

    def script(prefix: bytes) -> bytes:
        raise ZeroDivisionError(prefix)

    engine = start(FakeModel(script))

    assert wait_for(engine.submit(ask())).outcome == "empty"
    assert "ZeroDivisionError" in wait_for(engine.submit(ask())).reason
    assert "completion failed" in caplog.text


def test_closing_ends_a_running_decode_and_the_thread(fake: FakeModel, start: Start) -> None:
    """Editors kill a server that does not end, and the next one finds the memory taken."""
    engine = start(fake)
    running = engine.submit(ask(WAIT))
    assert fake.waiting.wait(PATIENCE_S)
    queued = engine.submit(ask(uri=OTHER))

    assert engine.close()
    assert [wait_for(running).outcome, wait_for(queued).outcome] == ["cancelled", "cancelled"]
    assert wait_for(engine.submit(ask())).reason == "the server is stopping"


def test_the_model_is_freed_by_the_thread_that_owns_it(fake: FakeModel, start: Start) -> None:
    """The runtime is not thread-safe."""
    engine = start(fake)
    assert engine.close()

    assert fake.closed.is_set()
    assert fake.closing_thread not in (None, threading.get_ident())


def test_what_nobody_foresaw_leaves_an_engine_that_can_be_restarted() -> None:
    """A thread that has died silently says "loading" for ever."""
    fake, is_broken = FakeModel(), True
    states: queue.SimpleQueue[EngineState] = queue.SimpleQueue()

    class Broken(ModelWork):
        def load(self, settings: Settings, tell: object) -> Ready:
            if is_broken:
                raise ZeroDivisionError
            return super().load(settings, lambda *_: None)

    engine = Engine(lambda: Broken(fake.load, complete=fake.complete), Settings(), on_state=states.put)
    told = [states.get(timeout=PATIENCE_S) for _ in range(2)]
    is_broken = False
    engine.restart()
    again = [states.get(timeout=PATIENCE_S) for _ in range(2)]

    assert [state.state for state in [*told, *again]] == ["loading", "error", "loading", "idle"]
    assert "ZeroDivisionError" in told[1].message
    assert engine.close()


def test_what_is_said_after_the_loading_was_stopped_is_not_told() -> None:
    """Its progress would be shown for ever."""
    said, stopped = threading.Event(), threading.Event()
    states: list[EngineState] = []

    class Slow(ModelWork):
        def load(self, settings: Settings, tell: Callable[[str, int | None], None]) -> Ready:
            said.set()
            assert stopped.wait(PATIENCE_S)
            tell("measuring", None)
            raise WorkerDied("ended")

    engine = Engine(Slow, Settings(), on_state=states.append)
    assert said.wait(PATIENCE_S)
    engine.stop_loading()
    stopped.set()

    assert engine.close()
    assert [state.state for state in states] == ["loading", "off"]
