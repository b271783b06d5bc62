"""Batches of token rows out of the shards that `make_shards.py` writes. Knows neither text nor models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
"""(n_rows, n_context_tokens + 1) token ids"""

_ID_BYTES = 2


def read_batches(
    find_shards: Callable[[], Sequence[Path]], *, n_context_tokens: int, n_rows: int, n_rows_done: int
) -> Iterator[Rows]:
    """Endless batches of `n_rows`, shard after shard in the order of their names, then from the first one again.

    The first `n_rows_done` are left out: a run goes on where it stopped. A shard that appears behind the present one
    while this runs is used in its turn; the rest of a shard that fills no batch is left out. Raises ValueError when
    there is no shard, when all are too short, or when one's size does not fit rows of this length.
    """
    n_to_skip = n_rows_done
    while True:
        last, n_used = "", 0
        while shard := min((path for path in find_shards() if path.name > last), key=_name, default=None):
            last = shard.name
            n_usable = _n_rows(shard, n_context_tokens) // n_rows * n_rows
            n_used += n_usable
            if n_usable <= n_to_skip:
                n_to_skip -= n_usable
                continue
            rows = np.fromfile(shard, dtype=np.uint16).reshape(-1, n_context_tokens + 1)
            for first in range(n_to_skip // n_rows * n_rows, n_usable, n_rows):
                yield rows[first : first + n_rows].astype(np.int64)
            n_to_skip = 0
        if n_used == 0:
            raise ValueError(f"no shard holds {n_rows} rows; make_shards.py makes some")


def _name(path: Path) -> str:
    return path.name


def _n_rows(shard: Path, n_context_tokens: int) -> int:
    n_rows, rest = divmod(shard.stat().st_size, _ID_BYTES * (n_context_tokens + 1))
    if rest:
        raise ValueError(f"{shard} does not hold rows of {n_context_tokens} + 1 tokens; see --n-context-tokens")
    return n_rows
