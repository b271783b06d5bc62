"""The mirror under very many edits of every kind, beside a slow text that shares nothing with it."""

from __future__ import annotations

import random

import pytest
from lsprotocol.types import (
    Position,
    Range,
    TextDocumentContentChangeEvent,
    TextDocumentContentChangePartial,
    TextDocumentContentChangeWholeDocument,
)

from lsp_server.documents import text as text
from lsp_server.documents.documents import Document, Documents
from lsp_server.documents.text import PositionEncoding
from tests.lsp_server.slow_text import SlowText

URI = "untitled:Untitled-1"
ENCODINGS: tuple[PositionEncoding, ...] = ("utf-8", "utf-16", "utf-32")
# the breaks of LSP, twice as likely as what Unicode calls a break, characters of all lengths, half surrogate pairs
PIECES = [*["\n", "\r", "\r\n"] * 4, "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", *"abc  " * 3]
PIECES += ["\ufeff", "\x00", "é", "e\u0301", "合", "\uffff", *["🙂", "👩‍🚀", "\U0010ffff"] * 2]
PIECES += ["\ud83d", "\ude42", "\udfff"]
LONGEST_UNITS = 150


class TypistAtRandom:
    """Makes edits that need not make sense."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def text(self) -> str:
        return "".join(self.chance.choices(PIECES, k=self.chance.choice([0, 0, 1, 1, 1, 2, 5, 20])))

    def position(self, slow: SlowText) -> Position:
        lines = slow.lines()
        line = self.chance.randrange(len(lines) + 2)
        start, end = lines[min(line, len(lines) - 1)]
        # a unit of UTF-16 is at most three of UTF-8
        character = self.chance.randrange((end - start) * 3 + 3) if self.chance.random() < 0.9 else 2**31 - 1
        return Position(line, character)

    def change(self, slow: SlowText) -> TextDocumentContentChangeEvent:
        if len(slow.units) > LONGEST_UNITS or self.chance.random() < 0.01:
            return TextDocumentContentChangeWholeDocument(self.text())
        start = self.position(slow)
        is_insertion = self.chance.random() < 0.4
        return TextDocumentContentChangePartial(
            Range(start, start if is_insertion else self.position(slow)), self.text()
        )


def edit_at_random(n_edits: int, encoding: PositionEncoding, seed: int) -> None:
    """Messages of one to four changes; then text, offsets and positions are the same on both sides."""
    typist = TypistAtRandom(seed)
    first = typist.text()
    documents, slow = Documents(), SlowText(first, encoding)
    documents.encoding = encoding
    document = Document(URI, first)
    documents.open(document)
    n_done = 0
    while n_done < n_edits:
        changes: list[TextDocumentContentChangeEvent] = []
        for _ in range(typist.chance.randint(1, 4)):
            # the positions of a change are those of the text after the changes before it
            changes.append(typist.change(slow))
            slow.apply(changes[-1])
        n_done += len(changes)
        documents.change(URI, changes, version=n_done)
        utf8 = slow.utf8()
        position, offset = typist.position(slow), typist.chance.randint(0, len(utf8))

        assert document.text == utf8, changes
        assert document.n_bytes == len(utf8)
        assert document.offset_at(position, encoding=encoding) == slow.offset_at(position)
        assert document.position_at(offset, encoding=encoding) == slow.position_at(offset)


@pytest.fixture(params=[4, 16, text.BLOCK_BYTES], ids=lambda n_bytes: f"blocks-of-{n_bytes}")
def _blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short blocks, so that short texts have many."""
    monkeypatch.setattr(text, "BLOCK_BYTES", request.param)


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_edits_at_random_leave_what_lsp_says(encoding: PositionEncoding) -> None:
    """One byte off makes every later suggestion wrong, and nobody would see why."""
    edit_at_random(2_000, encoding, seed=1)


@pytest.mark.slow
@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_very_many_edits_at_random_leave_what_lsp_says(encoding: PositionEncoding) -> None:
    """As above: 108,000 edits in all."""
    edit_at_random(12_000, encoding, seed=2)
