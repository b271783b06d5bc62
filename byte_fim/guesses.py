"""What a text suggests for its next token: repetition in the text itself, and what followed the same token lately.

A *text* here is a string with one character per token, the character's code point being the id: `str.rfind` looks for a
run of tokens in a thousand within half a microsecond, so no index is kept. Knows no model, no bytes and no chances.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from byte_fim.vocab import TokenId

RUN_LENGTHS = (1, 2, 3, 4, 6, 8, 12, 16)
_FOLLOWERS = 4  # remembered per token


class Guess(NamedTuple):
    """A next token, and how good the reason for it is."""

    token: TokenId
    grade: int
    """index into the guesser's `priors`"""


class Guesser(Protocol):
    """A source of guesses. What it says may depend only on the text and on what it was told."""

    @property
    def priors(self) -> Sequence[float]:
        """By grade: the share of right guesses to be expected before any was judged."""
        ...

    def guess(self, text: str) -> Sequence[Guess]:
        """Different next tokens of a text that is not empty, likeliest first; empty when nothing suggests itself."""
        ...

    def remember(self, last: TokenId, token: TokenId) -> None:
        """`token` came after a text that ended with `last`."""
        ...


class PromptLookup:
    """The longest run of last tokens that stood in the text before, its latest occurrence: what followed there may
    follow here. The grade is the length of the run, as index into `RUN_LENGTHS`.
    """

    priors = (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)  # a little below what was measured in library source

    def guess(self, text: str) -> Sequence[Guess]:
        end = len(text) - 1
        found: Sequence[Guess] = ()
        for grade, length in enumerate(RUN_LENGTHS):
            at = text.rfind(text[-length:], 0, end) if length <= end else -1
            if at < 0:
                break
            found = (Guess(ord(text[at + length]), grade),)
        return found

    def remember(self, last: TokenId, token: TokenId) -> None:
        """Nothing: the text says it all."""


class TokenRecycling:
    """The tokens that were generated after the same last token, latest first, in this text or in earlier ones. The
    grade is the place in that row.

    At most `_FOLLOWERS` ids for each token of the vocabulary. The idea of such a table is Luo and others', arXiv
    2408.08696; they fill it with the likeliest tokens of every evaluation. Here only what was chosen goes in: it
    guessed right as often, and picking the likeliest few of a vocabulary takes a tenth of a small model's decode call.
    """

    priors = (0.25, 0.1, 0.07, 0.05)

    def __init__(self) -> None:
        self._followers: dict[TokenId, tuple[TokenId, ...]] = {}

    def guess(self, text: str) -> Sequence[Guess]:
        return [Guess(token, place) for place, token in enumerate(self._followers.get(ord(text[-1]), ()))]

    def remember(self, last: TokenId, token: TokenId) -> None:
        row = self._followers.get(last, ())
        if row[:1] != (token,):
            self._followers[last] = (token, *(other for other in row if other != token))[:_FOLLOWERS]


def spell(tokens: Iterable[TokenId]) -> str:
    """The tokens as a text."""
    return "".join(map(chr, tokens))
