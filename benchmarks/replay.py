"""Replays a typing trace as an editor and the language server would, in front of whatever answers requests.

Every key, deletion, move of the cursor and accepted suggestion is followed by a request. Edits go through the server's
own handler, and an answer counts as dropped when a newer request or version made it void, as in the server. Knows no
model. What the user would see is judged from the user's own text, not from what the engine believes.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Protocol, cast

from lsprotocol.types import (
    DidChangeTextDocumentParams,
    Position,
    Range,
    TextDocumentContentChangePartial,
    VersionedTextDocumentIdentifier,
)
from typing_trace import Editor, Event, Trace

from lsp_server.documents.documents import Document, Documents
from lsp_server.documents.position import build_request
from lsp_server.documents.request import CompletionRequest
from lsp_server.editor.session import BytefimServer
from lsp_server.editor.text_sync import change_document
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer

Kind = Literal["typing on", "typing anew", "deletion", "jump", "accept"]
"""Typing on: an insertion directly after the last one. Typing anew: one after a jump or a deletion."""
Fate = Literal["shown", "nothing to show", "superseded", "late"]
"""Late: answered, but the document has changed before the answer was on its way to the editor."""

PATIENCE_S = 120.0  # longer than any deadline
LONGEST_PAUSE_MS = 2000  # thinking for longer than this shows nothing new


class Worker(Protocol):
    """The engine as the server knows it, or what stands in for it."""

    def submit(self, request: CompletionRequest) -> Future[Answer]: ...

    def supersede(self, uri: str, *, reason: str) -> None: ...

    def find_followed(self, uri: str) -> CompletionRequest | None: ...

    def change(self, continued: CompletionRequest) -> None: ...


class Server:
    """As much of `BytefimServer` as its handler of edits needs."""

    def __init__(self, worker: Worker, settings: Settings) -> None:
        self.engine = worker
        self.documents = Documents()
        self.documents.encoding = "utf-8"
        self._settings = settings

    def request_at(self, document: Document, position: Position) -> CompletionRequest:
        """As `BytefimServer.request_at`."""
        return build_request(
            document,
            position,
            encoding=self.documents.encoding,
            n_prefix_bytes=self._settings.n_prefix_bytes,
            n_suffix_bytes=self._settings.n_suffix_bytes,
        )


@dataclass(slots=True)
class Keystroke:
    """One request, what it was sent for, and what became of it."""

    kind: Kind
    request: CompletionRequest
    sent_s: float
    arrived_s: float = 0.0
    answer: Answer | None = None
    fate: Fate = "superseded"
    is_stale: bool = False
    """The user was shown what was asked for another text or another cursor."""

    @property
    def ms(self) -> float:
        """From the key to the answer."""
        return (self.arrived_s - self.sent_s) * 1000

    @property
    def served_by(self) -> str:
        """Who made the answer, as the answer has it."""
        assert self.answer is not None
        return self.answer.served_by

    @property
    def has_failed(self) -> bool:
        """Out of time, or the model failed: what was evaluated is not known."""
        return self.answer is not None and self.answer.outcome == "empty" and not self.answer.tokens

    @property
    def excess_tokens(self) -> int:
        """Tokens evaluated beyond those generated."""
        assert self.answer is not None
        return self.answer.tokens.get("decoded", 0) - self.answer.tokens.get("generated", 0)


class Replay:
    """One trace in front of one worker. All of it happens on the caller's thread, but the arrival of answers."""

    def __init__(self, trace: Trace, worker: Worker, settings: Settings) -> None:
        self._trace = trace
        self._server = Server(worker, settings)
        self._document = Document(f"file:///{trace.name}", trace.document, version=1)
        self._server.documents.open(self._document)
        self._editor = Editor(trace.document)
        self._last: Kind = "jump"
        self._suggestion = b""
        self._arrived: queue.SimpleQueue[tuple[Keystroke, Future[Answer]]] = queue.SimpleQueue()
        self._n_open = 0
        self.keystrokes: list[Keystroke] = []

    def run_awaiting(self) -> Sequence[Keystroke]:
        """No pauses; each answer is awaited before the next key."""
        for event in self._trace.events:
            if self._press(event):
                self._take_all()
        return self._finish()

    def run_paced(self, pace: float) -> Sequence[Keystroke]:
        """With the pauses of the trace times `pace`, and waiting for nothing."""
        due_s = time.perf_counter()
        for event in self._trace.events:
            due_s += min(event.pause_ms, LONGEST_PAUSE_MS) * pace / 1000
            while (left_s := due_s - time.perf_counter()) > 0:
                self._take(left_s)
            while self._take(0.0):  # the event loop of the server reads what has come before it reads the next key
                pass
            self._press(event)
        self._take_all()
        return self._finish()

    def _press(self, event: Event) -> bool:
        """Do what the event says and ask for a suggestion there; False when there was nothing to do."""
        sent_s = time.perf_counter()
        start_end = self._editor.position()
        done = self._editor.apply(event, suggestion=self._suggestion)
        if done is None:
            return False
        n_before, new = done
        if n_before or new:
            self._change(start_end, n_before, new)
        asked = self._server.request_at(self._document, Position(*self._editor.position()))
        request = replace(asked, is_invoked=True)  # whatever the model makes of it counts, however sure it is
        keystroke = Keystroke(self._kind(event), request, sent_s)
        self._suggestion = b""
        self.keystrokes.append(keystroke)
        self._n_open += 1
        self._server.engine.submit(request).add_done_callback(partial(self._arrive, keystroke))
        return True

    def _change(self, at: tuple[int, int], n_before: int, new: bytes) -> None:
        line, column = at
        # what traces delete lies on one line
        changed = Range(Position(line, column - n_before), Position(line, column))
        change = TextDocumentContentChangePartial(range=changed, text=new.decode())
        changed_document = VersionedTextDocumentIdentifier(self._document.version + 1, self._document.uri)
        change_document(cast(BytefimServer, self._server), DidChangeTextDocumentParams(changed_document, [change]))

    def _kind(self, event: Event) -> Kind:
        kinds: dict[str, Kind] = {"delete": "deletion", "jump": "jump", "accept": "accept"}
        is_typing_on = self._last in ("typing on", "typing anew", "accept")
        self._last = kinds.get(event.do) or ("typing on" if is_typing_on else "typing anew")
        return self._last

    def _arrive(self, keystroke: Keystroke, answered: Future[Answer]) -> None:
        """Called by whoever answers."""
        keystroke.arrived_s = time.perf_counter()
        self._arrived.put((keystroke, answered))

    def _take(self, timeout_s: float) -> bool:
        """Let the editor have the next answer; False when none comes in time."""
        try:
            keystroke, answered = self._arrived.get(timeout=timeout_s) if timeout_s else self._arrived.get_nowait()
        except queue.Empty:
            return False
        self._n_open -= 1
        keystroke.answer = answered.result()
        keystroke.fate = judge_fate(keystroke, version=self._document.version)
        if keystroke.fate == "shown":
            keystroke.is_stale = is_stale(keystroke.request, self._editor.text, self._editor.cursor_bytes)
            self._suggestion = b"" if keystroke.is_stale else keystroke.answer.middle
        return True

    def _take_all(self) -> None:
        while self._n_open:
            if not self._take(PATIENCE_S):
                raise SystemExit(f"{self._n_open} requests were not answered within {PATIENCE_S:.0f} s.")

    def _finish(self) -> Sequence[Keystroke]:
        """The text is what the trace says, for the user and for the server."""
        assert self._editor.text == self._trace.final_text(), f"{self._trace.name} was replayed wrongly"
        assert self._document.text == self._editor.text, f"the mirror of {self._trace.name} is wrong"
        return self.keystrokes


def judge_fate(keystroke: Keystroke, *, version: int) -> Fate:
    """What the server makes of an answer when the document is at this version, as `BytefimServer.suggest`."""
    assert keystroke.answer is not None
    if keystroke.answer.outcome == "superseded":
        return "superseded"
    if keystroke.request.version != version:
        return "late"
    return "shown" if keystroke.answer.outcome == "shown" else "nothing to show"


def is_stale(request: CompletionRequest, text: bytes, cursor_bytes: int) -> bool:
    """True unless the request was made for this text with the cursor there."""
    before, after = text[:cursor_bytes], text[cursor_bytes:]
    is_there = request.cursor_offset_bytes == cursor_bytes
    return not (is_there and before.endswith(request.prefix) and after.startswith(request.suffix))
