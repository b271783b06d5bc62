"""Who waits, what goes on and what is stopped while somebody types: every decision, step by step, without threads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lsp_server.documents.request import CompletionRequest
from lsp_server.suggestion.answer import Answer
from tests.lsp_server.requests import OTHER, ask
from tests.lsp_server.schedule_desk import ALONE, FOO, Desk, say, shown


def test_a_matching_letter_typed_meanwhile_costs_no_second_call() -> None:
    """44: the newer request waits for the work that was begun for the older."""
    desk = Desk(FOO, ALONE)
    older = desk.submit(ask(b"foo."))
    for _ in range(3):
        desk.step()
    desk.change(ask(b"foo.b"))
    newer = desk.submit(ask(b"foo.b"))
    desk.run()

    assert desk.answers[older].outcome == "superseded"
    assert shown(desk, newer) == (b"ar(x)", "typing through")
    assert desk.asked == [b"foo."]


def test_a_letter_that_differs_stops_the_work() -> None:
    """44: what was generated is wrong by now."""
    desk = Desk(FOO, ALONE)
    desk.submit(ask(b"foo."))
    for _ in range(3):
        desk.step()
    newer = desk.submit(ask(b"foo.z"))

    assert desk.schedule.running is not None
    assert desk.schedule.running.is_stopped
    desk.run()
    assert shown(desk, newer) == (b"oo", "model")
    assert desk.asked == [b"foo.", b"foo.z"]


def test_a_contradiction_that_comes_to_light_later_stops_the_work_then() -> None:
    """When the letter was typed, nothing had been generated yet."""
    desk = Desk(FOO, ALONE)
    desk.submit(ask(b"foo."))
    desk.step()
    newer = desk.submit(ask(b"foo.z"))
    assert desk.schedule.running is not None
    assert not desk.schedule.running.is_stopped
    desk.step()

    assert desk.schedule.running.is_stopped
    desk.run()
    assert shown(desk, newer) == (b"oo", "model")


def test_when_all_was_typed_meanwhile_the_model_is_asked_for_what_follows() -> None:
    """Nothing is left to serve."""
    desk = Desk(FOO, ALONE)
    desk.submit(ask(b"foo."))
    desk.step()
    newer = desk.submit(ask(b"foo.bar(x)"))
    desk.run()

    assert shown(desk, newer) == (b"\n    pass", "model")
    assert desk.asked == [b"foo.", b"foo.bar(x)"]


def test_an_edit_that_fits_leaves_an_orphan_whose_suggestion_is_kept() -> None:
    """6.5: the request after the edit is served without the model, even when it comes after the end."""
    desk = Desk(FOO, ALONE)
    older = desk.submit(ask(b"foo."))
    desk.step()
    desk.change(ask(b"foo.b"))
    assert desk.answers[older].outcome == "superseded"
    desk.run()
    newer = desk.submit(ask(b"foo.b"))

    assert shown(desk, newer) == (b"ar(x)", "typing through")
    assert desk.asked == [b"foo."]


@pytest.mark.parametrize("now", [ask(b"foo"), ask(b"foo.z"), ask(b"foo.b", b")\nend\n"), ask(b"goo.")], ids=repr)
def test_an_edit_that_does_not_fit_stops_the_work(now: CompletionRequest) -> None:
    """Deleting, typing something else, editing after the cursor or before: what runs is of no use."""
    desk = Desk(FOO, ALONE)
    desk.submit(ask(b"foo."))
    for _ in range(3):
        desk.step()
    desk.change(now)

    assert desk.schedule.running is not None
    assert desk.schedule.running.is_stopped


def test_the_same_question_again_gets_the_answer_that_was_on_its_way() -> None:
    """Moving the cursor forth and back asks twice; even when there is nothing to offer, once is enough."""
    desk = Desk(say({}), ALONE)
    desk.submit(ask(b"foo."))
    desk.step()
    newer = desk.submit(replace(ask(b"foo."), version=2))
    desk.run()

    assert (desk.answers[newer].outcome, desk.asked) == ("empty", [b"foo."])


def test_work_that_nobody_waits_for_gives_way_to_another_document() -> None:
    """6.5: an orphan may run on only while the machine has nothing better to do."""
    desk = Desk(FOO, ALONE)
    desk.submit(ask(b"foo."))
    desk.step()
    desk.change(ask(b"foo.b"))
    assert desk.schedule.running is not None
    assert not desk.schedule.running.is_stopped
    desk.submit(ask(b"foo.z", uri=OTHER))

    assert desk.schedule.running.is_stopped


def test_work_that_becomes_an_orphan_while_another_document_waits_gives_way_at_once() -> None:
    """The other request was there first."""
    desk = Desk(FOO, ALONE)
    desk.submit(ask(b"foo."))
    desk.step()
    other = desk.submit(ask(b"foo.z", uri=OTHER))
    assert desk.schedule.running is not None
    assert not desk.schedule.running.is_stopped
    desk.change(ask(b"foo.b"))

    assert desk.schedule.running.is_stopped
    desk.run()
    assert shown(desk, other) == (b"oo", "model")


def test_a_newer_request_keeps_its_work_while_another_document_waits() -> None:
    """Without an edit in between, nobody has let go of the work."""
    desk = Desk(FOO, ALONE)
    desk.submit(ask(b"foo."))
    desk.step()
    other = desk.submit(ask(b"foo.z", uri=OTHER))
    newer = desk.submit(ask(b"foo.b"))
    desk.run()

    assert [shown(desk, newer)[0], shown(desk, other)[0]] == [b"ar(x)", b"oo"]
    assert desk.asked == [b"foo.", b"foo.z"]


@pytest.mark.parametrize("outcome", ["cancelled", "empty"])
def test_who_gives_up_while_waiting_for_older_work_stops_it(outcome: str) -> None:
    """Cancelled, or out of time: nobody wants it now."""
    desk = Desk(FOO, ALONE)
    desk.submit(ask(b"foo."))
    desk.step()
    newer = desk.submit(ask(b"foo.b"))
    answer = Answer(outcome="cancelled" if outcome == "cancelled" else "empty", reason="test")
    desk.schedule.give_up(desk.submitted[newer].request, answer)
    desk.collect()

    assert desk.answers[newer] is answer
    assert desk.schedule.running is not None
    assert desk.schedule.running.is_stopped


def test_what_was_cut_short_is_never_offered() -> None:
    """Half a suggestion looks like a whole one."""
    desk = Desk(FOO, ALONE)
    first = desk.submit(ask(b"foo."))
    for _ in range(4):
        desk.step()
    desk.schedule.give_up(desk.submitted[first].request, Answer(outcome="cancelled", reason="test"))
    desk.run()
    again = desk.submit(ask(b"foo.b"))

    assert again not in desk.answers
