"""What counts as a word where texts are compared. Knows no language."""

from __future__ import annotations

import re

_WORD = re.compile(rb"[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]+")


def words_of(text: bytes) -> frozenset[bytes]:
    """The names and words of two bytes or more; no numbers."""
    return frozenset(_WORD.findall(text))
