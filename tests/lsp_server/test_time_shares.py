"""The time of a request is shared among models: who is too slow drops out, and nobody else."""

from __future__ import annotations

import pytest

from byte_fim.errors import DecodeAborted
from tests.lsp_server.members import BEGUN, SAID, SETTINGS, Parrot, Table, best, say, told
from tests.lsp_server.requests import ask

TIME_S = 0.8  # of a request: four fifths of the deadline


def test_a_member_whose_part_of_the_time_is_used_up_drops_out_in_the_midst() -> None:
    """It is stopped while it evaluates; the others have their time left, and what it knew is kept for the next key."""
    slow = Parrot(SAID)
    table = Table(Parrot(SAID), slow)
    slow.before = lambda: table.take(TIME_S / 2)
    said = say(table)

    assert best(said).middle == b"lt = 1"
    assert [name for name, _ in told(said).dropped] == ["b"]
    assert "needs more than its part of the time, 400 ms" in told(said).dropped[0][1]
    assert slow.n_asked == 1
    assert not slow.is_aborted


def test_a_member_that_is_slow_byte_by_byte_is_not_asked_for_more() -> None:
    """No evaluation is long, but together they are."""
    slow = Parrot(SAID)
    table = Table(Parrot(SAID), slow)
    slow.before = lambda: table.take(0.15)
    said = say(table)

    assert slow.n_asked == 3
    assert best(said).middle == b"lt = 1"
    assert [name for name, _ in told(said).dropped] == ["b"]


def test_the_last_one_is_never_too_slow() -> None:
    """A late answer is for the deadline to judge; who would take its place?"""
    slow, broken = Parrot(SAID), Parrot(SAID)
    broken.is_broken = True
    table = Table(broken, slow)
    slow.before = lambda: table.take(0.1)
    said = say(table)

    assert best(said).middle == b"lt = 1"
    assert [name for name, _ in told(said).dropped] == ["a"]


def test_what_was_said_by_the_end_of_the_time_is_offered() -> None:
    """Better half a line than nothing at the deadline."""
    members = [Parrot(SAID), Parrot(SAID)]
    table = Table(*members)
    for each in members:
        each.before = lambda: table.take(0.09)
    said = say(table)

    assert best(said).stop_reason == "deadline"
    assert SAID.removeprefix(BEGUN).startswith(best(said).middle)
    assert 0 < len(best(said).middle) < len(b"lt = 1")


def test_an_abort_wins_over_slowness() -> None:
    """Whoever is stopped by the engine while his time runs out was stopped by the engine."""
    slow = Parrot(SAID)
    table = Table(Parrot(SAID), slow)

    def both() -> None:
        table.take(TIME_S)
        table.speaker.set_abort(True)

    slow.before = both
    with pytest.raises(DecodeAborted):
        say(table)


def test_an_alarm_of_an_earlier_request_hits_nobody() -> None:
    """It cannot be called off."""
    slow = Parrot(SAID)
    table = Table(Parrot(SAID), slow)
    say(table)
    slow.n_asked = 0
    slow.before = lambda: table.take(0.3)
    said = say(table, b"res")

    assert [name for name, _ in told(said).dropped] == ["b"]
    assert slow.n_asked == 2


def test_between_requests_nobody_is_too_slow() -> None:
    """A prompt that is laid out while nobody waits has all the time there is, also after a request that had not."""
    slow = Parrot(SAID)
    table = Table(Parrot(SAID), slow)
    slow.before = lambda: table.take(TIME_S)

    assert [name for name, _ in told(say(table)).dropped] == ["b"]
    table.speaker.lay_out_anew(ask(BEGUN, b""), SETTINGS, should_stop=lambda: None)
    slow.before = lambda: None

    assert slow.n_asked == 2
    assert told(say(table)).dropped == ()
