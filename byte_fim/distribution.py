"""Log-probability of the next byte. Knows nothing of tokens, models or editors.

Definitions: docs/exactness.md, section 2 (the law) and section 6 (missing mass).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byte_fim.model import Float64Array

END = 256  # the outcome "the middle stops here"; bytes are 0..255
N_OUTCOMES = 257


class EmptyDistribution(Exception):
    """No outcome has any probability."""


@dataclass(frozen=True, slots=True)
class MissingMass:
    """What a law leaves out, each a probability in [0, 1]."""

    noncanonical: float | None
    """Sequences that the tokenizer never produces, and special ids that are no bytes. None: not looked at (naive,
    healing).
    """
    pruned: float
    """Dropped unseen as too small to matter, relative to what was kept: at most this much total variation is lost."""


@dataclass(frozen=True, slots=True)
class ByteDistribution:
    """What may follow a byte string, as far as it was computed."""

    logp: Float64Array
    """(257,) natural log; index = byte value, or END. Not renormalised: sums to one minus the missing mass."""
    missing_mass: MissingMass

    def best_byte(self) -> int:
        """The likeliest outcome, END included; ties go to the lower index.

        Raises EmptyDistribution when every outcome has probability zero.
        """
        if not np.isfinite(self.logp).any():
            raise EmptyDistribution(f"no outcome left; missing mass {self.missing_mass}")
        return int(np.argmax(self.logp))

    def sample(self, random: np.random.Generator) -> int:
        """An outcome drawn from the law, renormalised over what was computed. Raises EmptyDistribution."""
        self.best_byte()
        probability = np.exp(self.logp - self.logp.max())
        return int(random.choice(N_OUTCOMES, p=probability / probability.sum()))

    def total_variation(self, other: ByteDistribution) -> float:
        """Half the summed absolute difference of the two laws, missing mass not counted; in [0, 1]."""
        return float(0.5 * np.abs(np.exp(self.logp) - np.exp(other.logp)).sum())


@dataclass(frozen=True, slots=True)
class LawBounds:
    """Between what a law lies, when not all that it is made of was looked at."""

    low: Float64Array
    """(257,) probabilities; index as in a ByteDistribution"""
    high: Float64Array
    """(257,)"""

    @classmethod
    def of_nothing(cls) -> LawBounds:
        """Of the law that has no outcome."""
        return cls(*(np.zeros(N_OUTCOMES) for _ in range(2)))

    def surely_likeliest(self) -> int | None:
        """The outcome that is likelier than every other wherever in between the law lies; None when none is."""
        outcome = int(np.argmax(self.low))
        others = np.delete(self.high, outcome)
        return outcome if self.low[outcome] > others.max() else None


def log_sum(logw: Float64Array) -> float:
    """Natural log of the sum of exponentials; -inf for nothing."""
    if not len(logw) or (top := float(np.max(logw))) == -np.inf:
        return -np.inf
    return top + float(np.log(np.exp(logw - top).sum()))
