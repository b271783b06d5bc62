"""Comparing texts and token lists in native code. Imports nothing."""

from __future__ import annotations

from collections.abc import Sequence


def common_beginning(left: Sequence[int], right: Sequence[int]) -> int:
    """Number of elements with which both begin; both are of one type: bytes, lists or tuples."""
    n = min(len(left), len(right))
    if left[:n] == right[:n]:
        return n
    low, high = 0, n  # the first difference lies in between
    while high - low > 1:
        middle = (low + high) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle
    return low


def common_end(left: bytes, right: bytes) -> int:
    """Number of bytes with which both end."""
    return common_beginning(left[::-1], right[::-1])
