"""How much of a suggestion leaves the document whole: back to a border of statements (26), no new errors (27).

Knows the borders of lines and asks the syntax for errors; knows nothing of where units end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from functools import partial as bind

from lsp_server.suggestion.lines import first_lines_with_text, line_before, width
from lsp_server.suggestion.seams import WHITE
from lsp_server.syntax.around_cursor import AroundCursor
from lsp_server.syntax.tokens import Token

CountErrors = Callable[[bytes], int]
"""With so much of what is said."""

MOST_CLOSERS = 4
_ONE_WORD = re.compile(rb"[\w.:]+")
_CLOSER = re.compile(rb"\s*(?:</[\w.:-]*>|/?>|[)\]};,:])$")
MOST_TRIALS = 6  # each parses what has changed
_AFRESH_BYTES = 64 * 1024  # of a larger document only a part is parsed from scratch


class Wholeness:
    """What around one cursor has been found sound, and by which trees."""

    def __init__(self, around: AroundCursor, whole: AroundCursor, partial: bytes, *, is_before_text: bool) -> None:
        """`around`: as much of the document as tokens need; `whole`: all of it; `partial`: half a character before it.

        `is_before_text`: text follows on the cursor's line.
        """
        self._around = around
        self._whole = whole
        self._partial = partial
        self._is_before_text = is_before_text

    def find_sound(self, said: bytes, tokens: Sequence[Token]) -> list[int]:
        """See find_sound. What only a part of the document has told is asked of all of it once, at the end.

        So is, from scratch, what a tree that has followed the edits has told of a document that is broken.
        """
        whole = self._whole
        sound = self._ask(said, tokens, bind(self._count_errors, self._around))
        if sound and whole is not self._around:
            sound = self._ask_again(said, tokens, sound, bind(self._count_errors, whole))
        if sound and self._count_errors(whole, said[: sound[-1]]):
            near = whole if len(whole.before) + len(whole.after) <= _AFRESH_BYTES else self._around
            sound = self._ask_again(said, tokens, sound, bind(self._count_errors, near, is_afresh=True))
        return sound

    def _ask_again(
        self, said: bytes, tokens: Sequence[Token], sound: list[int], count_errors: CountErrors
    ) -> list[int]:
        if count_errors(said[: sound[-1]]) <= count_errors(b""):
            return sound
        return self._ask(said, tokens, count_errors)

    def _ask(self, said: bytes, tokens: Sequence[Token], count_errors: CountErrors) -> list[int]:
        return find_sound(said, tokens, is_before_text=self._is_before_text, count_errors=cache(count_errors))

    def _count_errors(self, around: AroundCursor, said: bytes, *, is_afresh: bool = False) -> int:
        return around.count_errors(self._partial + said if said else said, is_afresh=is_afresh)


def last_whole_statement(said: bytes, tokens: Sequence[Token]) -> int | None:
    """26: where the last line ends before which nothing is open; else where the last line ends; None on the first."""
    ends = list(_line_ends(said, tokens))
    closed = [end for end, n_open in ends if n_open <= 0 and not _opens_block(said, end)]
    if closed:
        return closed[-1]
    return ends[-1][0] if ends else None


def find_sound(said: bytes, tokens: Sequence[Token], *, is_before_text: bool, count_errors: CountErrors) -> list[int]:
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
