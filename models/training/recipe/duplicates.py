"""Recognises texts that were met before, whole or in most of their lines. Knows no files.

Packages copy from one another, and versions of one file lie side by side; what is met often is learnt by heart.
"""

from __future__ import annotations

from hashlib import blake2b

SHORTEST_TELLING_LINE_CHARS = 16
"""Shorter lines (`else:`, `return x`) are everywhere."""
FEWEST_TELLING_LINES = 4


class MetBefore:
    """What was met so far; a few bytes for each line."""

    def __init__(self) -> None:
        self._texts: set[bytes] = set()
        self._lines: set[bytes] = set()

    def add(self, text: str) -> None:
        """Remembers a text."""
        self._texts.add(_digest("".join(text.split())))
        self._lines.update(_telling_lines(text))

    def holds(self, text: str) -> bool:
        """Was the whole text met, but for its blanks?"""
        return _digest("".join(text.split())) in self._texts

    def share_of_lines(self, text: str) -> float:
        """How many of its lines were met, in [0, 1]; 0 for a text with too few lines to tell."""
        lines = _telling_lines(text)
        if len(lines) < FEWEST_TELLING_LINES:
            return 0.0
        return sum(line in self._lines for line in lines) / len(lines)


def _telling_lines(text: str) -> list[bytes]:
    stripped = (line.strip() for line in text.split("\n"))
    return [_digest(line) for line in stripped if len(line) >= SHORTEST_TELLING_LINE_CHARS]


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=8).digest()
