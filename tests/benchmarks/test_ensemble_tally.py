"""The figures that say whether models together know better than the best of them."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from benchmarks.ensemble_tally import Counted, Tally, difference, draw, interval, mean

FILES = [Path(f"{i}.py") for i in range(40)]


def test_what_a_span_cost_counts_by_its_bytes() -> None:
    """Bits per byte of everything, not the mean over spans of unequal length."""
    assert mean([Counted(FILES[0], 10.0, 10), Counted(FILES[1], 10.0, 40)]) == pytest.approx(0.4)


def test_the_interval_knows_that_spans_of_a_file_are_alike() -> None:
    """A hundred spans of four files say hardly more than four do."""
    random = np.random.default_rng(1)
    of_file = random.normal(size=40)
    apart = [Counted(path, float(value), 1) for path, value in zip(FILES, of_file, strict=True)]
    together = [Counted(FILES[i % 4], float(of_file[i % 4]), 1) for i in range(100)]
    widths = [high - low for low, high in map(interval, (apart, together))]

    assert widths[0] == pytest.approx(2 * 1.96 * of_file.std() / 40**0.5, rel=0.15)
    assert widths[1] > 1.5 * widths[0]


def test_a_difference_is_of_the_same_spans() -> None:
    """What is hard is hard for all; the rest is what one knows better."""
    hard = [Counted(path, 5.0 * i, 10) for i, path in enumerate(FILES)]
    a_bit_better = [Counted(path, bits - 1.0, n) for path, bits, n in hard]

    assert interval(difference(a_bit_better, hard)) == pytest.approx((-0.1, -0.1))


def test_the_picture_has_a_bar_for_each_way_but_those_with_fixed_weights() -> None:
    """It is looked at more often than the table."""
    bits = [Counted(path, 5.0 + i % 3, 10) for i, path in enumerate(FILES)]
    tallies = {name: Tally(bits=bits) for name in ("a", "all, geometric, fixed", "all, geometric, adapted")}
    texts = [text.text for text in ET.fromstring(draw(tallies, "python")).iter() if text.tag.endswith("text")]

    assert [text for text in texts if text in ("a", "all, geometric", "all, geometric, fixed")] == [
        "a",
        "all, geometric",
    ]
