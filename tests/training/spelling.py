"""A tokenizer for tests: one token for each character, so that rows can be read again."""

from __future__ import annotations

from collections.abc import Sequence

from recipe.tokenizer import SpecialIds

FIRST = 8
"""Token of U+0000; what is lower is special."""


class Spelling:
    n_vocabulary = FIRST + 128
    special = SpecialIds(end=0, prefix=1, suffix=2, middle=3, pad=4)

    def encode(self, text: str) -> list[int]:
        return [FIRST + ord(character) for character in text]

    def find_starts(self, text: str) -> Sequence[int]:
        return range(len(text))


def spell(tokens: Sequence[int]) -> str:
    """The text of tokens none of which is special."""
    return "".join(chr(token - FIRST) for token in tokens)
