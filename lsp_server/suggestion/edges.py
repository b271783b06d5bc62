"""The edges of a suggestion: what of it stands before or behind the cursor already, and where it must not be put.

Puts together what seams.py, whitespace.py and others find; knows what the cursor stands in, but no tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lsp_server.suggestion.degenerate import count_repeated_before, is_prompt_echo
from lsp_server.suggestion.line_above import restates
from lsp_server.suggestion.lines import last_line_with_text, line_before
from lsp_server.suggestion.place import Place
from lsp_server.suggestion.seams import (
    BLANKS,
    WHITE,
    count_doubled_blanks,
    count_doubled_head,
    count_repeated_tail,
    find_closer_that_stands_there,
    is_glued_left,
    is_glued_right,
    rest_of_line,
)
from lsp_server.suggestion.whitespace import Style, fit_first_line

_COMMENT_MARKERS = (b"#", b"//", b"///", b"/*", b"/**", b"<!--", b"--", b";")


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What is left to offer, and why it ends there, or why nothing is left."""

    middle: bytes
    reason: str
    rule: int | None = None
    """of docs/rules.md, where one cut or silenced it"""
    n_read_bytes: int = 0
    """how far into what the model wrote `middle` reaches"""
    parts: tuple[tuple[int, int], ...] = ()
    """borders of statements within `middle` at which it may end too: bytes of `middle`, and of what the model wrote"""


class Edges:
    """Both edges at one cursor."""

    def __init__(
        self,
        prefix: bytes,
        suffix: bytes,
        *,
        place: Place,
        is_in_string: bool,
        is_in_character: bool,
        style: Style | None,
        paths: Sequence[str],
    ) -> None:
        self._prefix = prefix
        self._suffix = suffix
        self._place = place
        self._is_in_string = is_in_string
        self._is_in_character = is_in_character
        self._style = style
        self._paths = paths

    def find_head(self, middle: bytes) -> tuple[int, str, int | None]:
        """How many bytes at the start say again what stands before the cursor, and by which rule they go."""
        if self._is_in_character:
            return 0, "", None
        prefix = self._prefix
        if n := count_repeated_before(prefix, middle):
            return n, "what stands before the cursor came again", 43
        if self._place.is_blank_line and not self._is_in_string:
            fit = fit_first_line(prefix, middle, style=self._style)
            if not fit.is_allowed:
                return 0, "it would be indented as nothing here is", 35
            return fit.n_dropped, "the indentation stands there already", 34
        n_doubled = count_doubled_head(prefix, middle)
        n_blanks = count_doubled_blanks(prefix, middle[n_doubled:])
        if n_doubled:
            return n_doubled + n_blanks, "what it begins with stands there already", 2
        return n_blanks, "the blank stands there already", 3

    def cut_right(self, kept: bytes, cut: Trimmed) -> Trimmed:
        """Without what stands to the right of the cursor already."""
        follows = rest_of_line(self._suffix)
        rest = follows.strip(BLANKS)
        reason, rule = cut.reason, cut.rule
        if (closer := find_closer_that_stands_there(kept, rest)) is not None:
            kept, reason, rule = kept[:closer], "what follows stands there already", 8
        elif n_repeated := count_repeated_tail(kept.rstrip(WHITE), rest):
            kept, reason, rule = kept.rstrip(WHITE)[:-n_repeated], "what follows stands there already", 8
        if rule == 8 and not kept.strip(WHITE):
            return Trimmed(b"", "all of it stands there already", 13)
        if not rest or follows[:1] in (b" ", b"\t"):
            kept = kept.rstrip(WHITE)  # but before text that follows at once, `f(|b)`, the blank of `a, ` is needed
        return Trimmed(kept, reason, rule, len(kept))

    def find_why_not(self, offered: bytes) -> tuple[str, int] | None:
        """Why something that is not blank is not worth offering."""
        if offered.strip(WHITE) in _COMMENT_MARKERS:
            return "only the beginning of a comment came", 39
        if is_glued_left(self._prefix, offered, self._suffix):
            return "it would grow together with the word before it", 3
        if is_glued_right(self._prefix, offered, self._suffix):
            return "it would grow together with the word after it", 5
        if self._place.is_at_line_start(offered) and is_prompt_echo(offered, self._paths):
            return "the name of a file in the prompt came again", 42
        above = self._prefix[: len(self._prefix) - len(line_before(self._prefix))]
        if self._place.is_at_line_start(offered) and restates(last_line_with_text(above), offered):
            return "the line above came again", 21
        return None
