"""Beginnings of covers, and tokens that may come next, by weight. Knows neither what is canonical nor what a model is.

Definitions: docs/exactness.md, sections 3 and 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from byte_fim.distribution import log_sum
from byte_fim.model import Float64Array
from byte_fim.vocab import TokenId, Tokens


@dataclass(frozen=True, slots=True)
class Beginning:
    """A beginning of covers: all but their last token, or an exact cover."""

    tokens: Tokens
    """after the stem"""
    start: int
    """offset in the tail, in bytes, at which its next token starts; the tail's length when it is an exact cover"""
    logp: float
    """natural log of the probability of `tokens` after the stem and the trunk that all contexts share"""


@dataclass(frozen=True, slots=True)
class Context(Beginning):
    """A beginning of covers, with what the model says of it."""

    row: Float64Array
    """(n_vocab,) natural log of the next token's probabilities"""


@dataclass(frozen=True)
class Candidates:
    """Contexts extended by one token, before anything is known of their canonicality. Arrays of one length."""

    owner: NDArray[np.intp]
    """index into the state's contexts"""
    token: NDArray[np.intp]
    logw: Float64Array
    """natural log of the probability of context and token after the stem"""

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """Indexes by falling weight; ties in the order in which they stand."""
        return np.argsort(-self.logw, kind="stable")

    def by_falling_weight(self) -> Iterator[tuple[int, TokenId, float]]:
        for i in self.order:
            yield int(self.owner[i]), int(self.token[i]), float(self.logw[i])

    def choose(self, indexes: NDArray[np.intp]) -> Candidates:
        """Those at the indexes, in their order."""
        return Candidates(self.owner[indexes], self.token[indexes], self.logw[indexes])


@dataclass(frozen=True)
class Tested:
    """What testing found, each by falling weight."""

    kept: Candidates
    """are canonical"""
    untested: Candidates
    """were not looked at"""
    log_noncanonical: float
    """natural log of the weight of those that are not canonical"""

    @cached_property
    def log_untested(self) -> float:
        """Natural log of the weight of those that were not looked at."""
        return log_sum(self.untested.logw)
