"""How much of a suggestion leaves the document whole: back to a border of statements (26), no new errors (27).

Knows the borders of lines and asks the syntax for errors; knows nothing of where units end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from lsp_server.suggestion.lines import first_lines_with_text, line_before, width
from lsp_server.suggestion.seams import WHITE
from lsp_server.syntax.tokens import Token

MOST_CLOSERS = 4
_ONE_WORD = re.compile(rb"[\w.:]+")
_CLOSER = re.compile(rb"\s*(?:</[\w.:-]*>|/?>|[)\]};,:])$")
MOST_TRIALS = 6  # each parses what has changed


def last_whole_statement(said: bytes, tokens: Sequence[Token]) -> int | None:
    """26: where the last line ends before which nothing is open; else where the last line ends; None on the first."""
    ends = list(_line_ends(said, tokens))
    closed = [end for end, n_open in ends if n_open <= 0 and not _opens_block(said, end)]
    if closed:
        return closed[-1]
    return ends[-1][0] if ends else None


def find_sound(
    said: bytes, tokens: Sequence[Token], *, is_before_text: bool, count_errors: Callable[[bytes], int]
) -> list[int]:
    """27: ends of `said` with which the document has no more errors than without, ascending; the last is the most.

    Only ends of lines count, and the very end; those at which nothing is open come first. Of a line whose last closers
    do harm, which shows even in a document that is broken already, they go. `is_before_text`: on the cursor's line.
    """
    n_without = count_errors(b"")
    n_with = count_errors(said)
    closes_more = sum(token.is_opener - token.is_closer for token in tokens) < 0
    may_harm = n_with and (n_without == 0 or closes_more)
    counts = {end: count_errors(said[:end]) for end in _without_closers(said)} if may_harm else {}
    if counts and min(counts.values()) < n_with:
        fewest = min(counts, key=lambda end: counts[end])
        return [fewest] if counts[fewest] <= n_without else []
    lines = [(end, n_open) for end, n_open in _line_ends(said, tokens) if end < len(said)]
    closed = {end for end, n_open in lines if n_open <= 0 and not _opens_block(said, end)}
    ends = sorted(closed | (set[int]() if is_before_text else _before_opener(said, tokens)))[-MOST_TRIALS:]
    sound = [end for end in ends if count_errors(said[:end]) <= n_without]
    if n_with <= n_without:
        return [*sound, len(said)]
    if closed.intersection(sound):
        return sound
    still_open = sorted({end for end, n_open in lines if n_open > 0})[-MOST_TRIALS:]
    most = next((end for end in reversed(still_open) if count_errors(said[:end]) <= n_without), None)
    return sound if most is None else [*sound, most]


def _before_opener(said: bytes, tokens: Sequence[Token]) -> set[int]:
    """The end of what stands before the first bracket that the first line leaves open: `add` of a long call."""
    line_end = said.find(b"\n")
    unclosed: list[Token] = []
    for token in tokens:
        if 0 <= line_end <= token.start:
            break
        if token.is_opener:
            unclosed.append(token)
        elif token.is_closer and unclosed:
            unclosed.pop()
    end = len(said[: unclosed[0].start].rstrip(WHITE)) if unclosed and unclosed[0].start > 0 else 0
    return {end} if _ONE_WORD.fullmatch(said, 0, end) else set()


def _without_closers(said: bytes) -> Iterator[int]:
    """A line without the closing signs and tags at its end, one after the other."""
    end = len(said) if b"\n" not in said else 0
    for _ in range(MOST_CLOSERS):
        if (found := _CLOSER.search(said, 0, end)) is None or not found.start():
            return
        end = found.start()
        yield end


def _opens_block(said: bytes, end: int) -> bool:
    """True when the next line is deeper: a header alone is no statement."""
    further = next(iter(first_lines_with_text(said[end:], 1)), b"")
    return width(further) > width(line_before(said[:end])) if b"\n" in said[:end] else False


def _line_ends(said: bytes, tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Ends of lines that are not blank, outside strings and comments, each with how many brackets are open there."""
    n_open = 0
    at = 0
    for token in tokens:
        if token.start < 0:
            at = max(at, token.end)
            continue
        if token.kind == "open string":
            yield from _breaks(said, at, token.start, n_open)
            return
        yield from _breaks(said, at, token.start, n_open)
        n_open += token.is_opener - token.is_closer
        at = token.start if token.kind == "text" else max(at, token.end)
    yield from _breaks(said, at, len(said), n_open)


def _breaks(said: bytes, start: int, end: int, n_open: int) -> Iterator[tuple[int, int]]:
    found = said.find(b"\n", start, end)
    while found >= 0:
        whole = len(said[:found].rstrip(WHITE))
        if whole:
            yield whole, n_open
        found = said.find(b"\n", found + 1, end)
