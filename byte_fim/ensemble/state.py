"""The byte law of an ensemble at one byte offset, and one byte on. Knows no generation loop.

Definitions: docs/exactness.md, section 12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Protocol, TypeVar

import numpy as np

from byte_fim.distribution import ByteDistribution, LawBounds, MissingMass, log_sum
from byte_fim.ensemble.blend import Kind, blend, blend_bounds, mean_missing_mass
from byte_fim.ensemble.member import Losses, Member, MemberState, start_member
from byte_fim.ensemble.weights import Adaptation, normalise
from byte_fim.errors import ModelError
from byte_fim.model import Float64Array
from byte_fim.state import NOTHING_KEPT

NO_COVER = "no token sequence of this model spells the text"
_COARSE_PRUNE = (0.3, 0.03)  # shares left untested, in turn: at most bytes one outcome has more than twice the next
_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


class Parallel(Protocol):
    """Does something for each member, in any order and at the same time, and gives the results in the members' order.

    The built-in `map` does it one after the other. One that uses threads has to keep each model to one thread, and to
    know the member: it is given members, or states that hold theirs as `.member`.
    """

    def __call__(self, do: Callable[[_Item], _Found], each: Iterable[_Item], /) -> Iterable[_Found]: ...


@dataclass(frozen=True, slots=True)
class DropOut:
    """A member that counts no longer; its weight went to the others in proportion."""

    name: str
    reason: str
    error: ModelError | None = None
    """None: no cover for the text"""


@dataclass(frozen=True)
class EnsembleState:
    """What an ensemble knows at one byte offset. Immutable; `advance` gives the state one byte on."""

    kind: Kind
    live: tuple[MemberState, ...]
    past_losses: tuple[float, ...]
    """per live member, in nats, as `Adaptation` sums them; zeros without adaptation"""
    dropped: tuple[DropOut, ...]
    adaptation: Adaptation | None
    parallel: Parallel

    @classmethod
    def start(
        cls,
        members: Sequence[Member],
        prefix: bytes,
        suffix: bytes,
        *,
        kind: Kind = "arithmetic",
        adaptation: Adaptation | None = None,
        n_bytes_ahead: int = 0,
        parallel: Parallel = map,
    ) -> EnsembleState:
        """The state at the end of the prefix; the cursor may stand anywhere. Without adaptation weights are fixed.

        `n_bytes_ahead`: for how many bytes each model's context has to leave room. Members that fail or have no cover
        drop out; when none is left and one failed, its ModelError is raised. Raises DecodeAborted.
        """
        n_learnt = adaptation.n_prefix_bytes if adaptation else 0

        def begin(member: Member) -> tuple[MemberState, Losses] | DropOut:
            try:
                prompt = member.lay_out(prefix, suffix, n_bytes_ahead=n_bytes_ahead)
                state, losses = start_member(member, prompt, prefix, n_lost_bytes=n_learnt)
            except ModelError as error:
                return DropOut(member.name, str(error), error)
            return (state, losses) if np.isfinite(state.log_mass) else DropOut(member.name, NO_COVER)

        begun = list(parallel(begin, members))
        live = [pair for pair in begun if not isinstance(pair, DropOut)]
        dropped = tuple(pair for pair in begun if isinstance(pair, DropOut))
        _require_some(live, dropped)
        past = _past_losses([losses for _, losses in live], adaptation)
        return cls(kind, tuple(state for state, _ in live), past, dropped, adaptation, parallel)

    @cached_property
    def weights(self) -> Float64Array:
        """(n_live,) what each live member counts; they sum to one."""
        prior = [state.member.weight for state in self.live]
        if self.adaptation is None:
            return normalise(np.array(prior))
        return self.adaptation.weigh(prior, self.past_losses)

    @property
    def missing_mass(self) -> MissingMass:
        """What the members' covers leave out at this offset: the weighted mean."""
        if not self.live:
            return NOTHING_KEPT
        return mean_missing_mass([state.text.missing_mass for state in self.live], self.weights)

    def byte_law(self) -> ByteDistribution:
        """The law of the ensemble; every outcome is -inf when no member is left."""
        return self._law

    @cached_property
    def _law(self) -> ByteDistribution:
        return blend(self.kind, list(self.parallel(_law_of, self.live)), self.weights)

    def likeliest(self) -> tuple[int, float]:
        """The likeliest outcome and the natural log of its probability, -inf where no outcome is left.

        Decided with as few spellings tested as it takes; where coarse bounds do not decide, the law itself does. The
        logarithm counts what was not tested as if it were canonical.
        """
        for prune in _COARSE_PRUNE:
            of_members = list(self.parallel(partial(_bounds_of, prune=prune), self.live))
            bounds = blend_bounds(self.kind, of_members, self.weights)
            if (outcome := bounds.surely_likeliest()) is not None:
                return outcome, float(np.log(bounds.high[outcome]))
        law = self.byte_law()
        outcome = int(np.argmax(law.logp))
        return outcome, float(law.logp[outcome])

    def advance(self, byte: int) -> EnsembleState:
        """The state after one more byte; at most one decode call per member. Raises as `start`."""
        return self.follow(self._moved(byte))

    def _moved(self, byte: int) -> list[MemberState | DropOut]:
        """What becomes of each live member."""

        def go_on(state: MemberState) -> MemberState | DropOut:
            try:
                after = state.advance(byte)
            except ModelError as error:
                return DropOut(state.member.name, str(error), error)
            return after if np.isfinite(after.log_mass) else DropOut(state.member.name, NO_COVER)

        return list(self.parallel(go_on, self.live))

    def follow(self, moved: Sequence[MemberState | DropOut]) -> EnsembleState:
        """As `advance`, with what became of each live member; so that several ensembles may share their members."""
        live = tuple(after for after in moved if not isinstance(after, DropOut))
        dropped = (*self.dropped, *(after for after in moved if isinstance(after, DropOut)))
        _require_some(live, dropped)
        past = tuple(
            self.adaptation.add_loss(loss, -after.logp) if self.adaptation else 0.0
            for after, loss in zip(moved, self.past_losses, strict=True)
            if not isinstance(after, DropOut)
        )
        return replace(self, live=live, past_losses=past, dropped=dropped)

    def logp_of(self, byte: int, moved: Sequence[MemberState | DropOut]) -> float:
        """Natural log of the probability of the byte, which made of each live member what `follow` is told."""
        logps = [
            float(before.law.logp[byte]) if isinstance(after, DropOut) else after.logp
            for before, after in zip(self.live, moved, strict=True)
        ]
        if self.kind == "arithmetic":  # then no other outcome matters
            return log_sum(np.log(self.weights) + np.array(logps))
        laws = [_with_outcome(state.law, byte, logp) for state, logp in zip(self.live, logps, strict=True)]
        return float(blend(self.kind, laws, self.weights).logp[byte])

    def score(self, text: bytes) -> tuple[Float64Array, EnsembleState]:
        """(len(text),) natural logs of the probability of each byte given those before it, and the state behind them.

        That of END is in the byte law of the state. A byte that a member had pruned from its law counts with what that
        member says of it after all.
        """
        state, logps = self, np.empty(len(text))
        for i, byte in enumerate(text):
            moved = state._moved(byte)
            logps[i] = state.logp_of(byte, moved)
            state = state.follow(moved)
        return logps, state


def _law_of(state: MemberState) -> ByteDistribution:
    return state.law


def _bounds_of(state: MemberState, *, prune: float) -> LawBounds:
    return state.bounds(prune)


def _with_outcome(law: ByteDistribution, outcome: int, logp: float) -> ByteDistribution:
    changed = law.logp.copy()
    changed[outcome] = logp
    return replace(law, logp=changed)


def _past_losses(losses: Sequence[Losses], adaptation: Adaptation | None) -> tuple[float, ...]:
    """On the bytes that all members have losses on."""
    start = max((each.end - len(each.nats) for each in losses), default=0)
    end = max(start, min((each.end for each in losses), default=0))
    if adaptation is None or start == end:
        return (0.0,) * len(losses)
    return tuple(adaptation.past_loss(each.between(start, end)) for each in losses)


def _require_some(live: Sequence[object], dropped: Sequence[DropOut]) -> None:
    """Raises the first error among the drop-outs when nobody is left."""
    errors = [each.error for each in dropped if each.error]
    if not live and errors:
        raise errors[0]
