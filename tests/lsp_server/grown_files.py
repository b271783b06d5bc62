"""Places in real files where something was cut out, and what a model might say there: sense, damage and noise."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tree_sitter import Node, Parser

from lsp_server.documents.request import with_line_feeds
from lsp_server.syntax.grammars import find_grammar, language_of

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = tuple(sorted((ROOT / "examples" / "documents").iterdir()))
LANGUAGES = tuple(sorted({language_of(path.name) for path in DOCUMENTS}))
MOST_REMOVED_BYTES = 400
MOST_SAID_BYTES = 700
N_LINES_BEHIND = 8
_SIGNS = tuple(b"()[]{}<>\"'`:;,.#/\\=\n \t") + tuple("é合🙂".encode())


@dataclass(frozen=True, slots=True)
class Case:
    """A cursor, and what a model says there."""

    path: Path
    language: str
    """empty: as if it had no grammar"""
    before: bytes
    """may end inside a character; its rest is not in `after`"""
    after: bytes
    said: bytes
    is_whole: bool
    """the model said that it ended"""
    pieces: tuple[int, ...]
    """offsets at which what was said so far is looked at; the last is the end"""

    def __str__(self) -> str:
        """What a person needs to see of it."""
        near = self.before[-300:].decode(errors="replace"), self.after[:200].decode(errors="replace")
        said = f"{self.said!r}, {'and ended' if self.is_whole else 'and was cut off'}; looked at {self.pieces[:8]}"
        return f"{self.path.name} as {self.language!r}, said {said}, at ▮ in\n{near[0]}▮{near[1]}"


@cache
def read(path: Path) -> bytes:
    return with_line_feeds(path.read_bytes())


def make_cases(paths: Iterable[Path], n: int, *, seed: int | str) -> Iterator[Case]:
    """`n` cases in files chosen at random; the same for the same seed and files."""
    chooser = random.Random(seed)
    known = list(paths)
    for _ in range(n):
        yield make_case(chooser, chooser.choice(known))


def make_case(chooser: random.Random, path: Path) -> Case:
    text = read(path)
    start, end = _choose_span(chooser, text)
    before, after = text[:start], text[end:]
    while after[:1] and after[0] & 0xC0 == 0x80:
        after = after[1:]
    if chooser.random() < 0.1:
        after = b""
    said = _choose_said(chooser, text, start, end)
    return Case(
        path=path,
        language=language_of(path.name) if chooser.random() < 0.95 else "",
        before=before,
        after=after,
        said=said,
        is_whole=chooser.random() < 0.7,
        pieces=_choose_pieces(chooser, len(said)),
    )


def _choose_span(chooser: random.Random, text: bytes) -> tuple[int, int]:
    """From anywhere, from a line's indentation or from a line's end, some bytes, to the line's end, or whole lines."""
    at = chooser.randrange(len(text))
    line_start, line_end = text.rfind(b"\n", 0, at) + 1, _line_end(text, at)
    line = text[line_start:line_end]
    start = chooser.choice((at, line_start + len(line) - len(line.lstrip()), line_end))
    kind = chooser.randrange(4)
    if kind == 0:
        end = start + int(chooser.expovariate(1 / 20))
    elif kind == 1:
        end = _line_end(text, start)
    elif kind == 2:
        end = _line_end(text, start)
        for _ in range(chooser.randrange(1, 12)):
            end = _line_end(text, end + 1)
    else:
        end = start
    return start, min(end, start + MOST_REMOVED_BYTES, len(text))


def _choose_said(chooser: random.Random, text: bytes, start: int, end: int) -> bytes:
    behind = end
    for _ in range(chooser.randrange(N_LINES_BEHIND)):
        behind = _line_end(text, behind + 1)
    said = text[start:behind]
    kind = chooser.randrange(5)
    if kind >= 3:
        return said[:MOST_SAID_BYTES]
    if kind == 2:
        return _damage(chooser, said)[:MOST_SAID_BYTES]
    if kind == 1:
        at = chooser.randrange(len(text))
        return text[at : at + chooser.randrange(MOST_SAID_BYTES)]
    signs = chooser.choice((_SIGNS, tuple(range(256)), tuple(b"\n    abc(){}:")))
    return bytes(chooser.choice(signs) for _ in range(chooser.randrange(60)))


def _damage(chooser: random.Random, said: bytes) -> bytes:
    """Some bytes less, some more, a part of it twice."""
    damaged = bytearray(said)
    for _ in range(chooser.randrange(1, 4)):
        at = chooser.randrange(len(damaged) + 1)
        kind = chooser.randrange(4)
        if kind == 0:
            del damaged[at : at + chooser.randrange(1, 12)]
        elif kind == 1:
            damaged[at:at] = bytes((chooser.choice(_SIGNS),))
        elif kind == 2:
            damaged[at:at] = damaged[at : at + chooser.randrange(1, 60)]
        else:
            damaged[at:at] = b"\n" + b" " * chooser.randrange(9)
    return bytes(damaged)


def _choose_pieces(chooser: random.Random, n_bytes: int) -> tuple[int, ...]:
    longest = chooser.choice((1, 4, 8, 40))
    ends: list[int] = []
    at = 0
    while at < n_bytes:
        at = min(n_bytes, at + chooser.randint(1, longest))
        ends.append(at)
    return tuple(ends)


def _line_end(text: bytes, at: int) -> int:
    end = text.find(b"\n", at)
    return end if end >= 0 else len(text)


def count_errors(text: bytes, language: str, *, around: tuple[int, int] = (0, 0), missing_until: int) -> int:
    """ERROR and MISSING nodes of a text that is parsed afresh, but for those that lie within the span `around`; 0 where
    there is no grammar.

    What is MISSING at `missing_until` or later does not count: at the end of a text it may come yet.
    """
    grammar = find_grammar(language)
    if grammar is None:
        return 0
    start, end = around
    pending: list[Node] = [Parser(grammar.language).parse(text).root_node]
    n = 0
    while pending:
        node = pending.pop()
        is_inside = start <= node.start_byte and node.end_byte <= end and start < end
        if node.is_error or (node.is_missing and node.start_byte < missing_until):
            n += not is_inside
        pending.extend(child for child in node.children if child.has_error)
    return n
