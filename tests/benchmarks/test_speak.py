"""The figures that the threshold is chosen by, worked out by hand."""

from __future__ import annotations

import pytest

from benchmarks.speak import Suggestion, judge_exponent, measure_bin, measure_threshold

FOUR = [Suggestion("line start", *pair) for pair in [(0.9, True), (0.5, True), (0.4, False), (0.1, False)]]


def test_a_threshold_shows_what_is_at_least_so_sure() -> None:
    """Three are shown, two of them right, and none that is right is missing: 5 * 2/3 / (4 * 2/3 + 1)."""
    figures = measure_threshold(FOUR, 0.4)

    assert (figures["shown"], figures["right_of_shown"], figures["shown_of_right"]) == (0.75, pytest.approx(2 / 3), 1)
    assert figures["f2"] == pytest.approx(10 / 11)


def test_a_threshold_that_shows_nothing_has_no_precision() -> None:
    """No figure is better than a wrong one."""
    figures = measure_threshold(FOUR, 0.95)

    assert (figures["shown"], figures["right_of_shown"], figures["f2"]) == (0.0, None, None)


def test_predicted_and_observed_stand_side_by_side() -> None:
    """Edges belong to the bin above them, and full confidence to the last."""
    figures = measure_bin([*FOUR, Suggestion("line start", 1.0, True)], 0.5, 1.0)

    assert figures == {"from": 0.5, "to": 1.0, "n": 3, "predicted": pytest.approx(0.8), "observed": 1.0}
    assert measure_bin(FOUR, 0.2, 0.4) is None


def test_the_exponent_is_fitted_on_one_half_and_judged_on_the_other() -> None:
    """Where one in four is right of what is said to be right every second time, the exponent is 2."""
    halves = [Suggestion("line start", 0.5, i < 4) for i in range(16) for _ in range(2)]
    exponent, as_it_is, fitted = judge_exponent(halves)

    assert exponent == 2.0
    assert fitted < as_it_is
