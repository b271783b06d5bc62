"""The engine: who wins, who is stopped, and that everybody is answered. Events instead of time."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from byte_fim.complete import CompleteOptions, complete
from byte_fim.errors import ModelFailed
from byte_fim.fim import FimFormat
from byte_fim.reference import ToyModel
from lsp_server.engine.engine import Engine
from lsp_server.model.loading import LoadedModel
from lsp_server.model.work import ModelWork
from lsp_server.settings import Settings
from lsp_server.suggestion.trimming import Trimmer
from tests.lsp_server.engines import Start, wait_for
from tests.lsp_server.fake_engine import PATIENCE_S, WAIT, FakeModel
from tests.lsp_server.requests import OTHER, URI, ask


def test_an_answer_is_trimmed_and_says_how_it_came_about(fake: FakeModel, start: Start) -> None:
    """`bytefim/why` returns all of it."""
    answer = wait_for(start(fake).submit(ask()))

    assert (answer.outcome, answer.middle, answer.layout) == ("shown", b"lt = 1", "plain")
    assert answer.tokens == {
        "prompt": 2,
        "reused": 7,
        "decoded": 6,
        "cover_rows": 4,
        "generated": 3,
        "drafted": 0,
        "accepted": 0,
        "decode_calls": 5,
        "context": 0,
    }
    assert answer.missing_mass == {"noncanonical": 0.0, "pruned": 0.25}
    assert set(answer.timings_ms) == {"queue", "complete"}


def test_typing_through_a_suggestion_asks_no_model(fake: FakeModel, start: Start) -> None:
    """The next letters are there before the key is up, and deleting them brings the longer suggestion back."""
    engine = start(fake)
    wait_for(engine.submit(ask(b"resu")))
    served = [wait_for(engine.submit(ask(prefix, version=2))) for prefix in (b"resul", b"result =", b"resu")]

    assert [answer.middle for answer in served] == [b"t = 1", b" 1", b"lt = 1"]
    assert {answer.tokens["decode_calls"] for answer in served} == {0}
    assert fake.asked == [b"resu"]


def test_typing_against_a_suggestion_asks_the_model_again(fake: FakeModel, start: Start) -> None:
    """A suggestion that does not fit any more is never shown."""
    engine = start(fake)
    wait_for(engine.submit(ask(b"resu")))
    wait_for(engine.submit(ask(b"resum", version=2)))

    assert fake.asked == [b"resu", b"resum"]


def test_a_closed_document_takes_its_suggestions_along(fake: FakeModel, start: Start) -> None:
    """Another file may be opened under the same name."""
    engine = start(fake)
    wait_for(engine.submit(ask(b"resu")))
    engine.forget(URI)
    wait_for(engine.submit(ask(b"resul")))

    assert fake.asked == [b"resu", b"resul"]


def test_a_newer_request_of_the_document_stops_the_running_one(fake: FakeModel, start: Start) -> None:
    """Neovim never cancels while typing; without this the queue grows with every key."""
    engine = start(fake)
    older = engine.submit(ask(WAIT))
    assert fake.waiting.wait(PATIENCE_S)
    newer = engine.submit(ask(version=2))

    assert wait_for(older).outcome == "superseded"
    assert wait_for(newer).outcome == "shown"


def test_a_newer_request_of_the_document_replaces_the_queued_one(fake: FakeModel, start: Start) -> None:
    """Only the newest text is worth an evaluation."""
    engine = start(fake)
    busy = engine.submit(ask(WAIT, uri=OTHER))
    assert fake.waiting.wait(PATIENCE_S)
    older, newer = engine.submit(ask(b"older")), engine.submit(ask(b"newer"))
    engine.supersede(OTHER, reason="test")

    assert [wait_for(f).outcome for f in (busy, older, newer)] == ["superseded", "superseded", "shown"]
    assert fake.asked == [WAIT, b"newer"]


def test_a_request_of_another_document_waits_its_turn(fake: FakeModel, start: Start) -> None:
    """Two windows do not supersede each other."""
    engine = start(fake)
    first = engine.submit(ask(WAIT, uri=OTHER))
    assert fake.waiting.wait(PATIENCE_S)
    second = engine.submit(ask())

    assert not first.done()
    engine.supersede(OTHER, reason="test")
    assert wait_for(second).outcome == "shown"


def test_of_several_documents_the_one_asked_about_last_comes_first(fake: FakeModel, start: Start) -> None:
    """It is the one that the user looks at."""
    engine = start(fake)
    engine.submit(ask(WAIT, uri=OTHER))
    assert fake.waiting.wait(PATIENCE_S)
    earlier, later = engine.submit(ask(b"earlier", uri="file:///c.py")), engine.submit(ask(b"later"))
    engine.supersede(OTHER, reason="test")

    assert [wait_for(earlier).outcome, wait_for(later).outcome] == ["shown", "shown"]
    assert fake.asked == [WAIT, b"later", b"earlier"]


def test_an_edit_makes_what_runs_for_the_document_void(fake: FakeModel, start: Start) -> None:
    """A stale answer is never shown."""
    engine = start(fake)
    future = engine.submit(ask(WAIT))
    assert fake.waiting.wait(PATIENCE_S)
    engine.supersede(URI, reason="the document changed")

    assert (wait_for(future).outcome, wait_for(future).reason) == ("superseded", "the document changed")


def test_a_cancelled_request_is_answered_and_its_decode_stops(fake: FakeModel, start: Start) -> None:
    """The processor belongs to the user, too."""
    engine = start(fake)
    request = ask(WAIT)
    future = engine.submit(request)
    assert fake.waiting.wait(PATIENCE_S)
    engine.cancel(request)

    assert wait_for(future).outcome == "cancelled"
    assert wait_for(engine.submit(ask())).outcome == "shown"


def test_the_abort_of_one_request_does_not_hit_the_next(fake: FakeModel, start: Start) -> None:
    """The flag is armed anew before each request."""
    engine = start(fake)
    for version in range(5):
        future = engine.submit(ask(WAIT, version=version))
        assert fake.waiting.wait(PATIENCE_S)
        engine.supersede(URI, reason="test")
        assert wait_for(future).outcome == "superseded"
        assert wait_for(engine.submit(ask(uri=OTHER))).outcome == "shown"


def test_the_deadline_ends_even_the_evaluation_of_a_prompt(fake: FakeModel, start: Start) -> None:
    """The model cannot poll while it evaluates; only the abort reaches it."""
    engine = start(fake, Settings(deadline_ms=10))
    answer = wait_for(engine.submit(ask(WAIT)))

    assert (answer.outcome, answer.middle) == ("empty", b"")
    assert "deadline_ms" in answer.reason
    assert wait_for(engine.submit(ask(uri=OTHER))) is not None


def test_the_deadline_counts_for_what_is_queued(start: Start) -> None:
    """Behind a model that heeds no abort, requests must be answered still."""
    release, entered = threading.Event(), threading.Event()

    class Deaf(FakeModel):
        def complete(self, *arguments: object, **options: object) -> object:  # type: ignore[override]
            entered.set()
            assert release.wait(PATIENCE_S)
            raise ModelFailed("gone")

    engine = start(Deaf(), Settings(deadline_ms=10))
    running = engine.submit(ask())
    assert entered.wait(PATIENCE_S)
    queued = engine.submit(ask(uri=OTHER))
    try:
        assert [wait_for(running).outcome, wait_for(queued).outcome] == ["empty", "empty"]
    finally:
        release.set()


def test_when_turned_off_nothing_is_asked(fake: FakeModel, start: Start) -> None:
    """`bytefim.toggle` must silence the server at once."""
    engine = start(fake)
    engine.configure(replace(engine.settings, enabled=False))

    assert wait_for(engine.submit(ask())).reason == "completion is turned off"
    assert fake.asked == []


def test_the_last_decision_is_remembered_per_document_until_it_is_closed(fake: FakeModel, start: Start) -> None:
    """`bytefim/why` asks for it afterwards."""
    engine = start(fake)
    first, second = wait_for(engine.submit(ask(uri=URI))), wait_for(engine.submit(ask(uri=OTHER)))

    assert engine.find_last_answer(URI) is first
    assert engine.find_last_answer() is second
    engine.forget(URI)
    assert engine.find_last_answer(URI) is None


def test_a_character_that_stands_there_already_is_not_offered(start: Start) -> None:
    """The cursor was inside it, and the model finished it as it is."""
    engine = start(FakeModel(lambda prefix: b"\xa9\n"))
    request = replace(ask(b"x\xc3"), replaced="é".encode(), n_replaced_before_cursor=1, replace_start=1, replace_end=3)

    assert wait_for(engine.submit(request)).reason == "the character stands there already"


def test_a_request_is_one_log_line_without_source_text(
    fake: FakeModel, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """People send us their logs."""
    with caplog.at_level(logging.INFO, logger="lsp_server"):
        wait_for(start(fake).submit(ask(b"secret_name")))
    lines = [record.getMessage() for record in caplog.records if record.getMessage().startswith("request ")]

    assert len(lines) == 1
    assert "outcome=shown" in lines[0]
    assert "complete_ms=" in lines[0]
    assert "secret_name" not in caplog.text
    assert "lt = 1" not in caplog.text


def test_the_engine_asks_the_real_completion_as_it_is_meant_to_be_asked() -> None:
    """The fake above must not hide that names or options have changed."""
    model, fim = ToyModel([(b"a", b"b")], seed=3), FimFormat(None, None, None)
    loaded = LoadedModel(
        name="toy",
        path=Path("toy"),
        model=model,
        fim=fim,
        layout="plain",
        cut="word",
        set_abort=lambda is_set: None,
        facts={},
    )
    is_ready = threading.Event()
    settings = Settings(max_tokens=4, deadline_ms=60_000)
    engine = Engine(
        lambda: ModelWork(lambda *_: loaded),
        settings,
        on_state=lambda state: is_ready.set() if state.state == "idle" else None,
    )
    assert is_ready.wait(PATIENCE_S)
    answer = wait_for(engine.submit(ask(b"abc a", b"")))
    options = CompleteOptions(layout="plain", cut="word", max_tokens=4)
    cut = Trimmer().of(ask(b"abc a", b""))
    expected = complete(model, fim, b"abc a", b"", options=options, find_end=cut.find_end)

    assert answer.middle == cut.trim(expected.alternatives[0].middle, is_whole=True).middle
    assert answer.tokens["prompt"] == len(expected.stem_tokens)
    assert engine.close()
