"""One completion by an ensemble: byte by byte, each byte by the law of all members. Knows no protocol and no clock.

Greedy takes the likeliest byte each time, END among them. That is not greedy over tokens, as `byte_fim.complete` is: a
byte is weighed with all tokens that go on with it, so where many unlikely tokens begin alike, their byte may win
over that of the one likeliest token (docs/exactness.md, section 12).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byte_fim.choose import shape
from byte_fim.complete import Completion
from byte_fim.distribution import END
from byte_fim.ensemble.blend import Kind
from byte_fim.ensemble.member import Member
from byte_fim.ensemble.state import DropOut, EnsembleState, Parallel
from byte_fim.ensemble.weights import Adaptation
from byte_fim.errors import DecodeAborted
from byte_fim.generate import Alternative, FindEnd, ShouldStop, StopReason
from byte_fim.model import DecodeCounts
from byte_fim.utf8 import unfinished_character

_TRIES_PER_ALTERNATIVE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleOptions:
    """How an ensemble completes."""

    kind: Kind = "arithmetic"
    adaptation: Adaptation | None = None
    """None: the members' weights stay as they are"""
    n_alternatives: int = 1
    max_bytes: int = 192
    """the budget is in bytes: members do not agree on tokens"""
    temperature: float = 0.0
    """0: greedy. Otherwise it shapes the law of every byte, then top_p does; both differ from what they do to tokens"""
    top_p: float = 1.0
    """in (0, 1]: least set of likeliest outcomes that holds this much probability"""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """What a member counted at the cursor."""

    name: str
    weight: float
    """in (0, 1]; all shares sum to one"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleCompletion(Completion):
    """A completion, with who made it.

    Of the fields that speak of one model, `layout`, `stem_tokens` and `tail` are those of the first member that counts;
    `missing_mass` is the weighted mean, `n_contexts` and `counts` are sums, and `covers` is empty. In its alternatives
    a byte counts as a generated token.
    """

    shares: tuple[Share, ...]
    dropped: tuple[DropOut, ...]
    """also those that dropped out later, while the first alternative was made"""


def complete_ensemble(
    members: Sequence[Member],
    prefix: bytes,
    suffix: bytes,
    *,
    options: EnsembleOptions,
    should_stop: ShouldStop = lambda: None,
    find_end: FindEnd = lambda middle: None,
    parallel: Parallel = map,
) -> EnsembleCompletion:
    """The middle between prefix and suffix, as `byte_fim.complete.complete` gives it.

    When no member has a cover, the one alternative is empty. Raises the error of a member when all dropped out, and
    DecodeAborted when it was stopped before anything could be said.
    """
    before = [member.model.counts for member in members]
    start = EnsembleState.start(
        members,
        prefix,
        suffix,
        kind=options.kind,
        adaptation=options.adaptation,
        n_bytes_ahead=options.max_bytes,
        parallel=parallel,
    )
    at_cursor = done_since(members, before)
    loop = _Loop(options, should_stop, find_end, unfinished_character(prefix))
    alternatives, dropped = loop.run(start)
    done = done_since(members, before)
    first = start.live[0] if start.live else None
    return EnsembleCompletion(
        alternatives=alternatives,
        missing_mass=start.missing_mass,
        stem_tokens=first.text.stem if first else (),
        tail=first.text.tail if first else b"",
        covers=(),
        n_contexts=sum(state.n_contexts for state in start.live),
        counts=DecodeCounts(done.decode_calls, done.decoded_tokens, at_cursor.reused_tokens),
        layout=(first.member if first else members[0]).layout,
        conditioning="exact",
        shares=tuple(
            Share(state.member.name, float(weight)) for state, weight in zip(start.live, start.weights, strict=True)
        ),
        dropped=dropped,
    )


@dataclass(frozen=True, slots=True)
class _Loop:
    """How one request generates."""

    options: EnsembleOptions
    should_stop: ShouldStop
    find_end: FindEnd
    unfinished: bytes
    """bytes before the cursor of the character in which it stands"""

    def run(self, start: EnsembleState) -> tuple[tuple[Alternative, ...], tuple[DropOut, ...]]:
        """Alternatives whose texts differ, and who had dropped out when the first was done.

        Greedy: each begins with the next likeliest outcome. Otherwise each is drawn.
        """
        random = np.random.default_rng(self.options.seed)
        is_greedy = self.options.temperature == 0.0
        found: dict[bytes, Alternative] = {}
        dropped: list[tuple[DropOut, ...]] = []
        for i in range(self.options.n_alternatives * _TRIES_PER_ALTERNATIVE):
            alternative, state = self._extend(start, rank=i if is_greedy else 0, random=random)
            if alternative.logp == -np.inf and found:
                break  # no outcome of that rank
            dropped.append(state.dropped)
            found.setdefault(alternative.middle, alternative)
            if len(found) == self.options.n_alternatives or alternative.stop_reason in ("deadline", "cancelled"):
                break
        return tuple(found.values()), dropped[0]

    def _extend(
        self, start: EnsembleState, *, rank: int, random: np.random.Generator
    ) -> tuple[Alternative, EnsembleState]:
        """One middle; its first outcome is that of a rank among the likeliest, 0 being the likeliest."""
        state, middle, logp = start, b"", 0.0
        steps = [(0, 0.0)]
        reason: StopReason | None = None
        n_known = 0  # bytes of the middle that the state has been told
        while reason is None:
            if (kept := self.find_end(middle)) is not None:
                middle, reason = middle[:kept], "trimmed"
            elif len(middle) >= self.options.max_bytes:
                reason = "budget"
            elif (asked := self.should_stop()) is not None:
                reason = asked
            else:
                try:
                    state = state if n_known == len(middle) else state.advance(middle[-1])
                except DecodeAborted:
                    reason = self.should_stop() or "cancelled"
                    continue
                n_known = len(middle)
                outcome, outcome_logp = self._choose(state, rank=0 if middle else rank, random=random)
                logp += outcome_logp
                if outcome == END or logp == -np.inf:
                    reason = "end"
                else:
                    middle += bytes([outcome])
                    steps.append((len(middle), logp))
        return Alternative(self._whole_characters(middle), logp, reason, len(steps) - 1, steps=tuple(steps)), state

    def _choose(self, state: EnsembleState, *, rank: int, random: np.random.Generator) -> tuple[int, float]:
        """An outcome and the natural log of its probability, -inf only when there is no other of that rank."""
        options = self.options
        if not rank and options.temperature == 0.0:
            return state.likeliest()
        law = state.byte_law()
        if rank or not np.isfinite(law.logp).any():
            outcome = int(np.argsort(-law.logp, kind="stable")[rank])
        else:
            share = shape(law.logp, temperature=options.temperature, top_p=options.top_p)
            outcome = int(random.choice(len(share), p=share))
        return outcome, float(law.logp[outcome])

    def _whole_characters(self, middle: bytes) -> bytes:
        while middle and (cut := unfinished_character(self.unfinished + middle)):
            middle = middle[: max(0, len(middle) - len(cut))]
        return middle


def done_since(members: Sequence[Member], before: Sequence[DecodeCounts]) -> DecodeCounts:
    """The work of all members together."""
    done = [member.model.counts.since(earlier) for member, earlier in zip(members, before, strict=True)]
    return DecodeCounts(
        sum(each.decode_calls for each in done),
        sum(each.decoded_tokens for each in done),
        sum(each.reused_tokens for each in done),
    )
