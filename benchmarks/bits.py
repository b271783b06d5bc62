"""Bits per byte of whole texts, left to right. Knows no corpus.

A text's tokens follow the opening of a plain prompt. What is longer than the window is read in windows that overlap by
half, so that every token but the first ones has at least half a window before it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from byte_fim.fim import FimFormat, lay_out
from byte_fim.model import TokenModel
from byte_fim.vocab import Tokens

WINDOW_TOKENS = 2048  # at most, and at most what the model's context holds
_ROWS_PER_CALL = 24  # of whole vocabularies


def bits_per_byte(model: TokenModel, fim: FimFormat, texts: Iterable[bytes]) -> float:
    """Of all texts together, in the tokens that the tokenizer gives. Raises ValueError when there is no byte."""
    opening = lay_out(fim, "plain", lead=(), suffix=(), typed=(), tail=b"").stem
    n_bits, n_bytes = 0.0, 0
    for text in texts:
        tokens = opening + tuple(model.tokenize(text))
        n_bytes += len(text)
        for window, n_before in windows(tokens, min(model.n_context_tokens, WINDOW_TOKENS), n_opening=len(opening)):
            n_bits += _bits(model, window, n_before)
    if not n_bytes:
        raise ValueError("texts without a byte have no bits per byte")
    return n_bits / n_bytes


def windows(tokens: Tokens, n_tokens: int, *, n_opening: int) -> Iterator[tuple[Tokens, int]]:
    """Parts of at most `n_tokens`, each with how many of its tokens are only context; every other token of the text is
    judged in exactly one of them.
    """
    yield tokens[:n_tokens], n_opening
    step = n_tokens // 2
    for start in range(step, len(tokens) - (n_tokens - step), step):
        yield tokens[start : start + n_tokens], n_tokens - step


def _bits(model: TokenModel, window: Tokens, n_before: int) -> float:
    n_bits = 0.0
    for start in range(n_before, len(window), _ROWS_PER_CALL):
        judged = range(start, min(start + _ROWS_PER_CALL, len(window)))
        rows = model.next_token_logprobs([window[:n] for n in judged])
        n_bits -= sum(float(row[window[n]]) for row, n in zip(rows, judged, strict=True)) / math.log(2)
    return n_bits
