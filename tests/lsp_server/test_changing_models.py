"""Another model is chosen while one works: nothing is lost, and one that cannot be loaded changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace

import pytest

from byte_fim.errors import BadModelFile
from lsp_server.engine.staff import Staff
from lsp_server.model.worker import CannotLoad, Ready
from lsp_server.suggestion.answer import Answer
from tests.lsp_server.fake_engine import PATIENCE_S, FakeModel
from tests.lsp_server.staffed_engine import ALONE, StaffedEngine

OTHER = replace(ALONE, model="b")
Start = Callable[..., StaffedEngine]


@pytest.fixture
def start() -> Iterator[Start]:
    """Engines with the model `a` at work, closed at the end."""
    started: list[StaffedEngine] = []

    def start(*, has_room: bool = True) -> StaffedEngine:
        started.append(StaffedEngine(has_room=has_room))
        started[-1].wait_for("idle")
        return started[-1]

    yield start
    for staffed in started:
        assert staffed.engine.close(timeout_s=PATIENCE_S)
        assert staffed.models.n_open == 0


def ask_and_hold(staffed: StaffedEngine) -> tuple[Future[Answer], threading.Event]:
    """What `a` is asked and works on, and what lets it answer."""
    asked, may_answer = threading.Event(), threading.Event()

    def script(prefix: bytes) -> bytes:
        asked.set()
        assert may_answer.wait(PATIENCE_S)
        return b"lt"

    staffed.models.works[0].fake.script = script
    answered = staffed.ask()
    assert asked.wait(PATIENCE_S)
    return answered, may_answer


def test_the_old_model_answers_until_the_new_one_is_ready(start: Start) -> None:
    """A large model takes a minute to load, and that minute is worked in."""
    staffed = start()
    held = staffed.models.hold("b")
    staffed.engine.configure(OTHER)
    loading = staffed.wait_for("loading")
    meanwhile = staffed.who_answers()
    held.set()
    staffed.wait_for("idle")

    assert (meanwhile, loading.model) == ("a", "a")
    assert staffed.who_answers() == "b"
    assert staffed.notices() == []


def test_the_answer_in_flight_is_given_by_the_model_that_was_asked(start: Start) -> None:
    """The new one takes over between two answers, never in one."""
    staffed = start()
    answered, may_answer = ask_and_hold(staffed)
    staffed.engine.configure(OTHER)
    staffed.wait_for("loading")
    assert not answered.done()
    may_answer.set()

    assert answered.result(PATIENCE_S).middle == b"lt"
    staffed.wait_for("idle")
    assert staffed.who_answers() == "b"


def test_without_room_for_both_the_old_one_leaves_first(start: Start) -> None:
    """Two at once would send the machine to its swap space, or one of the two to its end."""
    staffed = start(has_room=False)
    held = staffed.models.hold("b")
    staffed.engine.configure(OTHER)
    assert staffed.models.load_begun.get(timeout=PATIENCE_S).model == "a"
    assert staffed.models.load_begun.get(timeout=PATIENCE_S).model == "b"
    meanwhile = staffed.who_answers()
    held.set()
    staffed.wait_for("idle")

    assert meanwhile == "model is loading"
    assert staffed.who_answers() == "b"
    assert staffed.models.most_open == 1


def test_without_room_the_answer_in_flight_is_waited_for(start: Start) -> None:
    """Whoever has asked already does not pay for the change."""
    staffed = start(has_room=False)
    answered, may_answer = ask_and_hold(staffed)
    staffed.engine.configure(OTHER)
    may_answer.set()

    assert answered.result(PATIENCE_S).middle == b"lt"
    assert staffed.wait_for("idle").model == "b"


@pytest.mark.parametrize("has_room", [True, False])
def test_a_model_that_cannot_be_loaded_leaves_the_old_one_at_work(start: Start, has_room: bool) -> None:
    """A slip of the pen in a setting must not cost the suggestions; one message says what was wrong."""
    staffed = start(has_room=has_room)
    staffed.models.shortcomings.append((lambda settings: settings.model == "b", BadModelFile("b is empty; fetch it.")))
    staffed.engine.configure(OTHER)
    staffed.wait_for("loading")
    state = staffed.wait_for("idle")

    assert state.model == "a"
    assert staffed.who_answers() == "a"
    assert staffed.notices() == ["b is empty; fetch it. a goes on."]


def test_of_two_changes_the_later_one_wins(start: Start) -> None:
    """Whoever tries models one after the other does not wait for each."""
    staffed = start()
    held = staffed.models.hold("b")
    staffed.engine.configure(OTHER)
    staffed.wait_for("loading")
    staffed.engine.configure(replace(ALONE, model="c"))
    held.set()

    assert staffed.wait_for("idle").model == "c"
    assert staffed.who_answers() == "c"
    assert staffed.notices() == []


def test_who_does_not_want_to_wait_keeps_the_old_model(start: Start) -> None:
    """The editor shows the loading with a button to cancel it."""
    staffed = start()
    held = staffed.models.hold("b")
    staffed.engine.configure(OTHER)
    staffed.wait_for("loading")
    staffed.engine.stop_loading()
    held.set()

    assert staffed.wait_for("idle").model == "a"
    assert staffed.who_answers() == "a"


def test_who_was_told_to_leave_does_not_count_as_staying() -> None:
    """Cancelled after the old model had to make room, and before it has gone: there is none, and people hear so."""
    staff = Staff(make_worker=FakeModel().worker, employ=lambda hired: None)
    staff.start_over(ALONE)
    old = staff.coming
    assert old is not None
    staff.take_over(old, Ready("a", uses_devices=False))
    staff.change(OTHER)
    staff.make_room()
    state = staff.stop_coming()
    staff.leave(old)

    assert state is not None
    assert state.state == "off"
    assert staff.why_not.startswith("loading was stopped; ")


def test_a_restart_begins_at_once_and_with_the_settings_in_force(start: Start) -> None:
    """It is asked for when a model hangs, so it waits for nobody's answer."""
    staffed = start()
    answered = staffed.ask("WAIT")
    assert staffed.models.works[0].fake.waiting.wait(PATIENCE_S)
    staffed.engine.restart()

    assert answered.result(PATIENCE_S).reason == "model is loading"
    staffed.wait_for("idle")
    assert staffed.who_answers() == "a"
    assert staffed.models.most_open == 1


def test_other_settings_change_nothing_about_the_model(start: Start) -> None:
    """Editors send all settings whenever one of them changes."""
    staffed = start()
    staffed.engine.configure(replace(ALONE, max_tokens=5, layout="psm"))

    assert staffed.who_answers() == "a"
    assert len(staffed.models.works) == 1


def test_a_change_while_the_first_model_loads_is_a_change(start: Start) -> None:
    """Editors tell their settings a moment after they have started the server."""
    staffed = StaffedEngine()
    staffed.models.shortcomings.append((lambda settings: settings.model == "a", CannotLoad("unused")))
    staffed.engine.configure(OTHER)

    assert staffed.wait_for("idle").model == "b"
    assert staffed.who_answers() == "b"
    assert staffed.engine.close()
