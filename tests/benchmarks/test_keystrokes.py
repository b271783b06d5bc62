"""The replay of typing traces: that it types what it should, and that the judge sees what is stale."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

import pytest

from benchmarks.keystrokes import count_work, measure_latency
from benchmarks.replay import Keystroke, Kind, Replay, is_stale, judge_fate
from benchmarks.typing_trace import Event, Trace, read_traces
from lsp_server.documents.request import CompletionRequest
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer
from tests.lsp_server.requests import ask

TRACES = read_traces()
Say = Callable[[CompletionRequest], bytes]


class Parrot:
    """A worker that answers at once, without a model."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self.n_superseded = 0

    def submit(self, request: CompletionRequest) -> Future[Answer]:
        answered: Future[Answer] = Future()
        middle = self._say(request)
        answered.set_result(Answer(outcome="shown" if middle else "empty", reason="", middle=middle))
        return answered

    def supersede(self, uri: str, *, reason: str) -> None:
        self.n_superseded += 1

    def wake(self) -> None:
        """It never sleeps."""

    def find_followed(self, uri: str) -> CompletionRequest | None:
        return None

    def change(self, continued: CompletionRequest) -> None:
        raise AssertionError("nothing was said to be followed")


class Laggard(Parrot):
    """Holds its first answer back until it is asked again, and does not care what is superseded."""

    def __init__(self) -> None:
        super().__init__(lambda request: b"late")
        self._first: Future[Answer] | None = None

    def submit(self, request: CompletionRequest) -> Future[Answer]:
        answered = super().submit(request)
        if self._first is None:
            self._first = Future()
            return self._first
        if not self._first.done():
            self._first.set_result(Answer(outcome="shown", reason="", middle=b"too late"))
        return answered


def say_the_rest_of_the_line(trace: Trace) -> Say:
    """Somebody who knows how the trace ends."""
    lines = trace.final_text().split(b"\n")

    def say(request: CompletionRequest) -> bytes:
        begun = request.prefix.rpartition(b"\n")[2]
        return next((line[len(begun) :] for line in lines if line.startswith(begun)), b"")

    return say


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.name)
@pytest.mark.parametrize("is_paced", [True, False])
def test_a_replay_ends_alike_whatever_is_suggested(trace: Trace, is_paced: bool) -> None:
    """The replay itself checks its text and the server's mirror of it at the end."""
    sayings: list[Say] = [lambda request: b"", lambda request: b"nonsense", say_the_rest_of_the_line(trace)]
    replays = [Replay(trace, Parrot(say), Settings()) for say in sayings]
    silent, misled, helped = [replay.run_paced(0.0) if is_paced else replay.run_awaiting() for replay in replays]

    n_pressed = sum(event.do != "accept" for event in trace.events)
    assert len(silent) == len(misled) == n_pressed
    assert len(helped) < n_pressed
    assert sum(key.kind == "accept" for key in helped) > 0
    assert not any(key.is_stale for key in [*silent, *misled, *helped])


def test_an_edit_supersedes_and_a_jump_does_not() -> None:
    """As in the server: a jump sends no change."""
    events = (Event(do="jump", to=1, pause_ms=1), Event(do="type", text="x", pause_ms=1))
    worker = Parrot(lambda request: b"")
    keys = Replay(Trace("t", "ab", events), worker, Settings()).run_awaiting()

    assert worker.n_superseded == 1
    assert [(key.request.version, key.request.prefix, key.request.suffix) for key in keys] == [
        (1, b"a", b"b"),
        (2, b"ax", b"b"),
    ]


def test_each_keystroke_is_of_the_kind_that_people_mean() -> None:
    """What costs nothing while typing on may cost a prompt after a jump."""
    do = {"t": ("type", "x"), "d": ("delete", ""), "j": ("jump", "")}
    events = [Event(do=do[key][0], text=do[key][1], n=1, to=3, pause_ms=1) for key in "jttdtj"]  # type: ignore[arg-type]
    keys = Replay(Trace("t", "abcdef", tuple(events)), Parrot(lambda request: b""), Settings()).run_awaiting()

    expected: list[Kind] = ["jump", "typing anew", "typing on", "deletion", "typing anew", "jump"]
    assert [key.kind for key in keys] == expected


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (ask(b"ab", b"cd"), False),
        (ask(b"b", b"c", cursor_offset_bytes=2), False),  # cut to what the settings allow
        (ask(b"a", b"bcd"), True),
        (ask(b"ax", b"cd"), True),
        (ask(b"ab", b"cx"), True),
        (ask(b"", b"", cursor_offset_bytes=1), True),
    ],
)
def test_an_answer_is_stale_unless_asked_for_this_text_and_cursor(request_: CompletionRequest, expected: bool) -> None:
    """The judge of what was shown must not believe the engine."""
    assert is_stale(request_, b"abcd", 2) is expected


def test_a_stale_answer_that_reaches_the_user_is_counted() -> None:
    """The cursor has moved on without an edit, and nobody has superseded the old question."""
    events = tuple(Event(do="jump", to=to, pause_ms=1) for to in (1, 3, 2))
    figures = measure_latency(Replay(Trace("t", "abcd", events), Laggard(), Settings()).run_paced(0.0))

    assert (figures["stale_shown"], figures["shown"], figures["superseded"]) == (1, 3, 0)


def test_an_answer_to_an_older_version_is_late_and_not_shown() -> None:
    """The server drops it, so the user cannot see it."""
    events = tuple(Event(do="type", text=text, pause_ms=1) for text in "xyz")
    figures = measure_latency(Replay(Trace("t", "", events), Laggard(), Settings()).run_paced(0.0))

    assert (figures["stale_shown"], figures["shown"], figures["late"]) == (0, 2, 1)


def test_what_the_engine_marks_superseded_is_nobody_s_answer() -> None:
    """It has no latency and is not shown, whatever the version."""
    key = Keystroke("jump", ask(), 0.0, 1.0, Answer(outcome="superseded", reason=""))

    assert judge_fate(key, version=1) == judge_fate(key, version=2) == "superseded"
    assert measure_latency([key])["p50_ms"] is None


def test_a_request_that_the_model_failed_is_told_of() -> None:
    """It would pass for a keystroke that cost nothing."""
    failed = Answer(outcome="empty", reason="The cache is full.")
    said_nothing = Answer(outcome="empty", reason="the model ended", tokens={"decoded": 3, "generated": 1})
    keys = [Keystroke("jump", ask(), 0.0, 0.0, answer) for answer in (failed, said_nothing, failed)]

    assert count_work(keys)["failures"] == {"The cache is full.": 2}


def test_work_is_counted_by_kind_and_by_whether_the_model_was_asked() -> None:
    """A mean over keystrokes that cost nothing hides those that cost a prompt."""

    def key(kind: Kind, decoded: int, generated: int, **answer: str) -> Keystroke:
        tokens = {"decoded": decoded, "generated": generated}
        return Keystroke(kind, ask(), 0.0, 0.0, Answer(outcome="shown", reason="", tokens=tokens, **answer))  # type: ignore[arg-type]

    keys = [key("jump", 30, 6), key("typing on", 7, 6), key("typing on", 0, 0, served_by="typing through")]
    figures = count_work(keys)
    by_kind = figures["excess_by_kind"]

    assert figures["decoded_per_keystroke_excess_mean"] == pytest.approx(1 / 2)
    assert figures["any_keystroke_excess_mean"] == pytest.approx(25 / 3)
    assert figures["model_excess_mean"] == pytest.approx(25 / 2)
    assert isinstance(by_kind, dict)
    assert by_kind["typing on"] == {
        "keystrokes": 2,
        "mean": 0.5,
        "model_keystrokes": 1,
        "model_mean": 1,
        "model_p95": 1,
    }
    assert by_kind["deletion"]["mean"] is None
