"""The worker while people type: what runs goes on, stops, or is computed ahead. Every token waits for the test."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace

import pytest

from byte_fim.model import ModelFailed
from lsp_server.documents.request import CompletionRequest
from lsp_server.engine.engine import Engine
from lsp_server.engine.state import EngineState
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer
from tests.lsp_server.fake_engine import PATIENCE_S
from tests.lsp_server.requests import END, OTHER, URI, ask
from tests.lsp_server.stepping_model import SteppingModel, expect

PATIENT = Settings(deadline_ms=60_000)
ALONE = replace(PATIENT, prefetch=False)

Start = Callable[..., Engine]
SAID = {b"foo.": b"bar(x)\n", b"foo.bar(x)": b"\n    pass\n", b"foo.z": b"oo\n", b"q": b"r\n"}


@pytest.fixture
def model() -> SteppingModel:
    """Says what SAID has, a byte at a time, and otherwise nothing."""
    return SteppingModel(lambda prefix, suffix: (bytes([byte]) for byte in SAID.get(prefix, b"")))


@pytest.fixture
def start() -> Iterator[Start]:
    """Engines that are ready when returned and closed at the end; no abort may have hit the wrong work."""
    started: list[tuple[Engine, SteppingModel]] = []

    def start(model: SteppingModel, settings: Settings = ALONE, *, states: list[EngineState] | None = None) -> Engine:
        is_ready = threading.Event()

        def on_state(state: EngineState) -> None:
            if states is not None:
                states.append(state)
            if state.state == "idle":
                is_ready.set()

        engine = Engine(model.worker, settings, on_state=on_state)
        started.append((engine, model))
        assert is_ready.wait(PATIENCE_S)
        return engine

    yield start
    for engine, model in started:
        assert engine.close()
        assert model.n_wrong_aborts == 0


def wait_for(future: Future[Answer]) -> Answer:
    return future.result(timeout=PATIENCE_S)


def shown(future: Future[Answer]) -> tuple[bytes, str]:
    answer = wait_for(future)
    return answer.middle, answer.served_by


def test_a_newer_request_waits_for_the_work_that_it_continues(model: SteppingModel, start: Start) -> None:
    """44: one evaluation of the prompt, however fast somebody types."""
    engine = start(model)
    futures = [engine.submit(ask(b"foo."))]
    model.step(2)
    for prefix in (b"foo.b", b"foo.ba", b"foo.bar("):
        engine.change(ask(prefix))
        futures.append(engine.submit(ask(prefix)))
    model.let_all_through()

    assert shown(futures[-1]) == (b"x)", "typing through")
    assert [wait_for(future).outcome for future in futures[:-1]] == ["superseded"] * 3
    assert model.asked == [b"foo."]


def test_a_letter_that_differs_aborts_the_decode(model: SteppingModel, start: Start) -> None:
    """The abort must reach a decode that is under way: nothing is let through here."""
    engine = start(model)
    engine.submit(ask(b"foo."))
    model.step(2)
    newer = engine.submit(ask(b"foo.z"))
    model.wait_at_gate(n_asked=2)
    model.let_all_through()

    assert shown(newer) == (b"oo", "model")
    assert model.asked == [b"foo.", b"foo.z"]


def test_a_contradiction_found_later_begins_anew_with_what_was_typed(model: SteppingModel, start: Start) -> None:
    """One token is lost, not the line."""
    engine = start(model)
    engine.submit(ask(b"foo."))
    model.wait_at_gate(n_asked=1)
    newer = engine.submit(ask(b"foo.z"))
    assert model.asked == [b"foo."]
    model.step(1)
    model.wait_at_gate(n_asked=2)
    model.let_all_through()

    assert shown(newer) == (b"oo", "model")


def test_what_was_typed_and_deleted_while_the_model_works_changes_nothing(model: SteppingModel, start: Start) -> None:
    """45: a typing error, corrected before anything contradicted it."""
    engine = start(model)
    engine.submit(ask(b"foo."))
    model.step(2)
    for prefix in (b"foo.b", b"foo."):
        engine.change(ask(prefix))
    again = engine.submit(ask(b"foo."))
    model.let_all_through()

    assert wait_for(again).middle == b"bar(x)"
    assert model.asked == [b"foo."]


def test_deleting_into_what_was_asked_aborts(model: SteppingModel, start: Start) -> None:
    """The text before the cursor is another one."""
    engine = start(model)
    engine.submit(ask(b"foo."))
    model.step(2)
    engine.change(ask(b"foo"))
    newer = engine.submit(ask(b"q"))
    model.wait_at_gate(n_asked=2)
    model.let_all_through()

    assert shown(newer) == (b"r", "model")


def test_of_work_for_a_closed_or_reopened_document_nothing_is_followed(model: SteppingModel, start: Start) -> None:
    """The server asks before every edit."""
    engine = start(model)
    engine.submit(ask(b"foo."))
    model.wait_at_gate()

    assert engine.find_followed(URI) == ask(b"foo.")
    assert engine.find_followed(OTHER) is None
    engine.supersede(URI, reason="test")
    assert engine.find_followed(URI) is None


@pytest.mark.parametrize("why", ["deadline", "cancel"])
def test_deadline_and_cancel_reach_a_request_that_waits_for_older_work(
    model: SteppingModel, start: Start, why: str
) -> None:
    """It is answered, and the processor is the user's again."""
    engine = start(model)
    engine.submit(ask(b"foo."))
    model.wait_at_gate()
    if why == "deadline":
        engine.settings = replace(ALONE, deadline_ms=10)
    request = ask(b"foo.b")
    future = engine.submit(request)
    if why == "cancel":
        engine.cancel(request)

    assert wait_for(future).outcome == ("empty" if why == "deadline" else "cancelled")
    newer = engine.submit(ask(b"q"))
    model.let_all_through()
    assert wait_for(newer) is not None


def begin_prefetch(model: SteppingModel, engine: Engine) -> None:
    """`bar(x)` is shown after `foo.`, and the model is about to say what comes behind it."""
    first = engine.submit(ask(b"foo."))
    model.step(len(SAID[b"foo."]))
    assert shown(first) == (b"bar(x)", "model")
    assert model.asked == [b"foo.", b"foo.bar(x)"]


def test_the_continuation_is_there_when_a_suggestion_is_accepted(model: SteppingModel, start: Start) -> None:
    """47: the model has worked while the user was reading."""
    engine = start(model, PATIENT)
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
    engine = start(model, PATIENT)
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
    engine = start(model, PATIENT)
    begin_prefetch(model, engine)
    other = engine.submit(ask(b"q", uri=OTHER))
    model.wait_at_gate(n_asked=3)
    model.let_all_through()

    assert shown(other) == (b"r", "model")
    assert model.asked[:3] == [b"foo.", b"foo.bar(x)", b"q"]


def test_one_byte_that_differs_drops_a_prefetch(model: SteppingModel, start: Start) -> None:
    """47: the edit itself aborts it, before anything is asked."""
    engine = start(model, PATIENT)
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
    engine = start(model, PATIENT, states=states)
    model.let_all_through()
    first = wait_for(engine.submit(ask(b"foo.")))
    assert is_failing.wait(PATIENCE_S)
    assert engine.find_last_answer() is first
    # the worker has told whatever it tells before it turns to this
    assert wait_for(engine.submit(ask(b"foo.", uri=OTHER))).middle == b"bar"
    assert [state.state for state in states] == ["loading", "idle"]
    assert engine.find_last_answer(URI) is first


@pytest.mark.parametrize("situation", ["orphan", "prefetch", "attached"])
def test_closing_ends_work_of_every_kind(model: SteppingModel, start: Start, situation: str) -> None:
    """Editors kill a server that does not end."""
    engine = start(model, PATIENT)
    futures = [engine.submit(ask(b"foo."))]
    model.wait_at_gate()
    if situation == "prefetch":
        model.step(len(SAID[b"foo."]))
    elif situation == "orphan":
        engine.change(ask(b"foo.b"))
    else:
        futures.append(engine.submit(ask(b"foo.b")))

    assert engine.close()
    assert all(future.done() for future in futures)
    assert model.closed.is_set()


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_every_request_is_answered_once_with_what_the_model_would_say(seed: int, start: Start) -> None:
    """The schedule is tested step by step elsewhere; here it is threads that come between."""
    chooser = random.Random(seed)
    model = SteppingModel()
    engine = start(model, PATIENT)
    texts: dict[str, tuple[bytes, bytes]] = {URI: (b"x", END), OTHER: (b"x", END)}
    asked = list[tuple[CompletionRequest, Future[Answer]]]()
    n_told: dict[int, int] = {}

    def submit(request: CompletionRequest) -> None:
        number = len(asked)
        future = engine.submit(request)
        asked.append((request, future))
        future.add_done_callback(lambda _: n_told.update({number: n_told.get(number, 0) + 1}))

    for _ in range(300):
        uri = chooser.choice([URI, OTHER])
        prefix, suffix = texts[uri]
        match chooser.randrange(8):
            case 0 | 1:
                texts[uri] = (prefix + expect(prefix, suffix)[: chooser.randrange(1, 9)], suffix)
            case 2:
                texts[uri] = (prefix + chooser.choice([b"+", b"-", b"\n"]), suffix)
            case 3:
                texts[uri] = (prefix[:-1] or b"x", suffix)
            case 4 if asked:
                engine.cancel(asked[-1][0])
            case 5:
                texts[uri] = (prefix, chooser.choice([END, b")" + END]))
            case _:
                submit(ask(*texts[uri], uri=uri))
        if texts[uri] != (prefix, suffix):
            engine.change(ask(*texts[uri], uri=uri))
        model.let_through(chooser.randrange(4))
    model.let_all_through()
    for request, future in asked:
        answer = wait_for(future)
        assert answer.outcome in ("superseded", "cancelled") or answer.middle == expect(request.prefix, request.suffix)

    assert engine.close()
    assert n_told == dict.fromkeys(range(len(asked)), 1)
