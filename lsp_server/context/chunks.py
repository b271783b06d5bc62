"""Which parts of other open documents are shown to the model. Pure: knows no model, no files and no protocol.

A part is some lines of a document: at its top, further down, or around its last edit. The part whose words are most
alike to those around the cursor is taken, one of each document.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

from lsp_server.context.words import words_of
from lsp_server.documents.request import ContextChunk

CHUNK_LINES = 32
MOST_CHUNKS = 6

# why these parts, or why none, for people
OFF = "switched off (setting context_files)"
NOT_TRAINED = "this model was not trained on other files"
NONE_CHOSEN = "no other open file of this folder has words in common with the text at the cursor"
NO_ROOM = "none fits"
SHOWN = "words in common with the text at the cursor"

_TOO_ALIKE = 0.9  # in words: says what the text around the cursor, or another chunk, says already
LOOKED_AT_BYTES = 16_384  # of each document, from its top: looking must not hold up the editor
_LONGEST_CHUNK_BYTES = 4_096  # longer are lines that no person wrote
_KEPT_PARTS = 256  # whose words are remembered: those of the documents that are open now, and little of others


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another document that may be shown."""

    path: str
    """as `ContextChunk.path`"""
    top: bytes
    """its first lines, with `\\n` line breaks"""
    edited: bytes = b""
    """lines around its latest edit; empty when it was only read"""


def choose_chunks(neighbours: Sequence[Neighbour], around: bytes) -> tuple[ContextChunk, ...]:
    """The chunks most alike to the text around the cursor, the best first; the order of the neighbours is no matter.

    What shares no word with it is left out, and so is what repeats it or a better chunk.
    """
    wanted = words_of(around)
    scored = [best for neighbour in neighbours if (best := _find_best(neighbour, wanted)) is not None]
    # of equals the one whose path comes first: the same documents always give the same chunks
    scored.sort(key=lambda found: (-found[0], found[1].path))
    chosen: list[ContextChunk] = []
    for _, chunk in scored:
        if all(_likeness(_words_of_part(chunk.text), _words_of_part(other.text)) <= _TOO_ALIKE for other in chosen):
            chosen.append(chunk)
    return tuple(chosen[:MOST_CHUNKS])


def _find_best(neighbour: Neighbour, wanted: frozenset[bytes]) -> tuple[float, ContextChunk] | None:
    """Likeness and chunk; of equals the first."""
    parts = (part for part in _cut(neighbour) if len(part) <= _LONGEST_CHUNK_BYTES)
    alike = ((_likeness(_words_of_part(part), wanted), part) for part in parts)
    fitting = ((likeness, part) for likeness, part in alike if 0 < likeness <= _TOO_ALIKE)
    likeness, part = max(fitting, key=itemgetter(0), default=(0.0, b""))
    return (likeness, ContextChunk(neighbour.path, part)) if part else None


def _cut(neighbour: Neighbour) -> Iterator[bytes]:
    """The part that was edited goes first, in case another is as good."""
    yield neighbour.edited
    lines = neighbour.top.splitlines(keepends=True)
    for first in range(0, len(lines), CHUNK_LINES):
        yield b"".join(lines[first : first + CHUNK_LINES])


@lru_cache(maxsize=_KEPT_PARTS)  # the documents that are open hardly change while one of them is typed in
def _words_of_part(part: bytes) -> frozenset[bytes]:
    return words_of(part)


def _likeness(some: frozenset[bytes], others: frozenset[bytes]) -> float:
    """Share of the words of both that both have, in [0, 1]."""
    return len(some & others) / len(some | others) if some and others else 0.0
