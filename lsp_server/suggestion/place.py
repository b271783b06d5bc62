"""What the cursor stands in, as far as it decides where a suggestion ends: chosen by the syntax there (rules 30, 31).

Knows the text around the cursor and its tokens; knows nothing of what the model says but how far it is indented.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from lsp_server.suggestion.lines import (
    first_lines_with_text,
    first_word,
    last_line_with_text,
    line_before,
    width,
)
from lsp_server.suggestion.lines_below import Below
from lsp_server.suggestion.seams import BLANKS, WHITE, rest_of_line
from lsp_server.syntax.around_cursor import AroundCursor
from lsp_server.syntax.tokens import Token

Unit = Literal["line", "rest", "statement", "block"]
"""To the first line break; to the first one at which nothing is open that the suggestion opened; to the next line that
is no more indented; to the closer, or to the first line that is less indented."""

_BLOCK_PARAMETERS = re.compile(rb"\s*\|[^|\n]*\|[ \t]*")  # of Ruby: `{ |x|`
_GOES_ON = re.compile(  # lines whose block something may follow: `else`, or another call of the chain
    rb"(?:^\s*\.|\b(?:if|else|elif|elsif|elseif|try|catch|do|unless|case|rescue|begin)\b)"
)
_OPENING = b"(", b"[", b"{"
_CLOSING = b")", b"]", b"}"
_CLOSERS = (b")", b"]", b"}", b"</")
_FLAT = frozenset((b"class", b"def", b"async", b"with", b"struct", b"interface"))  # nothing goes on with these


@dataclass(frozen=True, kw_only=True)
class Place:
    """A cursor's place in the syntax."""

    unit: Unit
    line_rule: int | None
    """why it is one line: 7 in a comment, 30 in an argument list, 31 in a string or an import; None: nothing forbids"""
    is_blank_line: bool
    """only blanks stand before the cursor on its line, and nothing behind it"""
    columns: int
    """indentation of the unit: of the cursor's line, or at least that of what is in the block"""
    header_columns: int
    """indentation of the line that the block belongs to"""
    may_go_on: bool
    """`else` and the like may follow the block"""
    goes_by_indentation: bool
    """no closer ends the block"""
    openers: Sequence[Token]
    """open before the cursor, the innermost last"""
    closes_below: Callable[[Token], bool]
    continues: frozenset[bytes]
    comment_marks: tuple[bytes, ...]
    continued_below_columns: int | None
    """where the line below stands that goes on with a block: `else`; None: it does not"""
    line_of: Callable[[Token], bytes]
    """the line of an opener, up to it"""
    below: Below
    is_at_end_of_block: bool
    is_block_empty: bool

    def is_closed_below(self, n: int) -> bool:
        """True when the text after the cursor closes the innermost opener but `n`."""
        known = self._closed_below
        while len(known) <= n:
            known.append(self.closes_below(self.openers[-1 - len(known)]))
        return known[n]

    @cached_property
    def _closed_below(self) -> list[bool]:
        return []

    def may_go_on_after(self, opener: Token) -> bool:
        """True when `else` or the like may follow what this opener opens."""
        return _GOES_ON.search(self.line_of(opener)) is not None

    def is_at_line_start(self, said: bytes) -> bool:
        """True when the first line that is said stands alone."""
        return self.is_blank_line or said[: len(said) - len(said.lstrip(WHITE))].count(b"\n") > 0

    def for_text(self, said: bytes) -> Place:
        """This place with what the first line of a suggestion decides: how far its unit is indented."""
        if not self.is_blank_line:
            return self
        first = next(iter(first_lines_with_text(said, 1)), b"")
        is_on_cursor_line = said.lstrip(BLANKS)[:1] not in (b"\n", b"")
        columns = self.columns + width(first) if is_on_cursor_line else self.columns
        if columns == 0 and not self.openers:
            columns = width(first)
            if columns == 0 or not self.goes_by_indentation:
                return replace(self, unit="statement", columns=columns)
        if self.unit == "block" and not self.is_block_empty and not self.is_at_end_of_block:
            return replace(self, unit="statement", columns=columns)
        return replace(self, columns=columns)


def find_place(around: AroundCursor) -> Place:
    """The place of the cursor."""
    before, after = around.before, around.after
    line = line_before(before)
    rest = rest_of_line(after)
    is_blank_line = not line.strip(BLANKS) and not rest
    openers = around.open_before
    above = last_line_with_text(before[: len(before) - len(line)])
    below = first_lines_with_text(after[len(rest) :])
    goes_by_indentation = around.goes_by_indentation and not any(opener.is_bracket for opener in openers)
    columns = width(line)
    is_header = not is_blank_line and _ends_with_opener(line, around)
    header = line if is_header else above
    header_columns = _columns_of_statement(before) if is_header else _columns_of_header(before, columns)
    below_columns = width(below[0]) if below else -1
    ends_below = not below or below[0].lstrip().startswith(_CLOSERS) or first_word(below[0]) in around.closing_words
    unit, line_rule = _choose_unit(around, rest=rest, is_blank_line=is_blank_line, is_header=is_header, line=line)
    return Place(
        unit=unit,
        line_rule=line_rule,
        is_blank_line=is_blank_line,
        columns=header_columns + 1 if is_header else columns,
        header_columns=header_columns,
        may_go_on=first_word(header) not in _FLAT,
        goes_by_indentation=goes_by_indentation,
        openers=openers,
        closes_below=around.is_closed_below,
        continues=around.continues,
        comment_marks=around.comment_marks,
        continued_below_columns=(
            below_columns if below and _first_word_after_closers(below[0]) in around.continues else None
        ),
        line_of=lambda opener: line_before(before[: opener.start]) + b".",
        below=Below(below),
        is_at_end_of_block=ends_below or below_columns < columns,
        is_block_empty=_is_block_empty(around, above=above, columns=columns, is_header=is_header),
    )


def _choose_unit(
    around: AroundCursor, *, rest: bytes, is_blank_line: bool, is_header: bool, line: bytes
) -> tuple[Unit, int | None]:
    if rest:
        return "line", 10
    if around.situation.is_one_line:
        return "line", 7 if around.situation.in_comment else 31
    if is_blank_line or is_header:
        return "block", None
    if around.open_before and around.open_before[-1].is_argument_list:
        is_on_this_line = around.open_before[-1].start >= len(around.before) - len(line)
        return ("line", 30) if is_on_this_line else ("rest", None)
    return "rest", None


def _ends_with_opener(line: bytes, around: AroundCursor) -> bool:
    last = around.open_before[-1] if around.open_before else None
    end = line.rstrip(BLANKS)
    if last is not None and last.start >= len(around.before) - len(line) and not last.is_argument_list:
        behind = around.before[last.end :]
        return last.is_word or not behind.strip(WHITE) or _BLOCK_PARAMETERS.fullmatch(behind) is not None
    if around.goes_by_indentation and last is None:
        is_word = _last_word(end) in around.block_openers
        return (end.endswith(b":") and b":" in around.block_openers) or is_word
    is_between_words = last is not None and last.is_word
    return is_between_words and (_last_word(end) in around.block_openers or first_word(line) in around.continues)


def _last_word(line: bytes) -> bytes:
    return line.split()[-1] if line.strip() else b""


def _is_block_empty(around: AroundCursor, *, above: bytes, columns: int, is_header: bool) -> bool:
    if is_header:
        return True
    if around.open_before:
        return not around.before[around.open_before[-1].end :].strip(WHITE)
    return around.goes_by_indentation and width(above) < columns


def _columns_of_header(before: bytes, columns: int) -> int:
    """Indentation of the nearest line above that is less indented."""
    for line in reversed(before.split(b"\n")[-200:-1]):
        if line.strip(WHITE) and width(line) < columns:
            return width(line)
    return 0


def _columns_of_statement(before: bytes) -> int:
    """Indentation of the line in which the statement began whose last line this is: its brackets may be further up."""
    n_open = 0
    for line in reversed(before.split(b"\n")[-200:]):
        n_open += sum(map(line.count, _OPENING)) - sum(map(line.count, _CLOSING))
        if n_open >= 0:
            return width(line)
    return 0


def _first_word_after_closers(line: bytes) -> bytes:
    return first_word(line.lstrip(b" \t)}]"))
