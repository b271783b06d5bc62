"""A model that nobody asks for gives its memory back, and comes back when somebody does. Time is moved by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.lsp_server.fake_engine import PATIENCE_S
from tests.lsp_server.staffed_engine import ALONE, StaffedEngine

AFTER_TEN = replace(ALONE, unload_after_minutes=10)


@pytest.fixture
def staffed() -> Iterator[StaffedEngine]:
    """Ready."""
    staffed = StaffedEngine(AFTER_TEN)
    staffed.wait_for("idle")
    yield staffed
    assert staffed.engine.close(timeout_s=PATIENCE_S)


def pass_minutes(staffed: StaffedEngine, n_minutes: float) -> None:
    staffed.now_s += 60 * n_minutes
    staffed.alarms.ring()


def unload(staffed: StaffedEngine) -> None:
    """Returns when it is told."""
    pass_minutes(staffed, 10)
    assert "unloaded" in staffed.wait_for("idle").message


def test_after_so_long_without_a_request_the_memory_is_given_back(staffed: StaffedEngine) -> None:
    """An editor that is left open over night holds no gigabytes."""
    unload(staffed)
    while staffed.models.n_open:  # its thread closes it
        pass

    assert staffed.notices() == []


def test_the_next_request_loads_it_again(staffed: StaffedEngine) -> None:
    """It gets nothing itself, at once, and no message pops up."""
    unload(staffed)
    first = staffed.who_answers()
    staffed.wait_for("loading")
    staffed.wait_for("idle")

    assert first == "model is loading"
    assert staffed.who_answers() == "a"
    assert staffed.notices() == []


def test_an_edit_loads_it_again_before_anybody_asks(staffed: StaffedEngine) -> None:
    """The first suggestion shall not have to wait for it."""
    unload(staffed)
    staffed.engine.wake()
    staffed.wait_for("loading")
    staffed.wait_for("idle")

    assert staffed.who_answers() == "a"


def test_every_request_puts_it_off(staffed: StaffedEngine) -> None:
    """Ten minutes since the last one, not since the first."""
    for _ in range(5):
        pass_minutes(staffed, 6)
        assert staffed.who_answers() == "a"

    assert len(staffed.models.works) == 1
    unload(staffed)


def test_zero_minutes_mean_never(staffed: StaffedEngine) -> None:
    """For machines that have memory to spare."""
    staffed.engine.configure(replace(AFTER_TEN, unload_after_minutes=0))
    pass_minutes(staffed, 10_000)

    assert staffed.who_answers() == "a"
    assert len(staffed.models.works) == 1


def test_another_limit_holds_from_now_on(staffed: StaffedEngine) -> None:
    """Settings take effect when they are changed."""
    staffed.engine.configure(replace(AFTER_TEN, unload_after_minutes=2))
    pass_minutes(staffed, 3)

    assert "unloaded" in staffed.wait_for("idle").message


def test_another_model_chosen_meanwhile_is_loaded(staffed: StaffedEngine) -> None:
    """Whoever chooses a model wants to use it."""
    unload(staffed)
    staffed.engine.configure(replace(AFTER_TEN, model="b"))
    staffed.wait_for("idle")

    assert staffed.who_answers() == "b"


def test_while_suggestions_are_switched_off_it_is_not_loaded_again(staffed: StaffedEngine) -> None:
    """Nobody would see them."""
    unload(staffed)
    staffed.engine.configure(replace(AFTER_TEN, enabled=False))

    assert staffed.who_answers() == "completion is turned off"
    assert len(staffed.models.works) == 1
