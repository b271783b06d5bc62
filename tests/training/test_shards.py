"""Batches: a run that goes on sees what it has not seen yet."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from recipe.shards import read_batches

N_CONTEXT_TOKENS = 3


def _write(folder: Path, name: str, first: int, n_rows: int) -> None:
    """Rows that hold their own number."""
    rows = np.repeat(np.arange(first, first + n_rows, dtype=np.uint16)[:, None], N_CONTEXT_TOKENS + 1, axis=1)
    rows.tofile(folder / name)


def _read(folder: Path, n_batches: int, *, n_rows: int = 2, n_rows_done: int = 0) -> list[list[int]]:
    batches = read_batches(
        lambda: list(folder.glob("*.bin")), n_context_tokens=N_CONTEXT_TOKENS, n_rows=n_rows, n_rows_done=n_rows_done
    )
    return [batch[:, 0].tolist() for batch in islice(batches, n_batches)]


def test_shards_are_read_in_order_and_then_again(tmp_path: Path) -> None:
    """What fills no batch is left out, so that all batches are alike."""
    _write(tmp_path, "b.bin", 10, 2)
    _write(tmp_path, "a.bin", 0, 5)

    assert _read(tmp_path, 5) == [[0, 1], [2, 3], [10, 11], [0, 1], [2, 3]]


@pytest.mark.parametrize("n_batches_done", range(7))
def test_a_run_goes_on_where_it_stopped(tmp_path: Path, n_batches_done: int) -> None:
    """Also in the midst of a shard, and when all were used more than once."""
    _write(tmp_path, "a.bin", 0, 5)
    _write(tmp_path, "b.bin", 10, 2)
    whole = _read(tmp_path, 10)

    assert _read(tmp_path, 3, n_rows_done=2 * n_batches_done) == whole[n_batches_done : n_batches_done + 3]


def test_a_shard_that_comes_later_is_used_in_its_turn(tmp_path: Path) -> None:
    """Training may begin while shards are still being made."""
    _write(tmp_path, "a.bin", 0, 2)
    batches = read_batches(
        lambda: list(tmp_path.glob("*.bin")), n_context_tokens=N_CONTEXT_TOKENS, n_rows=2, n_rows_done=0
    )
    next(batches)
    _write(tmp_path, "b.bin", 10, 2)

    assert next(batches)[:, 0].tolist() == [10, 11]


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Rows of another length would be nonsense that trains quite well; no rows at all would be an endless search."""
    with pytest.raises(ValueError, match="no shard holds 2 rows"):
        _read(tmp_path, 1)
    _write(tmp_path, "a.bin", 0, 1)
    with pytest.raises(ValueError, match="no shard holds 2 rows"):
        _read(tmp_path, 1)
    np.zeros(7, dtype=np.uint16).tofile(tmp_path / "a.bin")
    with pytest.raises(ValueError, match="rows of 3"):
        _read(tmp_path, 1)
