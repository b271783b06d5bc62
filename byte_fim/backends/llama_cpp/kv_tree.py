"""Many contexts in one `llama_decode`, and what of them stays in the KV cache. Knows nothing of bytes or of FIM.

The contexts of a call form a token tree: their common beginning (the trunk) on sequence 0, each leaf on a sequence of
its own, nodes that several leaves share tagged with all of their sequences. That needs the unified KV cache, where
`seq_cp` costs nothing and freed cells are shared (docs/exactness.md, section 8).
"""

# pyright: basic

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from byte_fim.backends.llama_cpp.library import Handle, lib
from byte_fim.model import DecodeAborted, DecodeCounts, Float64Array, ModelFailed
from byte_fim.vocab import TokenId, Tokens

MAIN = 0
REMEMBERED_ROWS_BYTES = 32 << 20  # typing a byte asks again for most of the contexts of the byte before
MAX_SEQUENCES = 32  # trunk and leaves; real cursors need 2 to 8
_OK, _NO_ROOM, _ABORTED = 0, 1, 2  # what llama_decode returns; negative: the batch or the runtime is broken


@dataclass(slots=True)
class _Node:
    depth: int
    sequences: list[int] = field(default_factory=list)


class KvTree:
    """Evaluates contexts on one llama context and remembers which tokens its sequences hold."""

    def __init__(self, context: Handle, *, n_vocab: int, n_batch_tokens: int) -> None:
        self._context = context
        self._memory: Handle = lib.llama_get_memory(context)
        self._n_vocab = n_vocab
        self._batch = _Batch(n_batch_tokens)
        self.n_piece_tokens = n_batch_tokens
        """Most tokens of one decode call."""
        self._live: dict[int, Tokens] = {MAIN: ()}
        self._rows: OrderedDict[Tokens, Float64Array] = OrderedDict()
        self._n_rows = max(1, REMEMBERED_ROWS_BYTES // (n_vocab * np.dtype(np.float64).itemsize))
        self.counts = DecodeCounts()

    def close(self) -> None:
        self._batch.close()

    def forget(self) -> None:
        """Drops everything that was evaluated."""
        lib.llama_memory_clear(self._memory, True)
        self._live = {MAIN: ()}
        self._rows.clear()

    def logprobs(self, contexts: Sequence[Tokens]) -> Float64Array:
        """(n_contexts, n_vocab) natural-log rows. One decode call per batch of new tokens, none for remembered rows."""
        known = {context: self._rows[context] for context in contexts if context in self._rows}
        paths = sorted(set(contexts) - set(known))
        self._count(n_reused=sum(map(len, known)))
        while paths:
            group = self._take_group(paths)
            known |= zip(group, self._evaluate(group), strict=True)
        self._remember(known)
        return np.stack([known[context] for context in contexts])

    def _remember(self, rows: Mapping[Tokens, Float64Array]) -> None:
        for context, row in rows.items():
            self._rows[context] = row
            self._rows.move_to_end(context)
        while len(self._rows) > self._n_rows:
            self._rows.popitem(last=False)

    def _count(self, *, n_calls: int = 0, n_decoded: int = 0, n_reused: int = 0) -> None:
        done = self.counts
        self.counts = DecodeCounts(
            done.decode_calls + n_calls, done.decoded_tokens + n_decoded, done.reused_tokens + n_reused
        )

    def _take_group(self, paths: list[Tokens]) -> list[Tokens]:
        """Removes from `paths` as many contexts as fit one call: leaves within the sequences, nodes within half a
        batch.
        """
        group = [paths.pop(0)]
        trunk, n_nodes = len(group[0]), 0
        while paths and len(group) < MAX_SEQUENCES - 1:
            shared = _shared(group[0], paths[0])
            n_nodes += len(paths[0]) - shared + max(0, trunk - shared)
            if n_nodes > self._batch.n_tokens // 2:
                break
            trunk = min(trunk, shared)
            group.append(paths.pop(0))
        return group

    def _evaluate(self, paths: list[Tokens]) -> list[Float64Array]:
        trunk = paths[0][: min(_shared(paths[0], path) for path in paths)]
        # a row is only to be had by evaluating its last token, so that one is never taken from the cache
        n_kept = self._keep_longest(trunk[:-1] if trunk in paths else trunk)
        self._count(n_reused=n_kept)
        try:
            return self._decode_tree(paths, trunk, n_kept)
        except BaseException:
            for sequence in range(1, MAX_SEQUENCES):
                lib.llama_memory_seq_rm(self._memory, sequence, -1, -1)
            lib.llama_memory_seq_rm(self._memory, MAIN, n_kept, -1)
            self._live = {MAIN: trunk[:n_kept]}
            raise

    def _keep_longest(self, trunk: Tokens) -> int:
        """Leaves on the main sequence the longest beginning of `trunk` that any sequence holds; returns its length."""
        best = max(self._live, key=lambda sequence: (_shared(self._live[sequence], trunk), sequence == MAIN))
        n_kept = _shared(self._live[best], trunk)
        if best != MAIN:
            lib.llama_memory_seq_rm(self._memory, MAIN, -1, -1)
            lib.llama_memory_seq_cp(self._memory, best, MAIN, 0, n_kept)
        for sequence in self._live:
            if sequence != MAIN:
                lib.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        lib.llama_memory_seq_rm(self._memory, MAIN, n_kept, -1)
        self._live = {MAIN: trunk[:n_kept]}
        return n_kept

    def _decode_tree(self, paths: list[Tokens], trunk: Tokens, n_kept: int) -> list[Float64Array]:
        nodes = _tree_nodes(paths, len(trunk))
        leaves = sorted({sequence for node in nodes.values() for sequence in node.sequences} - {MAIN})
        pending = trunk[n_kept:]
        # the last piece of the trunk shares a call with the tree
        room = self._batch.n_tokens - len(nodes)
        position = n_kept
        while len(pending) > room:
            piece, pending = pending[: self._batch.n_tokens], pending[self._batch.n_tokens :]
            if not pending:  # keep one token for the call that needs its row
                piece, pending = piece[:-1], piece[-1:]
            self._batch.clear()
            for offset, token in enumerate(piece):
                self._batch.add(token, position + offset, (MAIN,), wants_row=False)
            self._decode()
            position += len(piece)
            self._live[MAIN] = trunk[:position]
        for leaf in leaves:
            lib.llama_memory_seq_cp(self._memory, MAIN, leaf, -1, -1)
        self._batch.clear()
        everyone = (MAIN, *leaves)
        row_of: dict[Tokens, int] = {}
        for offset, token in enumerate(pending):
            path = trunk[: position + offset + 1]
            row_of[path] = self._batch.add(token, position + offset, everyone, wants_row=path in paths)
        for path, node in sorted(nodes.items(), key=lambda item: (item[1].depth, item[0])):
            row_of[path] = self._batch.add(path[-1], node.depth, tuple(node.sequences), wants_row=path in paths)
        self._decode()
        self._live = {MAIN: trunk}
        for path, node in nodes.items():
            for sequence in node.sequences:
                if len(path) > len(self._live.get(sequence, ())):
                    self._live[sequence] = path
        return [self._row(row_of[path]) for path in paths]

    def _decode(self) -> None:
        code = lib.llama_decode(self._context, self._batch.native)
        self._count(n_calls=1, n_decoded=self._batch.n_used)
        if code == _ABORTED:
            raise DecodeAborted
        if code == _NO_ROOM:
            raise ModelFailed("The model's KV cache is full; choose a larger context or fewer alternatives.")
        if code != _OK:
            raise ModelFailed(
                f"llama_decode failed with code {code}; restart the model, and try another build if it happens again."
            )

    def _row(self, index: int) -> Float64Array:
        logits = np.ctypeslib.as_array(lib.llama_get_logits_ith(self._context, index), (self._n_vocab,)).astype(
            np.float64
        )
        logits -= logits.max()
        if not np.isfinite(logits.min()) and np.isnan(logits).any():
            raise ModelFailed("The model produced values that are not numbers; its file or this build is broken.")
        logits -= np.log(np.exp(logits).sum())
        return logits


class _Batch:
    """One reusable llama_batch, filled through array views because a Python loop over its fields would cost
    milliseconds.
    """

    def __init__(self, n_tokens: int) -> None:
        self.n_tokens = n_tokens
        self.native = lib.llama_batch_init(n_tokens, 0, MAX_SEQUENCES)
        self._token = np.ctypeslib.as_array(self.native.token, (n_tokens,))
        self._position = np.ctypeslib.as_array(self.native.pos, (n_tokens,))
        self._n_sequences = np.ctypeslib.as_array(self.native.n_seq_id, (n_tokens,))
        self._wants_row = np.ctypeslib.as_array(self.native.logits, (n_tokens,))
        self.n_used = 0

    def clear(self) -> None:
        self.n_used = self.native.n_tokens = 0

    def add(self, token: TokenId, position: int, sequences: Sequence[int], *, wants_row: bool) -> int:
        """Returns the token's index in the batch."""
        index = self.n_used
        self._token[index] = token
        self._position[index] = position
        self._n_sequences[index] = len(sequences)
        slots = self.native.seq_id[index]
        for slot, sequence in enumerate(sequences):
            slots[slot] = sequence
        self._wants_row[index] = wants_row
        self.n_used = self.native.n_tokens = index + 1
        return index

    def close(self) -> None:
        lib.llama_batch_free(self.native)


def _tree_nodes(paths: Sequence[Tokens], n_trunk: int) -> dict[Tokens, _Node]:
    """Every path below the trunk with its depth and sequences. A tree without branches stays on the main sequence."""
    nodes: dict[Tokens, _Node] = {}
    inner = {path[:end] for path in paths for end in range(n_trunk, len(path))}
    leaves = [path for path in paths if path not in inner and len(path) > n_trunk]
    sequences = [MAIN] if len(leaves) == 1 else range(1, len(leaves) + 1)
    for sequence, leaf in zip(sequences, leaves, strict=True):
        for end in range(n_trunk + 1, len(leaf) + 1):
            nodes.setdefault(leaf[:end], _Node(end - 1)).sequences.append(sequence)
    return nodes


def _shared(left: Tokens, right: Tokens) -> int:
    """Length of the longest common beginning."""
    n = min(len(left), len(right))
    if left[:n] == right[:n]:
        return n
    return next(i for i in range(n) if left[i] != right[i])
