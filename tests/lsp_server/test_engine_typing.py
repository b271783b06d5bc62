"""The worker while people type: what runs goes on, stops, or is computed ahead. Every token waits for the test."""

from __future__ import annotations

import random
from concurrent.futures import Future
from dataclasses import replace

import pytest

from lsp_server.documents.request import CompletionRequest
from lsp_server.suggestion.answer import Answer
from tests.lsp_server.engines import ALONE, Start, wait_for
from tests.lsp_server.requests import END, OTHER, URI, ask
from tests.lsp_server.stepping_engines import SAID, WITH_PREFETCH, shown
from tests.lsp_server.stepping_model import SteppingModel, expect


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
        engine.configure(replace(ALONE, deadline_ms=10))
    request = ask(b"foo.b")
    future = engine.submit(request)
    if why == "cancel":
        engine.cancel(request)

    assert wait_for(future).outcome == ("empty" if why == "deadline" else "cancelled")
    newer = engine.submit(ask(b"q"))
    model.let_all_through()
    assert wait_for(newer) is not None


@pytest.mark.parametrize("situation", ["orphan", "prefetch", "attached"])
def test_closing_ends_work_of_every_kind(model: SteppingModel, start: Start, situation: str) -> None:
    """Editors kill a server that does not end."""
    engine = start(model, WITH_PREFETCH)
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
    engine = start(model, WITH_PREFETCH)
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
        expected = expect(request.prefix, request.suffix)
        # what was begun where several lines are allowed stays as long, when it is typed through to where one is
        is_expected = answer.middle.startswith(expected) or (answer.middle and expected.startswith(answer.middle))
        assert answer.outcome in ("superseded", "cancelled") or is_expected

    assert engine.close()
    assert n_told == dict.fromkeys(range(len(asked)), 1)
