"""Where a suggestion ends and what is cut from it: pure functions on bytes. Knows no syntax, no model and no editor.

A suggestion is one line. What already stands to the left or to the right of the cursor is not offered again (seams.py).
Whatever cuts or silences a suggestion has a number, which people and tests refer to (docs/rules.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from byte_fim.utf8 import unfinished_character, whole_characters
from lsp_server.suggestion.seams import (
    BLANKS,
    LINE_BREAK,
    WHITE,
    count_doubled_blanks,
    count_doubled_head,
    count_repeated_tail,
    find_closer_that_stands_there,
    is_glued_left,
    is_glued_right,
    rest_of_line,
)

ALL = "all that came"  # the reason when nothing but blanks was cut

_BLANKS_AT_LINE_END = re.compile(rb"[ \t]+(?=[\r\n])")
_BROKEN_LINE = "a line break came in front of text", 10
_COMMENT_MARKERS = (b"#", b"//", b"///", b"/*", b"/**", b"<!--")


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What is left to offer, and why it ends there, or why nothing is left."""

    middle: bytes
    reason: str
    rule: int | None = None
    """of docs/rules.md, where one cut or silenced it; None too when it is only that a suggestion is one line"""
    n_read_bytes: int = 0
    """how far into what the model wrote `middle` reaches"""


def find_end(middle: bytes, *, suffix: bytes) -> int | None:
    """How many bytes to keep once the suggestion is finished; None while it is not.

    It is finished at the first line break after something that is not blank. Where anything follows on the cursor's
    line, be it blanks, it is finished at the first line break of all: several lines are never put in front of text.
    """
    written = 0 if rest_of_line(suffix) else len(middle) - len(middle.lstrip(WHITE))
    found = LINE_BREAK.search(middle, written)
    return None if found is None else found.start()


def trim(middle: bytes, *, prefix: bytes, suffix: bytes) -> Trimmed:
    """The middle as it may be offered; empty when there is nothing worth offering."""
    partial = unfinished_character(prefix)
    kept = whole_characters(partial + middle)[len(partial) :]
    if not kept:
        return Trimmed(b"", "no whole character came", 6)
    if not kept.strip(WHITE):
        breaks_line = rest_of_line(suffix) and LINE_BREAK.search(kept)
        return Trimmed(b"", *(_BROKEN_LINE if breaks_line else ("only blanks came", 39)))
    n_head, head_reason, head_rule = (0, "", None) if partial else _find_head(prefix, kept)
    cut = _cut_right(kept[n_head:], suffix)
    if not cut.middle.strip(WHITE):
        return Trimmed(b"", cut.reason, cut.rule)
    if why_not := _find_why_not(prefix, cut.middle, suffix):
        return Trimmed(b"", *why_not)
    reason, rule = (head_reason, head_rule) if n_head and cut.rule is None else (cut.reason, cut.rule)
    return Trimmed(cut.middle, reason, rule, n_head + cut.n_read_bytes)


def _cut_right(kept: bytes, suffix: bytes) -> Trimmed:
    """Without what stands there already, and without further lines."""
    reason, rule = ALL, None
    follows = rest_of_line(suffix)
    rest = follows.strip(BLANKS)
    if (end := find_end(kept, suffix=suffix)) is not None:
        kept, reason, rule = kept[:end], "end of line", 10 if follows else None
        if not kept.strip(WHITE):
            return Trimmed(b"", *_BROKEN_LINE)
    if (closer := find_closer_that_stands_there(kept, rest)) is not None:
        kept, reason, rule = kept[:closer], "what follows stands there already", 8
    elif n_repeated := count_repeated_tail(kept.rstrip(WHITE), rest):
        kept, reason, rule = kept.rstrip(WHITE)[:-n_repeated], "what follows stands there already", 8
    if rule == 8 and not kept.strip(WHITE):
        return Trimmed(b"", "all of it stands there already", 13)
    if not rest or follows[:1] in (b" ", b"\t"):
        kept = kept.rstrip(WHITE)  # but before text that follows at once, `f(|b)`, the blank of `a, ` is needed
    return Trimmed(_BLANKS_AT_LINE_END.sub(b"", kept), reason, rule, len(kept))


def _find_head(prefix: bytes, middle: bytes) -> tuple[int, str, int | None]:
    """How many bytes at the start say again what stands before the cursor, and by which rule they go."""
    n_doubled = count_doubled_head(prefix, middle)
    n_blanks = count_doubled_blanks(prefix, middle[n_doubled:])
    if n_doubled:
        return n_doubled + n_blanks, "what it begins with stands there already", 2
    return n_blanks, "the blank stands there already", 3


def _find_why_not(prefix: bytes, offered: bytes, suffix: bytes) -> tuple[str, int] | None:
    """Why something that is not blank is not worth offering."""
    if offered.strip(WHITE) in _COMMENT_MARKERS:
        return "only the beginning of a comment came", 39
    if is_glued_left(prefix, offered, suffix):
        return "it would grow together with the word before it", 3
    if is_glued_right(prefix, offered, suffix):
        return "it would grow together with the word after it", 5
    return None
