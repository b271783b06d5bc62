"""Percentiles by hand: values that occurred, and never fewer than were asked for."""

from __future__ import annotations

import pytest

from lsp_server.system.percentiles import percentile


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([3.0], 0.0, 3.0),
        ([100.0, 1.0], 0.5, 1.0),
        ([100.0, 1.0], 0.95, 100.0),
        (list(map(float, range(1, 11))), 0.95, 10.0),
        (list(map(float, range(1, 101))), 0.95, 95.0),
        (list(map(float, range(1, 101))), 0.07, 7.0),
        (list(map(float, range(1, 101))), 1.0, 100.0),
    ],
)
def test_a_percentile_is_a_value_that_occurred(values: list[float], share: float, expected: float | None) -> None:
    """The least that so many do not exceed; a few values must not make the slowest disappear."""
    assert percentile(values, share) == expected
