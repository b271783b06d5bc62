"""The intervals that stand behind every claim about quality; expected values from tables and by hand."""

from __future__ import annotations

import pytest

from benchmarks.intervals import Paired, Share, paired, share


def test_a_share_of_ten_has_the_interval_of_the_tables() -> None:
    """Wilson's, not the normal one, which would reach below zero here: 1 of 10 is 1.8 to 40.4 %."""
    low, high = Share(1, 10).interval

    assert (low, high) == (pytest.approx(0.0179, abs=1e-4), pytest.approx(0.4042, abs=1e-4))
    assert str(Share(1, 10)) == "10.0 % (1.8–40.4)"


@pytest.mark.parametrize("n_right", [0, 10])
def test_none_and_all_are_no_certainty(n_right: int) -> None:
    """0 of 10 must not read as "never"."""
    low, high = Share(n_right, 10).interval

    assert 0.0 <= low < high <= 1.0
    assert high - low > 0.2


def test_nothing_tried_says_nothing() -> None:
    """A class of cursors without a case is a row like any other."""
    assert (share([]).share, share([]).interval) == (0.0, (0.0, 1.0))


def test_pairs_are_counted_case_by_case() -> None:
    """Both right and both wrong say nothing about which is better."""
    found = paired([True, True, True, False, False], [True, False, False, True, False])

    assert found == Paired(n=5, only_a=2, only_b=1)
    assert found.points == pytest.approx(20.0)
    with pytest.raises(ValueError, match="zip"):
        paired([True], [])


def test_the_sign_test_is_exact() -> None:
    """6 to 0 is twice one in 64; an even split is no evidence at all."""
    assert Paired(50, 6, 0).p_value == pytest.approx(2 / 64)
    assert Paired(50, 3, 3).p_value == Paired(50, 0, 0).p_value == 1.0


def test_the_interval_of_a_difference_is_never_empty() -> None:
    """Two ways that agree everywhere may still differ at the next cursor."""
    low, high = Paired(50, 0, 0).interval
    assert low < 0.0 < high

    # (20.5 - 5.5) / 102 = 14.7 points; 1.96 * sqrt(26 - 225 / 102) / 102 = 9.4 points
    assert Paired(100, 20, 5).interval == (pytest.approx(5.3, abs=0.1), pytest.approx(24.1, abs=0.1))
