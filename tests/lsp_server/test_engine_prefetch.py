"""What is computed ahead while people read a suggestion. Every token waits for the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from byte_fim.errors import ModelFailed
from lsp_server.engine.state import EngineState
from tests.lsp_server.engines import Start, wait_for
from tests.lsp_server.fake_engine import PATIENCE_S
from tests.lsp_server.requests import OTHER, URI, ask
from tests.lsp_server.stepping_engines import SAID, WITH_PREFETCH, begin_prefetch, shown
from tests.lsp_server.stepping_model import SteppingModel


def test_the_continuation_is_there_when_a_suggestion_is_accepted(model: SteppingModel, start: Start) -> None:
    """47: the model has worked while the user was reading."""
    engine = start(model, WITH_PREFETCH)
    begin_prefetch(model, engine)
    engine.change(ask(b"foo.bar(x)"))
    model.step(len(SAID[b"foo.bar(x)"]) - 1)
    accepted = engine.submit(ask(b"foo.bar(x)"))
    model.let_all_through()

    assert shown(accepted) == (b"\n    pass", "prefetch")
    assert model.asked[:2] == [b"foo.", b"foo.bar(x)"]
    assert model.asked.count(b"foo.bar(x)") == 1


def test_a_prefetch_goes_on_while_its_suggestion_is_typed_through(model: SteppingModel, start: Start) -> None:
    """47: every letter of it is served without the model, and the prefetch is not begun again."""
    engine = start(model, WITH_PREFETCH)
    begin_prefetch(model, engine)
    served = list[bytes]()
    for prefix in (b"foo.b", b"foo.ba", b"foo.bar"):
        engine.change(ask(prefix))
        served.append(wait_for(engine.submit(ask(prefix))).middle)
    model.step(2)

    assert served == [b"ar(x)", b"r(x)", b"(x)"]
    assert model.asked == [b"foo.", b"foo.bar(x)"]


def test_a_real_request_aborts_a_prefetch(model: SteppingModel, start: Start) -> None:
    """47: in the middle of a decode, whatever document it is for."""
    engine = start(model, WITH_PREFETCH)
    begin_prefetch(model, engine)
    other = engine.submit(ask(b"q", uri=OTHER))
    model.wait_at_gate(n_asked=3)
    model.let_all_through()

    assert shown(other) == (b"r", "model")
    assert model.asked[:3] == [b"foo.", b"foo.bar(x)", b"q"]


def test_one_byte_that_differs_drops_a_prefetch(model: SteppingModel, start: Start) -> None:
    """47: the edit itself aborts it, before anything is asked."""
    engine = start(model, WITH_PREFETCH)
    begin_prefetch(model, engine)
    engine.change(ask(b"foo.z"))
    newer = engine.submit(ask(b"foo.z"))
    model.wait_at_gate(n_asked=3)
    model.let_all_through()

    assert shown(newer) == (b"oo", "model")


def test_a_prefetch_is_told_to_nobody(start: Start) -> None:
    """Not even when the model fails at it: the user has asked for nothing."""
    is_failing = threading.Event()

    def speak(prefix: bytes, suffix: bytes) -> Iterator[bytes]:
        if prefix != b"foo.":
            is_failing.set()
            raise ModelFailed("out of memory; choose a smaller model")
        yield b"bar\n"

    states = list[EngineState]()
    model = SteppingModel(speak)
    engine = start(model, WITH_PREFETCH, states=states)
    model.let_all_through()
    first = wait_for(engine.submit(ask(b"foo.")))
    assert is_failing.wait(PATIENCE_S)
    assert engine.find_last_answer() is first
    # the worker has told whatever it tells before it turns to this
    assert wait_for(engine.submit(ask(b"foo.", uri=OTHER))).middle == b"bar"
    assert [state.state for state in states] == ["loading", "idle"]
    assert engine.find_last_answer(URI) is first
