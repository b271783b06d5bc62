"""One completion: layout, covers, generation. Knows no protocol, no syntax and no clock.

What is exact: the choice of where to begin (docs/exactness.md, section 8). After the bytes that are there have been
resolved, tokens follow the model as it is, canonical or not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from byte_fim.anchor import Anchors, Scheme
from byte_fim.conditioning import Conditioning, condition
from byte_fim.distribution import MissingMass
from byte_fim.drafting import Drafter
from byte_fim.fim import CutPolicy, FimFormat, Layout, Prompt
from byte_fim.generate import Alternative, FindEnd, Loop, ShouldStop
from byte_fim.model import DecodeCounts, TokenModel
from byte_fim.state import ByteState
from byte_fim.utf8 import unfinished_character
from byte_fim.vocab import Tokens

RESERVED_TOKENS = 128  # of the context, for the open tail and its covers
SHOWN_COVERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteOptions:
    """How to complete."""

    layout: Layout = "spm"
    cut: CutPolicy = "word"
    conditioning: Conditioning = "exact"
    n_alternatives: int = 1
    max_tokens: int = 64
    temperature: float = 0.0
    """0: greedy. Covers are always weighed with the model's own probabilities; temperature and top_p shape what
    comes after.
    """
    top_p: float = 1.0
    """in (0, 1]: least set of likeliest tokens that holds this much probability"""
    seed: int = 0
    preamble: Tokens = ()
    """other files, in front of every layout (`other_files.show_files`)"""

    def scheme(self, model: TokenModel) -> Scheme:
        """How texts are laid out for the model; covers and the completion need room too."""
        return Scheme(
            layout=self.layout,
            cut=self.cut,
            conditioning=self.conditioning,
            preamble=self.preamble,
            n_room_tokens=model.n_context_tokens - self.max_tokens - RESERVED_TOKENS - len(self.preamble),
        )


@dataclass(frozen=True, slots=True)
class Cover:
    """A token sequence over the open tail."""

    tokens: Tokens
    """after the stem"""
    text: bytes
    logp: float
    """natural log of its share of the mass at the cursor"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What `complete` found, and how."""

    alternatives: tuple[Alternative, ...]
    """best first, never empty; the texts differ"""
    missing_mass: MissingMass
    stem_tokens: Tokens
    tail: bytes
    covers: tuple[Cover, ...]
    """likeliest first, at most 20"""
    n_contexts: int
    counts: DecodeCounts
    """of the whole request, but `reused_tokens` of its prompt only: in every later step all but one token is reused"""
    layout: Layout
    conditioning: Conditioning
    """what was done: "naive" also where exact was asked for a text that has no canonical cover"""

    @property
    def n_drafted_tokens(self) -> int:
        """Of all alternatives: tokens evaluated before they were chosen."""
        return sum(alternative.n_drafted_tokens for alternative in self.alternatives)

    @property
    def n_accepted_tokens(self) -> int:
        """Of all alternatives: of these, the ones that came true."""
        return sum(alternative.n_accepted_tokens for alternative in self.alternatives)


def complete(
    model: TokenModel,
    fim: FimFormat,
    prefix: bytes,
    suffix: bytes,
    *,
    options: CompleteOptions,
    should_stop: ShouldStop = lambda: None,
    find_end: FindEnd = lambda middle: None,
    anchors: Anchors | None = None,
    drafter: Drafter | None = None,
) -> Completion:
    """The middle between prefix and suffix; the cursor may stand anywhere, inside a character included.

    `drafter` belongs to this model; it changes the time and not the text (`drafting.DraftedStream`).

    With `anchors`, typing on goes on from where the text was cut before; without, the text is cut anew.
    Raises NoFimTokens, ModelFailed, and DecodeAborted when it was stopped before anything could be said.
    """
    before = model.counts
    prompt = (anchors or Anchors()).lay_out(model, fim, prefix, suffix, options.scheme(model))
    state = condition(model, prompt, conditioning=options.conditioning)
    n_reused = model.counts.since(before).reused_tokens
    conditioning = options.conditioning
    if conditioning == "exact" and state.log_mass == -np.inf:
        # bytes that no canonical text holds, such as U+2581 under SentencePiece: their own encoding is all there is
        state = condition(model, Prompt(prompt.stem + tuple(model.tokenize(prompt.tail)), b""), conditioning="naive")
        conditioning = "naive"
        missing_mass = MissingMass(noncanonical=1.0, pruned=0.0)
    else:
        missing_mass = state.missing_mass if conditioning == "exact" else MissingMass(None, 0.0)
    loop = Loop(
        model=model,
        max_tokens=options.max_tokens,
        temperature=options.temperature,
        top_p=options.top_p,
        should_stop=should_stop,
        find_end=find_end,
        unfinished=unfinished_character(prefix),
        drafter=drafter,
    )
    return Completion(
        alternatives=tuple(loop.run(state, conditioning, n_alternatives=options.n_alternatives, seed=options.seed)),
        missing_mass=missing_mass,
        stem_tokens=prompt.stem,
        tail=prompt.tail,
        covers=list_covers(state) if conditioning == "exact" else (),
        n_contexts=len(state.contexts),
        counts=replace(model.counts.since(before), reused_tokens=n_reused),
        layout=options.layout,
        conditioning=conditioning,
    )


def list_covers(state: ByteState) -> tuple[Cover, ...]:
    """The likeliest covers of the state's tail."""
    covers = [
        Cover((*state.contexts[owner].tokens, token), b"", logw - state.log_mass)
        for owner, token, logw in state.overhanging.kept.by_falling_weight()
    ]
    covers += [Cover(c.tokens, b"", c.logp - state.log_mass) for c in state.contexts if state.is_exact(c)]
    covers.sort(key=lambda cover: -cover.logp)
    return tuple(Cover(c.tokens, state.model.vocab.decode(c.tokens), c.logp) for c in covers[:SHOWN_COVERS])
