"""Do lines that are said stand in the document already? Compared as whole statements, white space aside (15-18)."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.suggestion.lines import first_lines_with_text, sameness

_CLEAR_BYTES = 8  # a shorter line may well stand twice
_TRIVIAL = frozenset((b"else", b"else:", b"else {", b"end", b"try:", b"try {", b"do", b"then", b"begin", b"finally:"))


class Below:
    """The first lines below the cursor that are not blank."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = [sameness(line) for line in lines]

    def is_said_by(self, said: bytes, *, is_final: bool) -> bool:
        """True when whole lines that are said begin with the first of them, and that is no chance.

        It is none when the line is long and stands here once, when the second is the same too, or when `is_final`: no
        more is said. A line that says no more than that something ends or begins does not count.
        """
        lines = [sameness(line) for line in first_lines_with_text(said, 2)]
        first = self._lines[0] if self._lines else b""
        if (
            not lines
            or lines[0] != first
            or first in _TRIVIAL
            or first.startswith(b"</")
            or not any(map(_is_letter, first))
        ):
            return False
        if len(first) >= _CLEAR_BYTES and self._lines.count(first) == 1:
            return True
        return lines[1:] == self._lines[1:2] if len(lines) > 1 else is_final


def _is_letter(byte: int) -> bool:
    return byte >= 0x80 or chr(byte).isalpha()
