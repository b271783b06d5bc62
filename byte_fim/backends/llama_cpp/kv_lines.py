"""What the KV cache holds: one line of tokens per sequence, the least useful dropped first. Evaluates nothing.

Lines share the cells of common beginnings: the unified KV cache copies a beginning from one sequence to another without
work (docs/exactness.md, section 8). A cell is free again when no line holds it.
"""

# pyright: basic

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from byte_fim.backends.llama_cpp.library import Handle, lib
from byte_fim.vocab import TokenId

MAX_SEQUENCES = 32  # real cursors need 2 to 8 at a time; the rest is for what was asked earlier


@dataclass(slots=True, eq=False)
class Line:
    """The tokens that one sequence of the KV cache holds, evaluated."""

    sequence: int
    tokens: list[TokenId] = field(default_factory=list)
    is_live: bool = True
    """False once its sequence is somebody else's"""


class KvLines:
    """All lines of one llama context, most recently used last."""

    def __init__(self, context: Handle, *, n_cells: int) -> None:
        self.n_cells = n_cells
        self._memory: Handle = lib.llama_get_memory(context)
        self._lines: list[Line] = []
        self._free = list(range(MAX_SEQUENCES))
        self._n_used_at_most = 0  # counting is dearer than decoding a token, so it is done when this reaches the limit

    @property
    def n_lines(self) -> int:
        return len(self._lines)

    def clear(self) -> None:
        """Drops all."""
        lib.llama_memory_clear(self._memory, True)
        for line in self._lines:
            line.is_live = False
        self._lines = []
        self._free = list(range(MAX_SEQUENCES))
        self._n_used_at_most = 0

    def n_held(self, path: Sequence[TokenId]) -> int:
        """Length of the longest beginning of `path` that some line holds."""
        return max((shared(line.tokens, path) for line in self._lines), default=0)

    def take(self, path: list[TokenId], *, taken: Sequence[Line]) -> Line:
        """A line that holds exactly `path`, which some line begins with: that line itself if it holds no more and is
        not `taken`.
        """
        n = len(path)
        holders = [line for line in self._lines if line.tokens[:n] == path] if n else []
        whole = next((line for line in holders if len(line.tokens) == n and line not in taken), None)
        if whole is None:
            whole = Line(self._free.pop(), list(path))
            if holders:
                lib.llama_memory_seq_cp(self._memory, holders[-1].sequence, whole.sequence, 0, n)
            self._lines.append(whole)
        self.touch(whole)
        return whole

    def touch(self, line: Line) -> None:
        """Makes the line the most recently used one."""
        if self._lines[-1] is not line:
            self._lines.remove(line)
            self._lines.append(line)

    def cut(self, line: Line) -> None:
        """Removes from the cache what stands there behind the line's tokens."""
        lib.llama_memory_seq_rm(self._memory, line.sequence, len(line.tokens), -1)
        if not line.tokens:
            self._drop(line)

    def free_sequences(self, n: int) -> None:
        """Drops lines until `n` sequences are free, each time the one that loses least; what others hold stays."""
        if len(self._free) >= n:
            return
        ordered = sorted(self._lines, key=lambda line: line.tokens)
        joints = [0, *(shared(left.tokens, right.tokens) for left, right in pairwise(ordered)), 0]
        while len(self._free) < n:
            own = [len(line.tokens) - max(joints[i : i + 2]) for i, line in enumerate(ordered)]
            i = own.index(min(own))
            self._drop(ordered.pop(i))
            joints[i : i + 2] = [min(joints[i : i + 2])]

    def claim_cells(self, n_tokens: int, *, keep: Sequence[list[TokenId]]) -> None:
        """Makes room for `n_tokens` more, the line longest unused first; the beginnings `keep` stay."""
        self._n_used_at_most += n_tokens
        if self._n_used_at_most <= self.n_cells:
            return
        keep = [path for path in keep if path]
        needed = [line for line in self._lines if any(line.tokens[: len(path)] == path for path in keep)]
        for line in [line for line in self._lines if line not in needed]:
            if self.n_used() + n_tokens <= self.n_cells:
                break
            self._drop(line)
        if self.n_used() + n_tokens > self.n_cells:
            for line in needed:
                del line.tokens[max(len(path) for path in keep if line.tokens[: len(path)] == path) :]
                self.cut(line)
        self._n_used_at_most = self.n_used() + n_tokens

    def n_used(self) -> int:
        """Cells in use: a token once where lines share it; a line's last token may have been evaluated twice."""
        ordered = sorted(line.tokens for line in self._lines)
        return sum(map(len, ordered)) - sum(map(shared, ordered, ordered[1:])) + len(ordered)

    def _drop(self, line: Line) -> None:
        lib.llama_memory_seq_rm(self._memory, line.sequence, -1, -1)
        self._lines.remove(line)
        self._free.append(line.sequence)
        line.is_live = False


def shared(left: Sequence[TokenId], right: Sequence[TokenId]) -> int:
    """Length of the longest common beginning."""
    n = min(len(left), len(right))
    if left[:n] == right[:n]:
        return n
    low, high = 0, n  # the first difference lies in between; halving compares in native code
    while high - low > 1:
        middle = (low + high) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle
    return low
