"""The model's law conditioned on the bytes that are there: weights of covers, the byte law, advancing by a byte.

Knows nothing of prompts: a stem of fixed tokens and an open tail are given. Definitions: docs/exactness.md, sections
2 to 6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from byte_fim.candidates import Beginning, Candidates, Context, Tested
from byte_fim.cover import Covers
from byte_fim.distribution import END, N_OUTCOMES, ByteDistribution, LawBounds, MissingMass, log_sum
from byte_fim.model import Float64Array, TokenModel
from byte_fim.vocab import TokenId, Tokens

Evaluate = Callable[[Sequence[Tokens]], Float64Array]
"""Contexts to rows, as `TokenModel.next_token_logprobs`."""

DEFAULT_PRUNE = 1e-5
"""Share of the weight that may go untested, or wait for its evaluation. Relative, because the covers of an unlikely
word all have tiny absolute weights.
"""
NOTHING_KEPT = MissingMass(noncanonical=1.0, pruned=0.0)


@dataclass(frozen=True)
class ByteState:
    """What is known at one byte offset. Immutable; `advance` gives the state one byte on."""

    model: TokenModel
    covers: Covers
    stem: Tokens
    tail: bytes
    contexts: tuple[Context, ...]
    evaluate: Evaluate
    prune: float = DEFAULT_PRUNE
    postponed: tuple[Beginning, ...] = ()
    """exact covers, of this offset or an earlier one, that were not evaluated; `find_starts` does not look at them"""

    @classmethod
    def start(
        cls,
        model: TokenModel,
        stem: Tokens,
        tail: bytes,
        *,
        prune: float = DEFAULT_PRUNE,
        evaluate: Evaluate | None = None,
    ) -> ByteState:
        """All contexts of the tail, evaluated as one token tree (or as `evaluate` does it)."""
        covers = Covers.of(model)
        paths = covers.find_contexts(tail)
        evaluate = evaluate or model.next_token_logprobs
        rows = dict(zip(paths, evaluate([stem + path for path in paths]), strict=True))
        contexts: dict[Tokens, Context] = {}
        for path in paths:  # sorted: a path comes after its beginnings, and the trunk comes first
            parent = contexts.get(path[:-1]) if path else None
            logp = parent.logp + float(parent.row[path[-1]]) if parent else 0.0
            contexts[path] = Context(path, len(model.vocab.decode(path)), logp, rows[path])
        return cls(model, covers, stem, tail, tuple(contexts.values()), evaluate, prune)

    @cached_property
    def overhanging(self) -> Tested:
        """The covers that pass the end of the tail."""
        return self._tested(self.candidates(exact=False), self.prune)

    @cached_property
    def _following(self) -> Candidates:
        """What may follow the exact covers."""
        return self.candidates(exact=True)

    @cached_property
    def log_mass(self) -> float:
        """Natural log of the probability of the tail after stem and trunk, summed over its covers. -inf when it
        has none.
        """
        exact = [each.logp for each in (*self.contexts, *self.postponed) if self.is_exact(each)]
        return log_sum(np.concatenate([self.overhanging.kept.logw, exact]))

    @property
    def missing_mass(self) -> MissingMass:
        """What the covers leave out, relative to everything that reaches the end of the tail from the evaluated
        contexts.
        """
        if self.log_mass == -np.inf:
            return NOTHING_KEPT
        lost = np.array([self.overhanging.log_noncanonical, self._log_ending_noncanonically()])
        everything = log_sum(np.array([self.log_mass, *lost, self.overhanging.log_untested]))
        return MissingMass(
            noncanonical=float(np.exp(log_sum(lost) - everything)),
            pruned=min(1.0, self._share(self.overhanging.log_untested) + self._share_waiting_longer),
        )

    def _share(self, logw: float) -> float:
        """Of what reaches the end of the tail."""
        return float(np.exp(logw - self.log_mass))

    @property
    def _share_waiting(self) -> float:
        """At most this share of what reaches the end of the tail goes on in a way that nobody has looked at."""
        return sum(self._share(each.logp) for each in self.postponed)

    @property
    def _share_waiting_longer(self) -> float:
        """At most this share reaches the end of the tail without being counted: behind what ends before it."""
        return sum(self._share(each.logp) for each in self.postponed if not self.is_exact(each))

    def _log_ending_noncanonically(self) -> float:
        """Log weight of what follows an evaluated context to the very end of the tail without being a cover."""
        known = {each.tokens for each in (*self.contexts, *self.postponed)}
        return log_sum(
            np.array(
                [
                    context.logp + context.row[token]
                    for context in self.contexts
                    if not self.is_exact(context)
                    for token in self.model.vocab.ids_of(self.tail[context.start :])
                    if (*context.tokens, token) not in known
                ]
            )
        )

    def is_exact(self, context: Beginning) -> bool:
        """True for contexts that end where the tail ends."""
        return context.start == len(self.tail)

    def candidates(self, *, exact: bool) -> Candidates:
        """exact: every text token after the exact covers. Otherwise: the tokens that overhang the tail's end."""
        vocab = self.model.vocab
        owners: list[NDArray[np.intp]] = [np.zeros(0, np.intp)]
        tokens: list[NDArray[np.intp]] = [np.zeros(0, np.intp)]
        weights: list[Float64Array] = [np.zeros(0)]
        for owner, context in enumerate(self.contexts):
            if self.is_exact(context) != exact:
                continue
            low, high = vocab.range_longer_than(self.tail[context.start :])
            ids = vocab.sorted_ids[low:high]
            owners.append(np.full(len(ids), owner, np.intp))
            tokens.append(ids)
            weights.append(context.logp + context.row[ids])
        return Candidates(np.concatenate(owners), np.concatenate(tokens), np.concatenate(weights))

    def is_canonical(self, context: Beginning, token: TokenId) -> bool:
        """Whether the token may follow the context."""
        text = self.tail[: context.start] + self.model.vocab.bytes_of(token)
        return self.covers.canonical.accepts(text, (*context.tokens, token))

    def can_end(self, context: Context) -> bool:
        """True when the middle may end after this context: it is the encoding of the tail as a finished text."""
        return self.is_exact(context) and context.tokens == self.covers.canonical.encode(self.tail)

    def _tested(self, candidates: Candidates, prune: float, *, log_known: float = -np.inf) -> Tested:
        """Tests the likeliest until what is left is at most `prune` of all candidates, or of what is known to be there
        already (natural log of its weight); tests all when none is kept and nothing is known.
        """
        order = candidates.order
        total = max(log_sum(candidates.logw), log_known)
        share = np.exp(candidates.logw[order] - total) if np.isfinite(total) else np.zeros(len(order))
        left = np.cumsum(share[::-1])[::-1]  # left[i]: share of i and all after it
        n_tested = int(np.count_nonzero(left > prune))
        verdict = self._verdicts(candidates, order[:n_tested])
        if not verdict.any() and log_known == -np.inf:
            n_tested = int(np.count_nonzero(np.isfinite(candidates.logw)))
            verdict = self._verdicts(candidates, order[:n_tested])
        chosen, rejected = order[:n_tested][verdict], order[:n_tested][~verdict]
        return Tested(
            kept=candidates.choose(chosen),
            untested=candidates.choose(order[n_tested:]),
            log_noncanonical=log_sum(candidates.logw[rejected]),
        )

    def _verdicts(self, candidates: Candidates, chosen: NDArray[np.intp]) -> NDArray[np.bool_]:
        """(len(chosen),) whether each chosen candidate is canonical; remembered across cursors with the same tail."""
        verdict = np.zeros(len(chosen), np.bool_)
        owners = candidates.owner[chosen]
        for owner in sorted({int(owner) for owner in owners}):
            context = self.contexts[owner]
            low, high = self.model.vocab.range_longer_than(self.tail[context.start :])
            known = self.covers.verdicts(context.tokens, self.tail[: context.start], low, high)
            mine = np.flatnonzero(owners == owner)
            # the candidates of one owner stand together, in the order of the vocabulary's range
            place = chosen[mine] - int(np.searchsorted(candidates.owner, owner))
            for i in place[known[place] == 0].tolist():
                known[i] = 1 if self.is_canonical(context, int(self.model.vocab.sorted_ids[low + i])) else -1
            verdict[mine] = known[place] > 0
        return verdict

    def byte_law(self) -> ByteDistribution:
        """P(next = b | tail) = P(tail b) / P(tail) for every byte, and END (docs/exactness.md, section 2)."""
        if self.log_mass == -np.inf:
            return ByteDistribution(np.full(N_OUTCOMES, -np.inf), NOTHING_KEPT)
        following = self._test_following(self.prune)
        lost = np.exp(following.log_noncanonical - self.log_mass)
        for context in filter(self.is_exact, self.contexts):
            specials = np.exp(context.logp - self.log_mass + log_sum(context.row[self.model.vocab.special_ids]))
            lost += max(0.0, specials - self._share_of_end(context))
        with np.errstate(divide="ignore"):
            logp = np.log(self._shares(following))
        untested = self._share(self.overhanging.log_untested) + self._share(following.log_untested)
        pruned = min(1.0, untested + self._share_waiting)
        return ByteDistribution(logp, MissingMass(noncanonical=float(lost), pruned=pruned))

    def bounds(self, prune: float) -> LawBounds:
        """Between what `byte_law` lies when all that may follow the exact covers is tested, found by testing less: as
        much stays untested as weighs at most `prune` of it, or of the overhanging covers where these weigh more.
        """
        if self.log_mass == -np.inf:
            return LawBounds.of_nothing()
        following = self._test_following(prune)
        kept, untested = self._shares(following), following.untested
        first_bytes = self.model.vocab.first_bytes[untested.token]
        weights = np.exp(untested.logw - self.log_mass)
        return LawBounds(kept, kept + np.bincount(first_bytes, weights=weights, minlength=N_OUTCOMES))

    def _test_following(self, prune: float) -> Tested:
        # in the midst of a word hardly any weight is behind the exact covers: then hardly any of it has to be tested
        return self._tested(self._following, prune, log_known=log_sum(self.overhanging.kept.logw))

    def _shares(self, following: Tested) -> Float64Array:
        """(257,) probabilities of the outcomes, by the covers that were tested."""
        vocab = self.model.vocab
        over, n_bytes = self.overhanging.kept, len(self.tail)
        said = [
            vocab.bytes_of(token)[n_bytes - self.contexts[owner].start] for owner, token, _ in over.by_falling_weight()
        ]
        next_bytes = np.concatenate([np.array(said, np.intp), vocab.first_bytes[following.kept.token]])
        weights = np.exp(np.concatenate([over.logw, following.kept.logw]) - self.log_mass)
        shares: Float64Array = np.bincount(next_bytes, weights=weights, minlength=N_OUTCOMES).astype(np.float64)
        shares[END] = sum(map(self._share_of_end, filter(self.is_exact, self.contexts)))
        return shares

    def _share_of_end(self, context: Context) -> float:
        """Probability that the middle ends after an exact cover."""
        if not self.can_end(context):
            return 0.0
        return float(np.exp(context.logp - self.log_mass + log_sum(context.row[self.model.vocab.stop_ids])))

    def advance(self, byte: int) -> ByteState:
        """The state after one more byte. Costs one decode call, or none when nothing has to be evaluated.

        Contexts are few, so none is dropped for being unlikely: what follows may make it matter. But the lightest wait
        for their evaluation, while together they hold at most `prune` of the weight.
        """
        tail = self.tail + bytes([byte])
        finished = [
            Beginning((*context.tokens, token), len(tail), context.logp + float(context.row[token]))
            for context in self.contexts
            for token in self.model.vocab.ids_of(tail[context.start :])
            if self.is_canonical(context, token)
        ]
        after = replace(
            self,
            tail=tail,
            contexts=tuple(context for context in self.contexts if self._goes_on(context.start, tail)),
            postponed=(*self.postponed, *finished),
        )
        return after._with_enough_evaluated()

    def _goes_on(self, start: int, tail: bytes) -> bool:
        """True when some token that starts there is longer than what the tail has of it."""
        low, high = self.model.vocab.range_longer_than(tail[start:])
        return low < high

    def _with_enough_evaluated(self) -> ByteState:
        """The same state; of what is postponed so much is left as may be."""
        waiting = sorted(self.postponed, key=lambda each: each.logp)
        n_left = 0
        if self.log_mass > -np.inf:
            n_left = int(np.count_nonzero(np.cumsum([self._share(each.logp) for each in waiting]) <= self.prune))
        waiting, due = waiting[:n_left], waiting[n_left:]
        if not due:
            return self
        ends = {path: end for each in due for path, end in self._paths_from(each)}
        logps = {each.tokens: each.logp for each in due}
        contexts = list(self.contexts)
        rows = self.evaluate([self.stem + path for path in ends]) if ends else ()
        for (path, end), row in zip(ends.items(), rows, strict=True):
            contexts.append(Context(path, end, logps[path], row))
            # what goes on from here comes later
            logps |= {other: logps[path] + float(row[other[-1]]) for other in ends if other[:-1] == path}
        going_on = tuple(each for each in contexts if self._goes_on(each.start, self.tail))
        return replace(self, contexts=going_on, postponed=tuple(waiting))

    def _paths_from(self, postponed: Beginning) -> list[tuple[Tokens, int]]:
        """What has to be evaluated to know what lies behind it, each with its end: itself and what leads on from it,
        nothing when nothing of that reaches the end of the tail. A path comes after its beginnings.
        """
        found = self.covers.paths_from(postponed.tokens, postponed.start, self.tail)
        reach = [path for path, end in found if self._goes_on(end, self.tail)]
        return [(path, end) for path, end in found if any(other[: len(path)] == path for other in reach)]
