"""A model whose evaluation takes a known time on a clock of its own, for what is chosen by measuring. Knows no text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from byte_fim.model import DecodeCounts, Float64Array
from byte_fim.reference import ToyModel
from byte_fim.vocab import TokenId, Tokens

Cost = Callable[[int, int], float]
"""(tokens of a call, threads) -> seconds"""


class PacedModel(ToyModel):
    """Keeps what it evaluated, as a KV cache does, and moves its clock on with every call."""

    def __init__(self, cost: Cost, *, n_threads: int = 8) -> None:
        super().__init__([], extra_tokens=[bytes(pair) for pair in np.ndindex(32, 32)])
        self.now_s = 0.0
        self.tuned: tuple[int, int, int] = (n_threads, n_threads, 512)
        """threads, threads for prompts, tokens of a call"""
        self._cost = cost
        self._evaluated: set[Tokens] = set()

    @property
    def is_empty(self) -> bool:
        """Nothing is kept of what was evaluated."""
        return not self._evaluated

    def clock(self) -> float:
        """Seconds of evaluation so far."""
        return self.now_s

    def tune(self, *, n_threads: int, n_threads_prompt: int, n_piece_tokens: int) -> None:
        self.tuned = (n_threads, n_threads_prompt, n_piece_tokens)

    def next_token_logprobs(self, contexts: Sequence[Sequence[TokenId]]) -> Float64Array:
        asked = {tuple(context) for context in contexts}
        beginnings = {context[:end] for context in asked for end in range(1, len(context))}
        n_new = len((beginnings - self._evaluated) | asked)  # rows are only to be had by evaluating
        self._evaluated |= beginnings | asked
        n_threads, n_threads_prompt, n_piece = self.tuned
        for start in range(0, n_new, n_piece):
            n_tokens = min(n_piece, n_new - start)
            self._spend(self._cost(n_tokens, n_threads if n_tokens == 1 else n_threads_prompt))
            done = self.counts
            self.counts = DecodeCounts(done.decode_calls + 1, done.decoded_tokens + n_tokens, done.reused_tokens)
        return np.full((len(contexts), self.vocab.n_tokens), -np.log(self.vocab.n_tokens))

    def forget(self) -> None:
        self._evaluated.clear()

    def _spend(self, seconds: float) -> None:
        self.now_s += seconds
