"""A typing trace: what somebody did to a document, key by key, and what that makes of the text. Knows no engine.

A trace is one JSON object: `document`, the text at the start, and `events`. Every event has `pause_ms`, the time since
the event before. Offsets count bytes of the UTF-8 text as it is at that moment.

  {"do": "type", "text": "x"}       one character at the cursor; or a line break with the indentation an editor adds
  {"do": "delete", "n": 1}          that many characters before the cursor
  {"do": "jump", "to": 120}         the cursor goes there
  {"do": "accept", "text": "rest"}  a look at the suggestion: taken when it is a beginning of `rest`, which is what the
                                    `type` events that follow spell; the keys that it spares are then not pressed

So the text at the end is the same whatever was suggested. traces/make.py makes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).resolve().parent / "traces"

Do = Literal["type", "delete", "jump", "accept"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One key, one move of the cursor, or one look at the suggestion."""

    do: Do
    pause_ms: int
    text: str = ""
    n: int = 0
    to: int = 0

    def as_json(self) -> dict[str, object]:
        """Only the fields that this kind of event has."""
        has: dict[Do, dict[str, object]] = {
            "type": {"text": self.text},
            "delete": {"n": self.n},
            "jump": {"to": self.to},
            "accept": {"text": self.text},
        }
        return {"do": self.do, **has[self.do], "pause_ms": self.pause_ms}


@dataclass(frozen=True, slots=True)
class Trace:
    """A document and what was done to it."""

    name: str
    document: str
    events: tuple[Event, ...]

    def final_text(self) -> bytes:
        """The text at the end, as typed by somebody who accepts nothing."""
        editor = Editor(self.document)
        for event in self.events:
            editor.apply(event)
        return editor.text


class Editor:
    """A text and a cursor: what the user sees."""

    def __init__(self, document: str) -> None:
        self.text = document.encode()
        self.cursor_bytes = 0
        self._spared = b""

    def apply(self, event: Event, *, suggestion: bytes = b"") -> tuple[int, bytes] | None:
        """Do what the event says, given the suggestion on the screen: how many bytes before the cursor went and what
        came in their place (both nothing for a jump); None when there was nothing to do.
        """
        if event.do == "type":
            new = event.text.encode()
            if self._spared:  # an accepted suggestion has typed this already
                assert self._spared.startswith(new), f"{event} does not follow the text that was accepted"
                self._spared = self._spared[len(new) :]
                return None
            return self._replace(0, new)
        if event.do == "delete":
            before = self.text[: self.cursor_bytes].decode()
            return self._replace(len(before[-event.n :].encode()), b"")
        if event.do == "jump":
            self.cursor_bytes = event.to
            return 0, b""
        if self._spared or not suggestion or not event.text.encode().startswith(suggestion):
            return None
        self._spared = suggestion
        return self._replace(0, suggestion)

    def position(self) -> tuple[int, int]:
        """Line and column in bytes of the cursor, both from 0."""
        before = self.text[: self.cursor_bytes]
        return before.count(b"\n"), len(before) - before.rfind(b"\n") - 1

    def _replace(self, n_before: int, new: bytes) -> tuple[int, bytes]:
        start = self.cursor_bytes - n_before
        self.text = self.text[:start] + new + self.text[self.cursor_bytes :]
        self.cursor_bytes = start + len(new)
        return n_before, new


def read_trace(path: Path) -> Trace:
    """The trace in a file; its name is that of the file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return Trace(path.stem, content["document"], tuple(Event(**event) for event in content["events"]))


def read_traces(folder: Path = FOLDER) -> Sequence[Trace]:
    """All traces of a folder, by name."""
    return [read_trace(path) for path in sorted(folder.glob("*.json"))]


def write_trace(trace: Trace) -> str:
    """The content of its file: one event a line."""

    def lines() -> Iterator[str]:
        for event in trace.events:
            yield json.dumps(event.as_json(), ensure_ascii=False, separators=(",", ":"))

    document = json.dumps(trace.document, ensure_ascii=False)
    return f'{{"document": {document},\n"events": [\n' + ",\n".join(lines()) + "\n]}\n"
