"""The narrow door to a language model: what the mathematics needs of a runtime, and the contract it relies on.

Knows no runtime. tests/contract/ holds every implementation to this text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from byte_fim.vocab import TokenId, Tokens, Vocab

Float64Array = NDArray[np.float64]
Scores = NDArray[np.floating[Any]]
"""(n_vocab,) natural logs of next-token probabilities up to a constant that differs from row to row."""


@dataclass(frozen=True, slots=True)
class DecodeCounts:
    """Work a model has done since it was made. Counts, not times, so they are free of noise."""

    decode_calls: int = 0
    decoded_tokens: int = 0
    reused_tokens: int = 0
    """Tokens of asked contexts that were found evaluated already."""

    def since(self, earlier: DecodeCounts) -> DecodeCounts:
        """The work done between two readings."""
        return DecodeCounts(
            self.decode_calls - earlier.decode_calls,
            self.decoded_tokens - earlier.decoded_tokens,
            self.reused_tokens - earlier.reused_tokens,
        )


class Tokenizing(Protocol):
    """A vocabulary and its tokenizer, with or without a model behind them."""

    @property
    def vocab(self) -> Vocab: ...

    def tokenize(self, text: bytes) -> list[TokenId]:
        """Canonical encoding of plain text: any bytes, decoding back to exactly `text`.

        Never BOS, never a special token, whatever the text spells; no blank is added. Bytes that are not UTF-8 become
        one token each; one that the vocabulary cannot express at all becomes U+FFFD, the only case in which the text
        does not come back. Pure: the same text always gives the same tokens.
        """
        ...


class TokenModel(Tokenizing, Protocol):
    """A language model over tokens. Not thread-safe: one thread owns it."""

    @property
    def n_context_tokens(self) -> int:
        """The longest context that `next_token_logprobs` accepts."""
        ...

    @property
    def counts(self) -> DecodeCounts: ...

    def next_token_logprobs(self, contexts: Sequence[Sequence[TokenId]]) -> Float64Array:
        """(n_contexts, n_vocab) natural-log probabilities; row i belongs to context i, sums to one, holds no NaN.

        A context is a whole token list, special ids included, of 1 to `n_context_tokens` tokens. The answer is the same
        whatever else is asked in the call and whatever was asked before: toy models exactly, weights of 16 bits to 1e-3
        in total variation, weights of 8 bits to 3e-2, because they round activations to 8 bits too (docs/exactness.md,
        section 10).

        Raises ContextTooLong, DecodeAborted (state stays valid) or ModelFailed.
        """
        ...

    def stream(self, context: Sequence[TokenId]) -> TokenStream:
        """Goes on from a context of at least one token, token by token, as generation does. Evaluates nothing yet."""
        ...

    def forget(self) -> None:
        """Drops whatever was kept of earlier evaluations. Changes no answer, only the work for the next one."""
        ...


class TokenStream(Protocol):
    """A context that grows. Says what `next_token_logprobs` would say, without a copy of the vocabulary per token."""

    def step(self, tokens: Sequence[TokenId], drafts: Sequence[Tokens] = ()) -> Mapping[Tokens, Scores]:
        """Appends `tokens`, then scores what may follow: key `()` is the context as it now is, and each beginning of
        each draft is a key too, for the context with that beginning appended.

        One decode call as long as tokens and drafts fit a batch. The arrays are the runtime's own: read only, and valid
        until the model evaluates anything else. Drafts do not become part of the context. Raises as
        `next_token_logprobs`; after DecodeAborted the stream is at an end.
        """
        ...


NOT_NUMBERS = "The model produced values that are not numbers; its file or this build is broken."
