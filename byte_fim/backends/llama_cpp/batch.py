"""One reusable llama_batch. Knows no contexts.

Filled through array views, because a Python loop over the fields of the native structure would cost milliseconds.
"""

# pyright: basic

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from byte_fim.backends.llama_cpp.library import lib
from byte_fim.vocab import TokenId


class Batch:
    """Tokens of one decode call, each with its position, its sequences, and whether its row is wanted."""

    def __init__(self, n_tokens: int, *, n_sequences: int) -> None:
        self.n_tokens = n_tokens
        self.native = lib.llama_batch_init(n_tokens, 0, n_sequences)
        self._token = np.ctypeslib.as_array(self.native.token, (n_tokens,))
        self._position = np.ctypeslib.as_array(self.native.pos, (n_tokens,))
        self._n_sequences = np.ctypeslib.as_array(self.native.n_seq_id, (n_tokens,))
        self._wants_row = np.ctypeslib.as_array(self.native.logits, (n_tokens,))
        self._sequences = [self.native.seq_id[i] for i in range(n_tokens)]
        self.n_used = 0
        self._alone_on = -1  # the sequence of the token that `put_one` put, as long as nothing else was put

    def clear(self) -> None:
        """Makes it empty."""
        self.n_used = self.native.n_tokens = 0
        self._alone_on = -1

    def add(self, token: TokenId, position: int, sequences: Sequence[int], *, wants_row: bool) -> None:
        """Appends a token; its index is that of the row, if one is wanted."""
        index = self.n_used
        self._token[index] = token
        self._position[index] = position
        self._n_sequences[index] = len(sequences)
        slots = self._sequences[index]
        for slot, sequence in enumerate(sequences):
            slots[slot] = sequence
        self._wants_row[index] = wants_row
        self.n_used = self.native.n_tokens = index + 1

    def put_one(self, token: TokenId, position: int, sequence: int) -> None:
        """Makes it this token alone, its row wanted."""
        if self._alone_on == sequence:
            self._token[0] = token
            self._position[0] = position
        else:
            self.clear()
            self.add(token, position, (sequence,), wants_row=True)
            self._alone_on = sequence

    def close(self) -> None:
        """Frees the native memory."""
        lib.llama_batch_free(self.native)
