"""The law of the next byte at a cursor, exact or as others compute it. Knows no generation.

`reference` is the exact law evaluated one context at a time with nothing kept in between: slow, and what the fast one
is judged by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from byte_fim.anchor import Anchors
from byte_fim.complete import CompleteOptions, Cover, list_covers
from byte_fim.conditioning import condition
from byte_fim.distribution import END, N_OUTCOMES, ByteDistribution, MissingMass, log_sum
from byte_fim.fim import CutPolicy, FimFormat, Layout
from byte_fim.model import DecodeCounts, Float64Array, TokenModel
from byte_fim.state import DEFAULT_PRUNE, ByteState, Evaluate
from byte_fim.vocab import Tokens


@dataclass(frozen=True, slots=True)
class NextByteLaw:
    """The law at a cursor and what it was computed from."""

    distribution: ByteDistribution
    cover_missing_mass: MissingMass
    """what the covers of the tail leave out; the distribution's own is what its 257 outcomes leave out after them"""
    covers: tuple[Cover, ...]
    n_contexts: int
    counts: DecodeCounts
    stem_tokens: Tokens
    tail: bytes


def next_byte_law(
    model: TokenModel,
    fim: FimFormat,
    prefix: bytes,
    suffix: bytes,
    *,
    layout: Layout,
    cut: CutPolicy = "word",
    conditioning: Literal["exact", "naive", "reference"] = "exact",
    prune: float = DEFAULT_PRUNE,
) -> NextByteLaw:
    """The law of the byte after the prefix. Raises NoFimTokens and ModelFailed."""
    before = model.counts
    asked = "naive" if conditioning == "naive" else "exact"
    options = CompleteOptions(layout=layout, cut=cut, conditioning=asked, max_tokens=0)
    prompt = Anchors().lay_out(model, fim, prefix, suffix, options.scheme(model))
    if conditioning == "naive":
        state = condition(model, prompt, conditioning="naive")
        law = _naive_law(model, state.contexts[0].row)
        missing_mass = law.missing_mass
    else:
        alone = conditioning == "reference"
        state = ByteState.start(
            model, prompt.stem, prompt.tail, prune=prune, evaluate=one_by_one(model) if alone else None
        )
        law, missing_mass = state.byte_law(), state.missing_mass
    return NextByteLaw(
        distribution=law,
        cover_missing_mass=missing_mass,
        covers=() if conditioning == "naive" else list_covers(state),
        n_contexts=len(state.contexts),
        counts=model.counts.since(before),
        stem_tokens=prompt.stem,
        tail=prompt.tail,
    )


def one_by_one(model: TokenModel) -> Evaluate:
    """Evaluates every context on its own, with nothing kept from the one before."""

    def evaluate(contexts: Sequence[Tokens]) -> Float64Array:
        rows: list[Float64Array] = []
        for context in contexts:
            model.forget()
            rows.append(model.next_token_logprobs([context])[0])
        return np.stack(rows)

    return evaluate


def _naive_law(model: TokenModel, row: Float64Array) -> ByteDistribution:
    """The first-byte histogram of the next token: what a prompt cut anywhere says when it is trusted."""
    vocab = model.vocab
    logp = np.full(N_OUTCOMES, -np.inf)
    for byte in range(END):
        low, high = vocab.range_starting_with(bytes([byte]))
        logp[byte] = log_sum(row[vocab.sorted_ids[low:high]])
    logp[END] = log_sum(row[vocab.stop_ids])
    return ByteDistribution(logp, MissingMass(noncanonical=None, pruned=0.0))
