"""The typing traces: what their files promise, and that they can be made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.traces.make import DOCUMENTS, PLANS, Plan, make_trace
from benchmarks.typing_trace import FOLDER, Editor, Event, Trace, read_trace, read_traces, write_trace

FILES = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_trace_is_small_and_does_what_people_do(path: Path) -> None:
    """Figures about deleting and jumping mean nothing without deletions and jumps."""
    done = [event.do for event in read_trace(path).events]

    assert path.stat().st_size <= 10_000
    assert 60 <= len(done) - done.count("accept") <= 150
    assert {"type", "jump", "accept"} <= set(done)
    assert done.count("jump") >= 2


def test_some_errors_are_corrected() -> None:
    """Backspace is a key like any other."""
    assert sum(event.do == "delete" for trace in read_traces() for event in trace.events) > 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_event_can_be_done(path: Path) -> None:
    """A cursor inside a character or a deletion across a line break would be another test than the one meant."""
    trace = read_trace(path)
    editor = Editor(trace.document)
    for event in trace.events:
        before, after = editor.text[: editor.cursor_bytes].decode(), editor.text[editor.cursor_bytes :].decode()
        editor.apply(event)
        assert before + after
        assert event.pause_ms > 0
        assert "\n" not in before[len(before) - event.n :]
        assert event.do != "type" or len(event.text.lstrip("\n ") or event.text[:1]) == 1
        assert 0 <= editor.cursor_bytes <= len(editor.text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_look_announces_the_text_that_is_typed_next(path: Path) -> None:
    """Only then is the end the same whatever was suggested and accepted."""
    events = read_trace(path).events
    for i, event in enumerate(events):
        following: list[str] = []
        for later in events[i + 1 :]:
            if later.do not in ("type", "accept") or len("".join(following)) >= len(event.text):
                break
            following += [later.text] * (later.do == "type")
        assert event.do != "accept" or "".join(following) == event.text


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_a_trace_ends_with_the_document_it_was_made_from(plan: Plan) -> None:
    """Typed again, byte for byte, errors corrected."""
    text = "\n\n".join((DOCUMENTS / name).read_text(encoding="utf-8") for name in plan.sources)

    assert read_trace(FOLDER / f"{plan.name}.json").final_text() == text.encode()


def test_the_traces_can_be_made_again_byte_for_byte() -> None:
    """What is measured can be reproduced, and nobody has edited a trace by hand."""
    made = {f"{plan.name}.json": write_trace(make_trace(plan)).encode() for plan in PLANS}

    assert made == {path.name: path.read_bytes() for path in FILES}, "run benchmarks/traces/make.py"


def play(suggestion: bytes, *, accepts: str) -> tuple[bytes, list[bool]]:
    """Type "a", look, type "bcd": the text, and which events did something."""
    texts = [Event(do="type", text=text, pause_ms=1) for text in "abcd"]
    editor = Editor("")
    look = Event(do="accept", text=accepts, pause_ms=1)
    done = [editor.apply(event, suggestion=suggestion) is not None for event in (texts[0], look, *texts[1:])]
    return editor.text, done


def test_an_accepted_suggestion_spares_the_keys_that_it_types() -> None:
    """Typing them again would double the text."""
    assert play(b"bc", accepts="bcd") == (b"abcd", [True, True, False, False, True])


@pytest.mark.parametrize("suggestion", [b"", b"x", b"bcde"])
def test_a_suggestion_that_is_not_meant_is_typed_over(suggestion: bytes) -> None:
    """Nothing, something else, and more than was meant."""
    assert play(suggestion, accepts="bcd") == (b"abcd", [True, False, True, True, True])


def test_a_deletion_takes_whole_characters() -> None:
    """Half a character is no text."""
    editor = Editor("é☕x")
    for event in (Event(do="jump", to=5, pause_ms=1), Event(do="delete", n=2, pause_ms=1)):
        editor.apply(event)

    assert (editor.text, editor.cursor_bytes) == (b"x", 0)


def test_a_trace_survives_its_file(tmp_path: Path) -> None:
    """Every field of every kind of event."""
    events = (
        Event(do="jump", to=2, pause_ms=3),
        Event(do="type", text="é", pause_ms=4),
        Event(do="delete", n=1, pause_ms=5),
        Event(do="accept", text="☕", pause_ms=6),
    )
    trace = Trace("one", 'two\n"lines"', events)
    path = tmp_path / "one.json"
    path.write_text(write_trace(trace), encoding="utf-8")

    assert read_trace(path) == trace
