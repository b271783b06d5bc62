"""A source of texts that is known completely: a Markov chain over a few letters, with an end. Knows no tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from byte_fim.distribution import END, N_OUTCOMES
from byte_fim.model import Float64Array

_SPREAD = 0.7  # of the Dirichlet law that random chains are drawn from; below 1: laws differ, none is nearly certain


@dataclass(frozen=True)
class MarkovSource:
    """Draws letter after letter, each by a law that depends on the last `order` letters, until it draws END.

    Near the start of a text fewer letters are known; then the law is that of the shorter history.
    """

    order: int
    laws: Mapping[bytes, Float64Array]
    """history of at most `order` letters to (257,) probabilities: of each byte, and that the text ends"""

    @cached_property
    def alphabet(self) -> bytes:
        """The letters, in byte order."""
        return bytes(byte for byte in range(END) if any(law[byte] > 0 for law in self.laws.values()))

    def next_law(self, prefix: bytes) -> Float64Array:
        """(257,) what follows a text that begins so. KeyError when the prefix holds other letters."""
        return self.laws[prefix[max(0, len(prefix) - self.order) :]]

    def probability(self, text: bytes, *, after: bytes = b"") -> float:
        """That a text which begins with `after` goes on with `text`."""
        found = 1.0
        for i, byte in enumerate(text):
            found *= float(self.next_law(after + text[:i])[byte])
        return found

    def draw(self, random: np.random.Generator) -> bytes:
        """A whole text."""
        text = bytearray()
        while (drawn := self._draw_next(bytes(text[-self.order :] if self.order else b""), random)) != END:
            text.append(drawn)
        return bytes(text)

    def _draw_next(self, history: bytes, random: np.random.Generator) -> int:
        return int(np.searchsorted(self._cumulated[history], random.random(), side="right"))

    @cached_property
    def _cumulated(self) -> Mapping[bytes, Float64Array]:
        # scaled, so that rounding leaves no gap below 1 through which an outcome above END could be drawn
        return {history: np.cumsum(law) / law.sum() for history, law in self.laws.items()}


def two_states(*, a_to_b: float, b_to_a: float, end: float) -> MarkovSource:
    """The letters A and B, one letter of history. A text begins with either, alike likely, and is never empty."""
    after_a, after_b = np.array([1 - a_to_b, a_to_b]), np.array([b_to_a, 1 - b_to_a])
    return MarkovSource(
        1,
        {b"": _law(b"AB", np.array([0.5, 0.5]), 0.0), b"A": _law(b"AB", after_a, end), b"B": _law(b"AB", after_b, end)},
    )


def random_source(alphabet: bytes, order: int, *, end: float, seed: int) -> MarkovSource:
    """Every history, the short ones at the start included, has a law of its own; every text may end after any letter,
    with probability `end`.
    """
    random = np.random.default_rng(seed)
    histories = [bytes(letters) for n in range(order + 1) for letters in product(sorted(alphabet), repeat=n)]
    spread = np.full(len(alphabet), _SPREAD)
    return MarkovSource(order, {h: _law(bytes(sorted(alphabet)), random.dirichlet(spread), end) for h in histories})


def _law(alphabet: bytes, probabilities: Float64Array, end: float) -> Float64Array:
    law = np.zeros(N_OUTCOMES)
    law[list(alphabet)] = (1 - end) * probabilities
    law[END] = end
    return law
