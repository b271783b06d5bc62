"""Percentiles of what was measured. Knows no units."""

from __future__ import annotations

import math
from collections.abc import Sequence

_ROUNDING = 1e-9  # 0.07 of a hundred is seven, whatever floating point says


def percentile(values: Sequence[float], share: float) -> float | None:
    """The least of the values that this share of them, in [0, 1], does not exceed; None of no values."""
    return sorted(values)[max(0, math.ceil(share * len(values) - _ROUNDING) - 1)] if values else None
