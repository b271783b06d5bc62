"""Where a suggestion ends and what is cut from it: pure functions on bytes. Knows no syntax, no model and no editor.

A suggestion is one line. What already stands to the right of the cursor is not offered again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from byte_fim.utf8 import unfinished_character, whole_characters

BLANKS = b" \t"
WHITE = b" \t\r\n"
ALL = "all that came"  # the reason when nothing but blanks was cut

_LINE_BREAK = re.compile(rb"\r\n|\n|\r")
_BLANKS_AT_LINE_END = re.compile(rb"[ \t]+(?=[\r\n])")
_CLOSES = {ord(")"): ord("("), ord("]"): ord("["), ord("}"): ord("{")}
_QUOTES = b"\"'`"


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What is left to offer, and why it ends there, or why nothing is left."""

    middle: bytes
    reason: str


def find_end(middle: bytes, *, suffix: bytes) -> int | None:
    """How many bytes to keep once the suggestion is finished; None while it is not.

    It is finished at the first line break after something that is not blank. Where text follows on the cursor's line,
    it is finished at the first line break of all: several lines are never put in front of text.
    """
    written = 0 if rest_of_line(suffix).strip(BLANKS) else len(middle) - len(middle.lstrip(WHITE))
    found = _LINE_BREAK.search(middle, written)
    return None if found is None else found.start()


def trim(middle: bytes, *, prefix: bytes, suffix: bytes) -> Trimmed:
    """The middle as it may be offered; empty when there is nothing worth offering."""
    partial = unfinished_character(prefix)
    kept = whole_characters(partial + middle)[len(partial) :]
    if not kept.strip(WHITE):
        return Trimmed(b"", "only blanks came" if kept else "no whole character came")
    reason = ALL
    if (end := find_end(kept, suffix=suffix)) is not None:
        kept, reason = kept[:end], "end of line"
    if not kept.strip(WHITE):
        return Trimmed(b"", "a line break came in front of text")
    follows = rest_of_line(suffix)
    if (rest := follows.strip(BLANKS)) and _repeats(kept, rest):
        kept, reason = kept.rstrip(WHITE)[: -len(rest)], "what follows stands there already"
    kept = _BLANKS_AT_LINE_END.sub(b"", kept)
    if not rest or follows[:1] in (b" ", b"\t"):
        kept = kept.rstrip(WHITE)  # but before text that follows at once, `f(|b)`, the blank of `a, ` is needed
    return Trimmed(kept if kept.strip(WHITE) else b"", reason)


def rest_of_line(suffix: bytes) -> bytes:
    """What stands to the right of the cursor, without the line break."""
    found = _LINE_BREAK.search(suffix)
    return suffix if found is None else suffix[: found.start()]


def _repeats(kept: bytes, rest: bytes) -> bool:
    """True when the suggestion ends with the rest of the line, and does so again rather than as a part of its own.

    `print(|)`: in `name)` the closer is the one that stands there, in `len(x)` it is not; likewise with quotes.
    """
    written = kept.strip(WHITE)
    if written == rest:
        return True
    if not written.endswith(rest):
        return False
    own = written[: -len(rest)]
    opens_more = any(own.count(opener) - own.count(closer) > 0 for closer, opener in _CLOSES.items() if closer in rest)
    return not opens_more and not any(own.count(quote) % 2 for quote in _QUOTES if rest.count(quote) % 2)
