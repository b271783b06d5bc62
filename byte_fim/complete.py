"""The loop: layout, covers, tokens until something stops it. Knows no protocol, no syntax and no clock.

What is exact: the choice of where to begin (docs/exactness.md, section 8). After the bytes that are there have been
resolved, tokens follow the model as it is, canonical or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Literal

import numpy as np

from byte_fim.conditioning import Conditioning, Start, condition, find_starts, lay_out_hole, sample_start
from byte_fim.distribution import MissingMass, log_sum
from byte_fim.fim import CutPolicy, FimFormat, Layout, Prompt, fit_hole
from byte_fim.model import DecodeAborted, DecodeCounts, Float64Array, TokenModel
from byte_fim.state import ByteState
from byte_fim.utf8 import unfinished_character
from byte_fim.vocab import TokenId, Tokens

StopReason = Literal["end", "trimmed", "budget", "deadline", "cancelled"]
ShouldStop = Callable[[], Literal["deadline", "cancelled"] | None]
"""Polled between decodes; a reason ends the generation with what there is."""
FindEnd = Callable[[bytes], int | None]
"""Given the middle so far, how many of its bytes to keep when it is finished, None while it is not."""

RESERVED_TOKENS = 128  # of the context, for the open tail and its covers
SHOWN_COVERS = 20
_TRIES_PER_ALTERNATIVE = 4


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


@dataclass(frozen=True, slots=True)
class Alternative:
    """One middle."""

    middle: bytes
    """only bytes that are not in the document yet; together with the prefix it ends with a whole character"""
    logp: float
    """natural log of the probability of its tokens after the cursor, end included when it stopped there"""
    stop_reason: StopReason
    n_generated_tokens: int


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


def complete(
    model: TokenModel,
    fim: FimFormat,
    prefix: bytes,
    suffix: bytes,
    *,
    options: CompleteOptions,
    should_stop: ShouldStop = lambda: None,
    find_end: FindEnd = lambda middle: None,
) -> Completion:
    """The middle between prefix and suffix; the cursor may stand anywhere, inside a character included.

    Raises NoFimTokens, ModelFailed, and DecodeAborted when it was stopped before anything could be said.
    """
    before = model.counts
    prompt = lay_out_prompt(
        model,
        fim,
        prefix,
        suffix,
        layout=options.layout,
        cut=options.cut,
        conditioning=options.conditioning,
        max_tokens=options.max_tokens,
    )
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
    loop = _Loop(model, options, should_stop, find_end, unfinished_character(prefix))
    return Completion(
        alternatives=tuple(loop.run(state, conditioning)),
        missing_mass=missing_mass,
        stem_tokens=prompt.stem,
        tail=prompt.tail,
        covers=list_covers(state) if conditioning == "exact" else (),
        n_contexts=len(state.contexts),
        counts=replace(model.counts.since(before), reused_tokens=n_reused),
        layout=options.layout,
        conditioning=conditioning,
    )


def lay_out_prompt(
    model: TokenModel,
    fim: FimFormat,
    prefix: bytes,
    suffix: bytes,
    *,
    layout: Layout,
    cut: CutPolicy,
    conditioning: Conditioning,
    max_tokens: int,
) -> Prompt:
    """Text cut to the model's context, then in the model's order."""
    room = model.n_context_tokens - max_tokens - RESERVED_TOKENS
    hole = fit_hole(model.tokenize, prefix, b"" if layout == "plain" else suffix, n_tokens=room)
    return lay_out_hole(model, fim, hole, layout=layout, cut=cut, conditioning=conditioning)


def list_covers(state: ByteState) -> tuple[Cover, ...]:
    """The likeliest covers of the state's tail."""
    covers = [
        Cover((*state.contexts[owner].tokens, token), b"", logw - state.log_mass)
        for owner, token, logw in state.overhanging.kept.by_falling_weight()
    ]
    covers += [Cover(c.tokens, b"", c.logp - state.log_mass) for c in state.contexts if state.is_exact(c)]
    covers.sort(key=lambda cover: -cover.logp)
    return tuple(Cover(c.tokens, state.model.vocab.decode(c.tokens), c.logp) for c in covers[:SHOWN_COVERS])


@dataclass(slots=True)
class _Loop:
    """One request's generation; `random` and the count of tried starts are all that changes."""

    model: TokenModel
    options: CompleteOptions
    should_stop: ShouldStop
    find_end: FindEnd
    unfinished: bytes

    def run(self, state: ByteState, conditioning: Conditioning) -> list[Alternative]:
        """Alternatives whose texts differ, best start first; fewer than asked when the starts run out."""
        random = np.random.default_rng(self.options.seed)
        found: dict[bytes, Alternative] = {}
        for _, start in zip(
            range(self.options.n_alternatives * _TRIES_PER_ALTERNATIVE),
            self._starts(state, conditioning, random),
            strict=False,
        ):
            alternative = self._extend(start, random)
            found.setdefault(alternative.middle, alternative)
            if len(found) == self.options.n_alternatives or alternative.stop_reason in ("deadline", "cancelled"):
                break
        return list(found.values()) or [Alternative(b"", -np.inf, "end", 0)]

    def _starts(self, state: ByteState, conditioning: Conditioning, random: np.random.Generator) -> Iterator[Start]:
        """Greedy, and healing always: by falling weight. Sampling: drawn covers, or (naive) the prompt as it is."""
        if self.options.temperature == 0.0 or conditioning == "healing":
            return find_starts(state, conditioning=conditioning)
        if conditioning == "naive":
            return repeat(Start(state.stem, b"", 0.0, is_end=False))
        return iter(lambda: sample_start(state, random), None)

    def _extend(self, start: Start, random: np.random.Generator) -> Alternative:
        tokens, middle, logp = list(start.tokens), start.middle, start.logp
        vocab = self.model.vocab
        n_generated = 1 if start.middle or start.is_end else 0
        reason: StopReason | None = "end" if start.is_end else None
        while reason is None:
            if (kept := self.find_end(middle)) is not None:
                middle, reason = middle[:kept], "trimmed"
            elif n_generated >= self.options.max_tokens or len(tokens) >= self.model.n_context_tokens:
                reason = "budget"
            elif (asked := self.should_stop()) is not None:
                reason = asked
            else:
                try:
                    row = self.model.next_token_logprobs([tokens])[0]
                except DecodeAborted:
                    reason = self.should_stop() or "cancelled"
                    continue
                token, token_logp = self._choose(row, random)
                n_generated += 1
                logp += token_logp
                if vocab.is_special(token):
                    reason = "end"
                else:
                    tokens.append(token)
                    middle += vocab.bytes_of(token)
        return Alternative(self._whole_characters(middle), logp, reason, n_generated)

    def _choose(self, row: Float64Array, random: np.random.Generator) -> tuple[TokenId, float]:
        """A text token, or any stop id for the end. Special ids that are no stops are never chosen."""
        vocab = self.model.vocab
        scores = row.copy()
        scores[vocab.special_ids] = -np.inf
        if len(vocab.stop_ids):  # all stops mean one thing, so they are weighed together
            scores[vocab.stop_ids[0]] = log_sum(row[vocab.stop_ids])
        if self.options.temperature == 0.0:
            token = int(np.argmax(scores))
        else:
            token = int(random.choice(len(scores), p=_shape(scores, self.options)))
        return token, float(log_sum(row[vocab.stop_ids]) if vocab.is_special(token) else row[token])

    def _whole_characters(self, middle: bytes) -> bytes:
        # a loop, because a model may produce one unfinished character after another
        while middle and (cut := unfinished_character(self.unfinished + middle)):
            middle = middle[: max(0, len(middle) - len(cut))]
        return middle


def _shape(scores: Float64Array, options: CompleteOptions) -> Float64Array:
    """Probabilities after temperature and top_p."""
    probability = np.exp((scores - scores.max()) / options.temperature)
    probability /= probability.sum()
    if options.top_p < 1.0:
        order = np.argsort(-probability, kind="stable")
        n_kept = int(np.searchsorted(np.cumsum(probability[order]), options.top_p)) + 1
        probability[order[n_kept:]] = 0.0
        probability /= probability.sum()
    return probability
