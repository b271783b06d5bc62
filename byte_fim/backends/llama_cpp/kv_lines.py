"""What the KV cache holds: one line of tokens per sequence, the least useful dropped first. Evaluates nothing.

Lines share the cells of common beginnings: the unified KV cache copies a beginning from one sequence to another without
work (docs/exactness.md, section 8). A cell is free again when no line holds it.
"""

# pyright: basic

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from byte_fim.backends.llama_cpp.kv_parking import WORTHWHILE_TOKENS, KvParking
from byte_fim.backends.llama_cpp.library import Handle, lib
from byte_fim.sequences import common_beginning
from byte_fim.vocab import TokenId

MAX_SEQUENCES = 32  # real cursors need 2 to 8 at a time; the rest is for what was asked earlier


@dataclass(slots=True, eq=False)
class Line:
    """The tokens that one sequence of the KV cache holds, evaluated."""

    sequence: int
    tokens: list[TokenId] = field(default_factory=list)
    cells: list[int] = field(default_factory=list)
    """one number per token: that of the evaluation it comes from, so lines that share a cell hold the same number"""


class KvLines:
    """All lines of one llama context, most recently used last."""

    def __init__(self, context: Handle, *, n_cells: int, n_parked_bytes: int) -> None:
        self.n_cells = n_cells
        self.parking = KvParking(context, n_bytes=n_parked_bytes)
        self._memory: Handle = lib.llama_get_memory(context)
        self._lines: list[Line] = []
        self._free = list(range(MAX_SEQUENCES))
        self._n_cells_ever = 0
        self._n_used_at_most = 0  # counting is dearer than decoding a token, so it is done when this reaches the limit

    @property
    def n_lines(self) -> int:
        return len(self._lines)

    def clear(self) -> None:
        """Drops all."""
        lib.llama_memory_clear(self._memory, True)
        self.parking.clear()
        self._lines = []
        self._free = list(range(MAX_SEQUENCES))
        self._n_used_at_most = 0

    def find_holder(self, path: list[TokenId]) -> tuple[Line | None, int]:
        """The line with the longest beginning of `path`, preferably one that holds nothing else, and its length."""
        best, n_best = None, 0
        for line in self._lines:
            n = common_beginning(line.tokens, path)
            if n > n_best or (n == n_best and best and len(line.tokens) < len(best.tokens)):
                best, n_best = line, n
        return best, n_best

    def turn_to(self, path: list[TokenId]) -> None:
        """Makes the cache one for texts that begin like `path`: others are parked, and a parked one comes back if it
        holds much more of this one.
        """
        for line in sorted(self._lines, key=lambda line: -len(line.tokens)):
            n_near = common_beginning(line.tokens, path)
            if len(line.tokens) - n_near >= WORTHWHILE_TOKENS:
                self.parking.park(line.sequence, line.tokens)
                self.cut(line, n_near)
                self._n_used_at_most = self.n_used()
        parked, n_parked = self.parking.find(path)
        if parked and n_parked >= self.find_holder(path)[1] + WORTHWHILE_TOKENS:
            self.free_sequences(1)
            self.claim_cells(len(parked.tokens), keep=())
            line = Line(self._free.pop(), list(parked.tokens), [self.new_cell() for _ in parked.tokens])
            self._lines.append(line)
            if not self.parking.restore(parked, line.sequence):
                self.cut(line, 0)
            elif n_parked < len(line.tokens):
                self.cut(line, n_parked)

    def take(self, holder: Line | None, n: int, *, taken: Sequence[Line]) -> Line:
        """A line of the first `n` tokens of `holder`: that line itself if it holds no more and is not `taken`."""
        if holder and n and len(holder.tokens) == n and holder not in taken:
            self.touch(holder)
            return holder
        line = Line(self._free.pop())
        if holder and n:
            lib.llama_memory_seq_cp(self._memory, holder.sequence, line.sequence, 0, n)
            line.tokens, line.cells = holder.tokens[:n], holder.cells[:n]
        self._lines.append(line)
        return line

    def new_cell(self) -> int:
        """A number for a token that is being evaluated."""
        self._n_cells_ever += 1
        return self._n_cells_ever

    def touch(self, line: Line) -> None:
        """Makes the line the most recently used one."""
        self._lines.remove(line)
        self._lines.append(line)

    def cut(self, line: Line, n: int) -> None:
        """Leaves the first `n` tokens of the line, and removes from the cache whatever stands behind them."""
        del line.tokens[n:], line.cells[n:]
        lib.llama_memory_seq_rm(self._memory, line.sequence, n, -1)
        if not n:
            self._drop(line)

    def free_sequences(self, n: int) -> None:
        """Drops lines until `n` sequences are free, each time the one that loses least; what others hold stays."""
        if len(self._free) >= n:
            return
        ordered = sorted(self._lines, key=lambda line: line.tokens)
        joints = [0, *(common_beginning(left.tokens, right.tokens) for left, right in pairwise(ordered)), 0]
        while len(self._free) < n:
            own = [len(line.tokens) - max(joints[i : i + 2]) for i, line in enumerate(ordered)]
            i = own.index(min(own))
            self._drop(ordered.pop(i))
            joints[i : i + 2] = [min(joints[i : i + 2])]

    def claim_cells(self, n_tokens: int, *, keep: Sequence[tuple[Line | None, int]]) -> None:
        """Makes room for `n_tokens` more, the line longest unused first; of the lines in `keep` so many tokens stay."""
        self._n_used_at_most += n_tokens
        if self._n_used_at_most <= self.n_cells:
            return
        needed: dict[int, int] = {}
        for line, n in keep:
            if line:
                needed[line.sequence] = max(n, needed.get(line.sequence, 0))
        for line in [line for line in self._lines if line.sequence not in needed]:
            if self.n_used() + n_tokens <= self.n_cells:
                break
            self._drop(line)
        if self.n_used() + n_tokens > self.n_cells:
            for line in [line for line in self._lines if needed[line.sequence] < len(line.tokens)]:
                self.cut(line, needed[line.sequence])
        self._n_used_at_most = self.n_used() + n_tokens

    def n_used(self) -> int:
        """Cells in use: one where lines share it."""
        return len(set[int]().union(*(line.cells for line in self._lines)))

    def _drop(self, line: Line) -> None:
        lib.llama_memory_seq_rm(self._memory, line.sequence, -1, -1)
        self._lines.remove(line)
        self._free.append(line.sequence)
