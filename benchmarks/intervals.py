"""What counts of right and wrong say, and how sure: intervals of shares, and two ways beside each other at the same
cases. Knows no model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z_95 = 1.959964  # quantile of the normal distribution: 95 % lie within plus and minus this


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, with the 95 % interval by Wilson's score."""

    n_right: int
    n: int

    @property
    def share(self) -> float:
        """In [0, 1]; 0 of nothing is 0."""
        return self.n_right / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """In [0, 1], never empty, also where none or all are right."""
        if not self.n:
            return 0.0, 1.0
        spread = Z_95**2 / self.n
        middle = (self.share + spread / 2) / (1 + spread)
        half = math.sqrt(spread * (self.share * (1 - self.share) + spread / 4)) / (1 + spread)
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.share:.1f} % ({100 * low:.1f}–{100 * high:.1f})"


def share(hits: Sequence[bool]) -> Share:
    return Share(sum(hits), len(hits))


@dataclass(frozen=True, slots=True)
class Paired:
    """Two ways, A and B, judged at the same cases."""

    n: int
    only_a: int
    only_b: int

    @property
    def points(self) -> float:
        """By how much the share of A is above that of B, in percentage points."""
        return 100 * (self.only_a - self.only_b) / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """95 % of the same, by Agresti and Min: half a case more in each of the four cells."""
        n, a, b = self.n + 2, self.only_a + 0.5, self.only_b + 0.5
        middle, half = (a - b) / n, Z_95 * math.sqrt(a + b - (a - b) ** 2 / n) / n
        return 100 * (middle - half), 100 * (middle + half)

    @property
    def p_value(self) -> float:
        """Of the exact sign test, two-sided: how likely so lopsided a split is if neither is better."""
        n, fewer = self.only_a + self.only_b, min(self.only_a, self.only_b)
        return min(1.0, 2 * sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.points:+.1f} points ({low:+.1f} to {high:+.1f})"


def paired(a: Sequence[bool], b: Sequence[bool]) -> Paired:
    """Case by case; raises ValueError when they are not equally many."""
    pairs = list(zip(a, b, strict=True))
    return Paired(len(pairs), sum(x and not y for x, y in pairs), sum(y and not x for x, y in pairs))
