"""How probable bytes are after tokens that are trusted, over every way to spell them, canonical or not.

What an approximation that looks at tokens alone gives to a text. Knows neither covers nor prompts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byte_fim.distribution import log_sum
from byte_fim.model import Float64Array, TokenModel
from byte_fim.vocab import Tokens


@dataclass(frozen=True, slots=True)
class Spelling:
    """Tokens whose bytes end where the next one starts."""

    tokens: Tokens
    """the whole context"""
    start: int
    """offset in bytes at which the next token starts"""
    logp: float
    """natural log of the probability of what follows the trusted tokens"""


def log_masses(model: TokenModel, trusted: Tokens, begun: bytes, text: bytes) -> list[float]:
    """(len(text) + 1,) natural logs of the probability that what follows the trusted tokens begins with `begun`, with
    `begun` and the first byte of the text, and so on to its end.

    The first token has to begin with all of `begun`. The number of spellings may double with each byte of the text.
    """
    vocab, whole = model.vocab, begun + text
    waiting = [Spelling(trusted, 0, 0.0)]
    going_on: list[tuple[Spelling, Float64Array]] = []
    masses: list[float] = []
    for end in range(len(begun), len(whole) + 1):
        going_on += _evaluated(model, waiting) if end else []
        waiting = [] if end else waiting
        weights: list[float] = []
        for spelling, row in going_on:
            head = whole[spelling.start : end]
            low, high = vocab.range_longer_than(head)
            weights.append(spelling.logp + log_sum(row[vocab.sorted_ids[low:high]]))
            waiting += [
                Spelling((*spelling.tokens, token), end, spelling.logp + float(row[token]))
                for token in vocab.ids_of(head)
            ]
        masses.append(log_sum(np.array([*weights, *(spelling.logp for spelling in waiting)])))
    return masses


def _evaluated(model: TokenModel, spellings: list[Spelling]) -> list[tuple[Spelling, Float64Array]]:
    rows = model.next_token_logprobs([spelling.tokens for spelling in spellings]) if spellings else []
    return list(zip(spellings, rows, strict=True))
