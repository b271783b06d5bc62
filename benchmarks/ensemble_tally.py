"""What models and ensembles did in `ensemble.py`, with 95 % intervals: files are drawn with replacement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from chart import Bar, bar_chart

N_DRAWN = 2000


class Counted(NamedTuple):
    """What one span or line gave."""

    path: Path
    value: float
    n: int
    """that the value is counted by: bytes, or 1"""


@dataclass(slots=True)
class Tally:
    """What one model or ensemble did."""

    bits: list[Counted] = field(default_factory=list)
    """per span: its file, bits, bytes"""
    hits: list[Counted] = field(default_factory=list)
    """per line: its file, 1 or 0, 1"""
    n_bytes: int = 0
    n_decode_calls: int = 0
    seconds: float = 0.0
    """of processor time, completing lines"""
    hidden_bits: float = 0.0
    """by so much those of a product may be too low, all spans together"""


def per_byte(tally: Tally) -> float:
    return tally.seconds / max(1, tally.n_bytes)


def mean(values: Sequence[Counted]) -> float:
    """Of all that was counted, per unit."""
    return sum(value for _, value, _ in values) / max(1, sum(n for _, _, n in values))


def difference(one: Sequence[Counted], other: Sequence[Counted]) -> list[Counted]:
    """Of the same spans in the same order."""
    return [Counted(path, a - b, n) for (path, a, n), (_, b, _) in zip(one, other, strict=True)]


def interval(values: Sequence[Counted]) -> tuple[float, float]:
    """95 % of the mean, files drawn with replacement."""
    files = sorted({path for path, _, _ in values})
    sums = np.array([[sum(v for p, v, _ in values if p == f), sum(n for p, _, n in values if p == f)] for f in files])
    drawn = sums[np.random.default_rng(1).integers(len(files), size=(N_DRAWN, len(files)))].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], (0.025, 0.975))
    return float(low), float(high)


def show(bounds: tuple[float, float]) -> str:
    return f"[{bounds[0]:.3f}, {bounds[1]:.3f}]"


def draw(tallies: Mapping[str, Tally], language: str) -> str:
    """The bits per byte as bars; of ensembles those whose weights follow losses."""
    shown = {name: tally.bits for name, tally in tallies.items() if tally.bits and not name.endswith("fixed")}
    return bar_chart(
        [name.removesuffix(", adapted") for name in shown],
        [("bits per byte", [Bar(mean(bits), *interval(bits)) for bits in shown.values()])],
        title="Bits per byte: models alone, and together",
        subtitle=f"held-out {language}; two: the first and the n-gram model; 95 % intervals over files",
        axis="bits per byte",
    )
