"""Lines that are not being worked on, kept outside the KV cache as copies, least recent out first.

Every decode attends to all cells of the cache, also to those of other texts: 900 tokens of another file made each
token of a small model take 1.8 times as long (docs/decisions/0007). Copying them back takes milliseconds, evaluating
them again would take a thousand times that.
"""

# pyright: basic

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

from byte_fim.backends.llama_cpp.library import Handle, lib
from byte_fim.sequences import common_beginning
from byte_fim.vocab import TokenId

WORTHWHILE_TOKENS = 64  # fewer are evaluated again as fast


@dataclass(frozen=True, slots=True, eq=False)
class Parked:
    """The tokens of a line, and the state that the runtime made of them."""

    tokens: list[TokenId]
    state: ctypes.Array[ctypes.c_uint8]


class KvParking:
    """Copies of lines of one llama context, within a number of bytes."""

    def __init__(self, context: Handle, *, n_bytes: int) -> None:
        self._context = context
        self._n_bytes = n_bytes
        self._parked: list[Parked] = []

    @property
    def n_used_bytes(self) -> int:
        return sum(len(parked.state) for parked in self._parked)

    @property
    def n_lines(self) -> int:
        return len(self._parked)

    def clear(self) -> None:
        """Drops all."""
        self._parked = []

    def park(self, sequence: int, tokens: list[TokenId]) -> None:
        """Copies a line that is not too large; it takes the place of those that hold little else."""
        for parked in self._parked:
            if common_beginning(parked.tokens, tokens) == len(tokens):
                self._touch(parked)
                return
        size = lib.llama_state_seq_get_size(self._context, ctypes.c_int32(sequence))
        if not 0 < size <= self._n_bytes:
            return
        state = (ctypes.c_uint8 * size)()
        if lib.llama_state_seq_get_data(self._context, state, size, ctypes.c_int32(sequence)) != size:
            return
        self._parked = [
            other
            for other in self._parked
            if len(other.tokens) - common_beginning(other.tokens, tokens) >= WORTHWHILE_TOKENS
        ]
        self._parked.append(Parked(list(tokens), state))
        while self.n_used_bytes > self._n_bytes:
            del self._parked[0]

    def find(self, path: Sequence[TokenId]) -> tuple[Parked | None, int]:
        """The line with the longest beginning of `path`, and its length."""
        best, n_best = None, 0
        for parked in self._parked:
            if (n := common_beginning(parked.tokens, list(path))) > n_best:
                best, n_best = parked, n
        return best, n_best

    def restore(self, parked: Parked, sequence: int) -> bool:
        """Copies a line back to an empty sequence; False when the runtime found no place for it."""
        self._touch(parked)
        n_read = lib.llama_state_seq_set_data(self._context, parked.state, len(parked.state), ctypes.c_int32(sequence))
        return n_read == len(parked.state)

    def _touch(self, parked: Parked) -> None:
        self._parked.remove(parked)
        self._parked.append(parked)
