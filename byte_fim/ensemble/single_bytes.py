"""The state of a model whose tokens are the 256 bytes: every text has one encoding, so nothing has to be searched.

Says what `byte_fim.state.ByteState` says of such a model, without asking a tokenizer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byte_fim.distribution import END, N_OUTCOMES, ByteDistribution, LawBounds, MissingMass, log_sum
from byte_fim.model import Float64Array, TokenModel
from byte_fim.state import Evaluate
from byte_fim.vocab import Tokens, Vocab


@dataclass(frozen=True, slots=True)
class SingleByteState:
    """What is known at one byte offset. Immutable."""

    model: TokenModel
    stem: Tokens
    tail: bytes
    row: Float64Array
    log_mass: float
    """natural log of the probability of the bytes since the start"""
    missing_mass = MissingMass(noncanonical=0.0, pruned=0.0)

    @classmethod
    def start(
        cls, model: TokenModel, stem: Tokens, tail: bytes, *, evaluate: Evaluate | None = None
    ) -> SingleByteState:
        """At the end of the tail. Only for vocabularies of which `has_single_bytes` is true."""
        context = (*stem, *model.tokenize(tail))
        return cls(model, stem, tail, (evaluate or model.next_token_logprobs)([context])[0], 0.0)

    def byte_law(self) -> ByteDistribution:
        """The row, in the order of bytes."""
        vocab = self.model.vocab
        logp = np.empty(N_OUTCOMES)
        logp[:END] = self.row[vocab.sorted_ids]
        logp[END] = log_sum(self.row[vocab.stop_ids])
        return ByteDistribution(logp, MissingMass(max(0.0, 1.0 - float(np.exp(logp).sum())), 0.0))

    def bounds(self, prune: float) -> LawBounds:
        """The law itself: nothing has to be tested."""
        share = np.exp(self.byte_law().logp)
        return LawBounds(share, share)

    def advance(self, byte: int) -> SingleByteState:
        """The state after one more byte; one evaluation."""
        token = int(self.model.vocab.sorted_ids[byte])
        stem = (*self.stem, *self.model.tokenize(self.tail))
        row = self.model.next_token_logprobs([(*stem, token)])[0]
        return SingleByteState(self.model, stem, bytes([byte]), row, self.log_mass + float(self.row[token]))


def has_single_bytes(vocab: Vocab) -> bool:
    """True when the tokens that stand for bytes are one per byte."""
    return vocab.longest_bytes == 1 and len(vocab.sorted_ids) == END
