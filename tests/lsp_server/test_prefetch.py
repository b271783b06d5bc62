"""What is computed ahead while nobody asks, and that nobody notices but by its speed (behaviours 47 and 48)."""

from __future__ import annotations

import pytest

from lsp_server.documents.request import CompletionRequest
from lsp_server.settings import DEFAULTS
from tests.lsp_server.requests import OTHER, URI, ask
from tests.lsp_server.schedule_desk import ALONE, FOO, Desk, say, shown


def test_after_accepting_the_continuation_is_there() -> None:
    """47: it was computed while the user read the suggestion; the one behind it follows at once."""
    desk = Desk(FOO)
    desk.submit(ask(b"foo."))
    desk.run()
    assert desk.asked == [b"foo.", b"foo.bar(x)"]
    desk.change(ask(b"foo.bar(x)"))
    accepted = desk.submit(ask(b"foo.bar(x)"))

    assert shown(desk, accepted) == (b"\n    pass", "prefetch")
    desk.run()
    assert desk.asked == [b"foo.", b"foo.bar(x)", b"foo.bar(x)\n    pass"]


def test_within_what_was_prefetched_typing_through_goes_on() -> None:
    """Only its very beginning owes its speed to the prefetch."""
    desk = Desk(FOO)
    desk.submit(ask(b"foo."))
    desk.run()
    number = desk.submit(ask(b"foo.bar(x)\n  "))

    assert shown(desk, number) == (b"  pass", "typing through")


def test_only_one_suggestion_is_prefetched_ahead() -> None:
    """Deeper guesses are seldom asked for."""
    desk = Desk(say({b"a" * n: b"a\n" for n in range(1, 9)}))
    desk.submit(ask(b"a"))
    desk.run()

    assert desk.asked == [b"a", b"aa"]


def test_typing_through_a_suggestion_leaves_its_prefetch_alone() -> None:
    """47: what was typed is what the prefetch assumes."""
    desk = Desk(FOO)
    desk.submit(ask(b"foo."))
    while desk.asked != [b"foo.", b"foo.bar(x)"]:
        desk.step()
    for prefix in (b"foo.b", b"foo.ba", b"foo.bar(x"):
        desk.change(ask(prefix))
        desk.submit(ask(prefix))
    desk.run()
    assert desk.asked == [b"foo.", b"foo.bar(x)"]
    accepted = desk.submit(ask(b"foo.bar(x)"))

    assert shown(desk, accepted) == (b"\n    pass", "prefetch")


def test_one_byte_off_and_the_prefetch_is_dropped() -> None:
    """47."""
    desk = Desk(FOO)
    desk.submit(ask(b"foo."))
    while desk.asked != [b"foo.", b"foo.bar(x)"]:
        desk.step()
    desk.change(ask(b"foo.z"))

    assert desk.schedule.running is not None
    assert desk.schedule.running.is_stopped


def test_a_prefetch_that_has_not_begun_is_dropped_as_well() -> None:
    """The edit came while another document kept the model busy."""
    desk = Desk(FOO)
    desk.submit(ask(b"foo."))
    while 0 not in desk.answers:
        desk.step()
    desk.change(ask(b"foo.z"))
    desk.run()

    assert desk.asked == [b"foo."]


def test_a_real_request_stops_a_prefetch_and_goes_first() -> None:
    """47: a prefetch never makes anybody wait."""
    desk = Desk(FOO)
    desk.submit(ask(b"foo."))
    while desk.asked != [b"foo.", b"foo.bar(x)"]:
        desk.step()
    other = desk.submit(ask(b"foo.z", uri=OTHER))
    assert desk.schedule.running is not None
    assert desk.schedule.running.is_stopped
    desk.run()

    assert shown(desk, other) == (b"oo", "model")
    assert desk.asked[:3] == [b"foo.", b"foo.bar(x)", b"foo.z"]


def test_no_prefetch_is_begun_while_a_request_waits() -> None:
    """47."""
    desk = Desk(FOO)
    desk.submit(ask(b"foo."))
    desk.step()
    desk.submit(ask(b"foo.z", uri=OTHER))
    desk.run()

    assert desk.asked == [b"foo.", b"foo.z", b"foo.zoo"]


@pytest.mark.parametrize("in_the_middle", [False, True])
def test_a_request_that_fits_a_running_prefetch_waits_for_it(in_the_middle: bool) -> None:
    """Accepting before it is done must not begin the same work anew."""
    desk = Desk(FOO)
    desk.submit(ask(b"foo."))
    while desk.asked != [b"foo.", b"foo.bar(x)"]:
        desk.step()
    prefix = b"foo.bar(x)\n " if in_the_middle else b"foo.bar(x)"
    desk.change(ask(prefix))
    number = desk.submit(ask(prefix))
    assert number not in desk.answers
    while number not in desk.answers:
        desk.step()

    assert shown(desk, number) == ((b"   pass", "typing through") if in_the_middle else (b"\n    pass", "prefetch"))
    assert "wait" in desk.answers[number].timings_ms
    assert desk.asked == [b"foo.", b"foo.bar(x)"]


def test_an_empty_continuation_is_not_computed_again_and_again() -> None:
    """It is known to be empty; but it is never an answer, since a request may find more."""
    desk = Desk(say({b"foo.": b"bar\n"}))
    desk.submit(ask(b"foo."))
    desk.run()
    for prefix in (b"foo.b", b"foo.ba", b"foo."):
        desk.submit(ask(prefix))
        desk.run()
    assert desk.asked == [b"foo.", b"foo.bar"]
    asked = desk.submit(ask(b"foo.bar"))
    desk.run()

    assert desk.answers[asked].outcome == "empty"
    assert desk.answers[asked].served_by == "model"
    assert desk.asked == [b"foo.", b"foo.bar", b"foo.bar"]


@pytest.mark.parametrize("asked", [ask(b"foo."), ask(b"foo.", replaced="é".encode())], ids=["off", "inside"])
def test_without_the_setting_or_inside_a_character_nothing_is_prefetched(asked: CompletionRequest) -> None:
    """The first saves power; in the second, what would be accepted is a whole character."""
    desk = Desk(FOO, DEFAULTS if asked.replaced else ALONE)
    desk.submit(asked)
    desk.run()

    assert desk.asked == [b"foo."]


def test_settings_that_changed_since_keep_a_prefetch_from_beginning() -> None:
    """Nobody could be served from it."""
    desk = Desk(FOO)
    desk.submit(ask(b"foo."))
    while 0 not in desk.answers:
        desk.step()
    desk.settings = ALONE
    desk.run()

    assert desk.asked == [b"foo."]


def test_a_prefetch_is_never_the_last_answer() -> None:
    """`bytefim/why` tells of requests."""
    desk = Desk(FOO)
    number = desk.submit(ask(b"foo."))
    desk.run()

    assert desk.schedule.find_last_answer(URI) is desk.answers[number]
    assert desk.schedule.find_last_answer(None) is desk.answers[number]


def test_a_changed_suffix_is_served_by_nothing_that_was_computed_before() -> None:
    """48: neither a suggestion, nor a prefetch, nor what runs."""
    desk = Desk(FOO)
    desk.submit(ask(b"foo."))
    desk.run()
    for prefix in (b"foo.b", b"foo.bar(x)"):
        assert desk.submit(ask(prefix, b")\nend\n")) not in desk.answers


def test_a_closed_document_takes_everything_along() -> None:
    """Another file may be opened under the same name."""
    desk = Desk(FOO)
    desk.submit(ask(b"foo."))
    while desk.asked != [b"foo.", b"foo.bar(x)"]:
        desk.step()
    desk.schedule.forget(URI, reason="test")
    desk.run()

    assert desk.schedule.find_last_answer(URI) is None
    assert desk.schedule.find_followed(URI) is None
    assert desk.submit(ask(b"foo.bar(x)")) not in desk.answers
