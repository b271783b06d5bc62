"""Turns a prompt into the places where generation may start: exactly, or by one of two approximations.

Knows no generation loop. `exact` is docs/exactness.md; `naive`, which most tools do, trusts the tokens as they stand;
`healing` backs up one token.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from byte_fim.candidates import Candidates, Context
from byte_fim.cover import Covers
from byte_fim.distribution import log_sum
from byte_fim.fim import Prompt
from byte_fim.model import TokenModel
from byte_fim.state import ByteState
from byte_fim.vocab import TokenId, Tokens

Conditioning = Literal["exact", "healing", "naive"]


@dataclass(frozen=True, slots=True)
class Start:
    """One way to begin the middle: a cover, expanded by one token where it ends exactly at the cursor."""

    tokens: Tokens
    """the whole context, stem included"""
    middle: bytes
    """what it already says beyond the cursor"""
    logp: float
    """natural log of its share of the mass at the cursor"""
    is_end: bool
    """the middle ends here"""


def condition(model: TokenModel, prompt: Prompt, *, conditioning: Conditioning) -> ByteState:
    """The state at the cursor. For the approximations: one context, and a tail of at most one token."""
    if conditioning == "exact":
        return ByteState.start(model, prompt.stem, prompt.tail)
    return _single_context(model, prompt.stem, prompt.tail)


def _single_context(model: TokenModel, stem: Tokens, tail: bytes) -> ByteState:
    row = model.next_token_logprobs([stem])[0]
    return ByteState(model, Covers.of(model), stem, tail, (Context((), 0, 0.0, row),), model.next_token_logprobs)


def sample_start(state: ByteState, random: np.random.Generator) -> Start:
    """One cover drawn by its weight, not expanded: continuing it token by token gives exactly the byte law
    (section 8).
    """
    exact = [c for c in state.contexts if state.is_exact(c)]
    kept = state.overhanging.kept
    logw = np.concatenate([[c.logp for c in exact], kept.logw])
    share = np.exp(logw - log_sum(logw))
    drawn = int(random.choice(len(share), p=share / share.sum()))
    if drawn < len(exact):
        return Start((*state.stem, *exact[drawn].tokens), b"", float(np.log(share[drawn])), is_end=False)
    i = drawn - len(exact)
    return _start(state, int(kept.owner[i]), int(kept.token[i]), float(np.log(share[drawn])), is_end=False)


def find_starts(state: ByteState, *, conditioning: Conditioning) -> Iterator[Start]:
    """Ways to begin, likeliest first, exact covers expanded by one token so that like is compared with like
    (section 9).
    """
    vocab = state.model.vocab
    if conditioning == "healing":
        yield from _healed(state)
        return
    as_it_stands = conditioning == "naive"
    candidates = (
        [state.candidates(exact=True)]
        if as_it_stands
        else [state.candidates(exact=False), state.candidates(exact=True)]
    )
    ends = _ends(state, trust=as_it_stands)
    total = _merge([*candidates, ends])
    log_mass = 0.0 if as_it_stands else state.log_mass
    for owner, token, logw in total.by_falling_weight():
        if logw == -np.inf:
            return
        is_end = vocab.is_special(token)
        if not (is_end or as_it_stands or state.is_canonical(state.contexts[owner], token)):
            continue
        yield _start(state, owner, token, logw - log_mass, is_end=is_end)


def _start(state: ByteState, owner: int, token: TokenId, logp: float, *, is_end: bool) -> Start:
    context = state.contexts[owner]
    said = state.model.vocab.bytes_of(token)[len(state.tail) - context.start :]
    return Start((*state.stem, *context.tokens, token), said, logp, is_end)


def _healed(state: ByteState) -> Iterator[Start]:
    """Commits to single tokens that begin with the last one."""
    row, vocab = state.contexts[0].row, state.model.vocab
    low, high = vocab.range_starting_with(state.tail)
    ids = vocab.sorted_ids[low:high]
    mass = log_sum(row[ids])
    for i in np.argsort(-row[ids], kind="stable"):
        yield _start(state, 0, int(ids[i]), float(row[ids[i]]) - mass, is_end=False)


def _ends(state: ByteState, *, trust: bool) -> Candidates:
    """One candidate per exact cover after which the middle may end, with all stops' mass together."""
    stops = state.model.vocab.stop_ids
    owners = [
        i for i, c in enumerate(state.contexts) if len(stops) and state.is_exact(c) and (trust or state.can_end(c))
    ]
    weights = [state.contexts[i].logp + log_sum(state.contexts[i].row[stops]) for i in owners]
    return Candidates(
        np.array(owners, np.intp), np.full(len(owners), stops[0] if len(stops) else 0, np.intp), np.array(weights)
    )


def _merge(parts: list[Candidates]) -> Candidates:
    return Candidates(
        np.concatenate([p.owner for p in parts]),
        np.concatenate([p.token for p in parts]),
        np.concatenate([p.logw for p in parts]),
    )
