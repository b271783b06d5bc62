"""Many contexts in one `llama_decode`, on top of whatever the KV cache holds. Knows nothing of bytes or of FIM.

The contexts of a call form a token tree: each leaf has a sequence of its own, and nodes that several leaves share are
evaluated once, tagged with all of their sequences (docs/exactness.md, section 8). Nothing is evaluated that some line
of the cache still holds.
"""

# pyright: basic

from __future__ import annotations

import ctypes
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from byte_fim.backends.llama_cpp.batch import Batch
from byte_fim.backends.llama_cpp.kv_lines import MAX_SEQUENCES, KvLines, Line
from byte_fim.backends.llama_cpp.library import Handle, lib
from byte_fim.errors import DecodeAborted, ModelFailed
from byte_fim.model import NOT_NUMBERS, DecodeCounts, Float64Array, Scores
from byte_fim.sequences import common_beginning
from byte_fim.vocab import TokenId, Tokens

REMEMBERED_ROWS_BYTES = 32 << 20  # typing a byte asks again for most of the contexts of the byte before
PIECE_TOKENS = 128  # of a prompt, between two looks at the abort flag, unless calibrated
_LEAVES_PER_CALL = MAX_SEQUENCES - 8  # the others hold what was asked earlier
_OK, _NO_ROOM, _ABORTED = 0, 1, 2  # what llama_decode returns; negative: the batch or the runtime is broken


@dataclass(slots=True)
class _Leaf:
    path: list[TokenId]
    holder: Line | None
    """the line that its first `n_held` tokens are taken from"""
    n_held: int
    asked: set[int] = field(default_factory=set)
    """lengths of its beginnings whose rows are wanted"""
    line: Line | None = None


@dataclass(frozen=True, slots=True)
class _Node:
    position: int
    token: TokenId
    leaves: Sequence[_Leaf]


class KvTree:
    """Evaluates contexts on one llama context and remembers what its sequences hold."""

    def __init__(
        self,
        context: Handle,
        *,
        n_vocab: int,
        n_batch_tokens: int,
        n_cells: int,
        n_parked_bytes: int,
        is_aborted: Callable[[], bool],
    ) -> None:
        """`is_aborted` is asked before each call: not every back-end looks at the abort flag during one."""
        self._context = context
        self._n_vocab = n_vocab
        self._batch = Batch(n_batch_tokens, n_sequences=MAX_SEQUENCES)
        self._is_aborted = is_aborted
        self._rows: OrderedDict[Tokens, Float64Array] = OrderedDict()
        self._n_rows = max(1, REMEMBERED_ROWS_BYTES // (n_vocab * np.dtype(np.float64).itemsize))
        self._counts = [0, 0, 0]
        self._views: dict[int | None, Scores] = {}
        self.n_evaluations = 0
        """Changes whenever lines may have changed, so that who holds one knows whether it is still theirs."""
        self.lines = KvLines(context, n_cells=n_cells, n_parked_bytes=n_parked_bytes)
        self.n_piece_tokens = min(PIECE_TOKENS, n_batch_tokens)
        """Most tokens of one decode call."""

    @property
    def counts(self) -> DecodeCounts:
        return DecodeCounts(*self._counts)

    @property
    def n_tokens_per_call(self) -> int:
        """Contexts whose last tokens are sure to be evaluated in one call."""
        return min(self.n_piece_tokens, _LEAVES_PER_CALL)

    def close(self) -> None:
        """Frees the native memory."""
        self._batch.close()

    def forget(self) -> None:
        """Drops everything that was evaluated."""
        self.n_evaluations += 1
        self.lines.clear()
        self._rows.clear()

    def logprobs(self, contexts: Sequence[Tokens]) -> Float64Array:
        """(n_contexts, n_vocab) natural-log rows. One decode call per piece of new tokens, none for remembered rows."""
        known = {context: self._rows[context] for context in contexts if context in self._rows}
        self._counts[2] += sum(map(len, known))
        self.evaluate(set(contexts) - set(known), lambda path, scores: known.update({path: _log_softmax(scores)}))
        self._remember(known)
        return np.stack([known[context] for context in contexts])

    def evaluate(self, paths: set[Tokens], take: Callable[[Tokens, Scores], None]) -> Line | None:
        """Calls `take` with each path and its scores, which are valid only during that call. Returns the line of the
        last path in byte order that is no beginning of another.
        """
        self.n_evaluations += 1
        waiting = sorted(paths)
        line = None
        while waiting:
            group = [waiting.pop(0)]
            while waiting and len(group) < _LEAVES_PER_CALL:
                group.append(waiting.pop(0))
            line = self._evaluate_group(group, take)
        return line

    def append(self, line: Line, token: TokenId) -> Scores:
        """As `extend` with one token, which is what generation mostly does: the batch needs little change."""
        self.lines.claim_cells(1, keep=((line, len(line.tokens)),))
        self._batch.put_one(token, len(line.tokens), line.sequence)
        self._decode_behind(line, (token,))
        return self._scores(0)

    def extend(self, line: Line, tokens: Sequence[TokenId], *, n_rows: int) -> list[Scores]:
        """The scores after each of the last `n_rows` tokens, put behind a line by one decode call."""
        n_before, first_row = len(line.tokens), len(tokens) - n_rows
        self.lines.claim_cells(len(tokens), keep=((line, n_before),))
        self._batch.clear()
        for i, token in enumerate(tokens):
            self._batch.add(token, n_before + i, (line.sequence,), wants_row=i >= first_row)
        self._decode_behind(line, tokens)
        return [self._scores(i) for i in range(first_row, len(tokens))]

    def _decode_behind(self, line: Line, tokens: Sequence[TokenId]) -> None:
        """The batch holds the tokens."""
        self.n_evaluations += 1
        n_before = len(line.tokens)
        try:
            self._decode()
        except BaseException:
            self.lines.cut(line, n_before)
            raise
        self._counts[2] += n_before
        line.tokens += tokens
        line.cells += [self.lines.new_cell() for _ in tokens]

    def _remember(self, rows: Mapping[Tokens, Float64Array]) -> None:
        for context, row in rows.items():
            self._rows[context] = row
            self._rows.move_to_end(context)
        while len(self._rows) > self._n_rows:
            self._rows.popitem(last=False)

    def _evaluate_group(self, paths: list[Tokens], take: Callable[[Tokens, Scores], None]) -> Line | None:
        self.lines.turn_to(list(paths[0]))
        self.lines.free_sequences(len(paths))
        leaves = self._plan(paths)
        nodes = sorted(_nodes(leaves, 0), key=lambda node: node.position)
        self._counts[2] += max(leaf.n_held for leaf in leaves)
        self.lines.claim_cells(len(nodes), keep=[(leaf.holder, leaf.n_held) for leaf in leaves])
        taken: list[Line] = []
        for leaf in leaves:
            leaf.line = self.lines.take(leaf.holder, leaf.n_held, taken=taken)
            taken.append(leaf.line)
        try:
            end = (
                len(nodes) % self.n_piece_tokens or self.n_piece_tokens
            )  # the last call is full: rows are wanted there
            start = 0
            while start < len(nodes):
                self._decode_piece(nodes[start:end], take)
                start, end = end, end + self.n_piece_tokens
        except BaseException:
            for line in taken:
                self.lines.cut(line, len(line.tokens))  # what was evaluated completely stays
            raise
        return leaves[-1].line

    def _plan(self, paths: list[Tokens]) -> list[_Leaf]:
        """The paths that are no beginnings of others. A row is only to be had by evaluating its last token, so that
        one is never taken from the cache.
        """
        leaves: list[_Leaf] = []
        for path in reversed(paths):  # sorted: a path comes right before the paths that begin with it
            within = [leaf for leaf in leaves if tuple(leaf.path[: len(path)]) == path]
            if not within:
                within = [_Leaf(list(path), *self.lines.find_holder(list(path)))]
                leaves += within
            for leaf in within:
                leaf.asked.add(len(path))
                leaf.n_held = min(leaf.n_held, len(path) - 1)
        leaves.reverse()
        return leaves

    def _decode_piece(self, nodes: Sequence[_Node], take: Callable[[Tokens, Scores], None]) -> None:
        self._batch.clear()
        wanted: list[tuple[int, Tokens]] = []
        for i, node in enumerate(nodes):
            leaf, n = node.leaves[0], node.position + 1
            is_wanted = n in leaf.asked
            if is_wanted:
                wanted.append((i, tuple(leaf.path[:n])))
            sequences = [each.line.sequence for each in node.leaves if each.line]
            self._batch.add(node.token, node.position, sequences, wants_row=is_wanted)
        self._decode()
        for node in nodes:
            cell = self.lines.new_cell()
            for leaf in node.leaves:
                if leaf.line:
                    leaf.line.tokens.append(node.token)
                    leaf.line.cells.append(cell)
        for i, path in wanted:
            take(path, self._scores(i))

    def _decode(self) -> None:
        if self._is_aborted():
            raise DecodeAborted
        code = lib.llama_decode(self._context, self._batch.native)
        self._counts[0] += 1
        self._counts[1] += self._batch.n_used
        if code == _ABORTED:
            raise DecodeAborted
        if code == _NO_ROOM:
            raise ModelFailed("The model's KV cache is full; choose a larger context or fewer alternatives.")
        if code != _OK:
            raise ModelFailed(
                f"llama_decode failed with code {code}; restart the model, and try another build if it happens again."
            )

    def _scores(self, index: int) -> Scores:
        """(n_vocab,) float32 view of a row of the last decode call."""
        pointer = lib.llama_get_logits_ith(self._context, index)
        address = ctypes.c_void_p.from_buffer(pointer).value
        if (scores := self._views.get(address)) is None:  # making a view takes longer than looking for one
            scores = self._views[address] = np.ctypeslib.as_array(pointer, (self._n_vocab,))
        return scores


def _nodes(leaves: Sequence[_Leaf], position: int) -> Iterator[_Node]:
    """What has to be evaluated, every node once; leaves are sorted and share everything before `position`."""
    first, last = leaves[0].path, leaves[-1].path
    end = position + common_beginning(first[position:], last[position:])
    # leaves that share a node that is new share all that comes before it, so they hold equally much of it
    for at in range(max(position, leaves[0].n_held), end):
        yield _Node(at, first[at], leaves)
    if len(leaves) == 1:
        return
    start = 0
    for i in range(1, len(leaves) + 1):
        if i == len(leaves) or leaves[i].path[end] != leaves[start].path[end]:
            yield from _nodes(leaves[start:i], end)
            start = i


def _log_softmax(scores: Scores) -> Float64Array:
    row = scores.astype(np.float64)
    if not np.isfinite(top := row.max()):
        raise ModelFailed(NOT_NUMBERS)
    row -= top
    row -= np.log(np.exp(row).sum())
    return row
