"""One member of an ensemble at a byte offset: its own prompt and state, and what it lost on the bytes before.

Knows nothing of the other members. Definitions: docs/exactness.md, section 12.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from byte_fim.anchor import Anchors, Scheme
from byte_fim.boundary import LONGEST_TAIL_BYTES, find_boundary
from byte_fim.candidates import Beginning
from byte_fim.complete import RESERVED_TOKENS
from byte_fim.distribution import ByteDistribution, LawBounds
from byte_fim.ensemble.single_bytes import SingleByteState, has_single_bytes
from byte_fim.fim import CutPolicy, FimFormat, Layout, Prompt
from byte_fim.model import Float64Array, TokenModel
from byte_fim.state import ByteState
from byte_fim.vocab import Tokens

PRUNE = 1e-3  # coarser than for one law at a cursor: here every byte said is weighed
_AnyBeginning = TypeVar("_AnyBeginning", bound=Beginning)
_LONGEST_TAIL_BYTES = 6  # then the boundary moves on: short texts are encoded faster, and asked about again


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A model as a member: how texts are laid out for it, and how much it counts at first."""

    name: str
    model: TokenModel
    fim: FimFormat
    layout: Layout
    cut: CutPolicy = "word"
    weight: float = 1.0
    """above 0, relative to those of the others; the weight that adapted weights start from"""
    preamble: Tokens = ()
    """other files in this model's tokens, in front of its layout"""
    prune: float = PRUNE
    """share of the weight at an offset that may go untested, or wait to be evaluated; see `byte_fim.state`"""
    has_read_prefix: bool = False
    """Its model has learnt the very text before the cursor: what it loses there tells nothing of what will come"""
    anchors: Anchors = field(default_factory=Anchors)
    """where the text was cut for this model, so that typing on goes on from there; the only part that changes"""

    def scheme(self, n_bytes_ahead: int) -> Scheme:
        """How texts are laid out for it, with room for so many bytes to be said."""
        # two bytes per token: code has three to four, and a member whose room runs out drops out alone
        n_reserved_tokens = n_bytes_ahead // 2 + RESERVED_TOKENS + len(self.preamble)
        return Scheme(
            layout=self.layout,
            cut=self.cut,
            conditioning="exact",
            n_room_tokens=self.model.n_context_tokens - n_reserved_tokens,
            preamble=self.preamble,
        )

    def lay_out(self, prefix: bytes, suffix: bytes, *, n_bytes_ahead: int) -> Prompt:
        """The prompt, with room for so many bytes to be said. Raises NoFimTokens."""
        return self.anchors.lay_out(self.model, self.fim, prefix, suffix, self.scheme(n_bytes_ahead))


@dataclass(frozen=True)
class MemberState:
    """What a member knows at one byte offset. Immutable."""

    member: Member
    text: ByteState | SingleByteState
    logp: float = 0.0
    """natural log of its probability of the byte that led here"""

    @property
    def log_mass(self) -> float:
        """Natural log of the probability of the tail, -inf when it has no cover; relative to an offset that stays."""
        return self.text.log_mass

    @property
    def n_contexts(self) -> int:
        """Contexts whose rows the law is made of."""
        return len(self.text.contexts) if isinstance(self.text, ByteState) else 1

    @cached_property
    def law(self) -> ByteDistribution:
        """The member's own byte law."""
        return self.text.byte_law()

    def bounds(self, prune: float) -> LawBounds:
        """Between what that law lies; see `byte_fim.state.ByteState.bounds`."""
        return self.text.bounds(prune)

    def advance(self, byte: int) -> MemberState:
        """The state one byte on. At most one decode call, none when nothing has to be evaluated."""
        text = self.text.advance(byte)
        if isinstance(text, ByteState) and len(text.tail) > _LONGEST_TAIL_BYTES:
            text = with_later_boundary(text)
        # the ratio of masses also where the byte was pruned from the law; pruning may raise it above one by as much
        logp = min(0.0, text.log_mass - self.log_mass) if np.isfinite(self.log_mass) else -np.inf
        return MemberState(self.member, text, logp)


@dataclass(frozen=True, slots=True)
class Losses:
    """What a member lost on bytes of the prefix, one by one."""

    end: int
    """offset in the prefix behind the last of them"""
    nats: Float64Array

    def between(self, start: int, end: int) -> Float64Array:
        """Those of the bytes from one offset in the prefix to another, both within what is there."""
        first = self.end - len(self.nats)
        return self.nats[start - first : end - first]


def start_member(member: Member, prompt: Prompt, prefix: bytes, *, n_lost_bytes: int) -> tuple[MemberState, Losses]:
    """The state at the end of the prefix, and the losses on its last bytes before the tail.

    Both come from one evaluation: rows of tokens that a new prompt has evaluated anyway. A token's loss is spread
    evenly over its bytes. Fewer than `n_lost_bytes` where the layout shows fewer, none where the model has read them.
    Raises what the model raises.
    """
    n_lost_bytes = 0 if member.has_read_prefix else n_lost_bytes
    end = len(prefix) - len(prompt.tail)
    places = list(_places_of_text(member, prompt.stem, prefix[max(0, end - n_lost_bytes) : end]))
    asked = [prompt.stem[:at] for at in places]
    rows: list[Float64Array] = []

    def evaluate(contexts: Sequence[Tokens]) -> Float64Array:
        answer = member.model.next_token_logprobs([*contexts, *asked])
        rows.extend(answer[len(contexts) :])
        return answer[: len(contexts)]

    vocab = member.model.vocab
    if has_single_bytes(vocab):
        text = SingleByteState.start(member.model, prompt.stem, prompt.tail, evaluate=evaluate)
    else:
        text = ByteState.start(member.model, prompt.stem, prompt.tail, prune=member.prune, evaluate=evaluate)
        text = replace(text, evaluate=member.model.next_token_logprobs)
    nats: list[float] = []
    for at, row in zip(reversed(places), reversed(rows), strict=True):
        n = len(vocab.bytes_of(prompt.stem[at]))
        nats += [-float(row[prompt.stem[at]]) / n] * n
    return MemberState(member, text), Losses(end, np.array(nats))


def _places_of_text(member: Member, stem: Tokens, text: bytes) -> Iterator[int]:
    """Indexes in the stem of the tokens that end with `text`, last first: whole tokens within it, nothing else."""
    vocab = member.model.vocab
    left, at = text, len(stem) - 1
    while at > 0:
        if member.layout == "psm" and stem[at] == member.fim.middle_id:
            # the prefix ends before the suffix, or right here
            at = at if member.fim.is_suffix_first else _last_index(stem[:at], member.fim.suffix_id)
        else:
            said = vocab.bytes_of(stem[at])
            if not said or not left.endswith(said):
                return
            yield at
            left = left[: len(left) - len(said)]
        at -= 1


def _last_index(tokens: Tokens, token: int | None) -> int:
    return max((i for i, other in enumerate(tokens) if other == token), default=0)


def with_later_boundary(state: ByteState) -> ByteState:
    """The same state with the stem as long as it can be; the state itself where no later boundary is settled.

    Changes no law (docs/exactness.md, promise 3), and costs no evaluation. What was postponed and does not begin with
    what is settled now leads nowhere; where a context does not, all stays as it is.
    """
    if len(state.tail) > LONGEST_TAIL_BYTES:  # beyond it a border may be agreed that is not settled
        return state
    canonical = state.covers.canonical
    cut = find_boundary(canonical, state.tail)
    settled = canonical.encode(state.tail[:cut])
    if not cut or any(context.tokens[: len(settled)] != settled for context in state.contexts):
        return state

    def later(each: _AnyBeginning) -> _AnyBeginning:
        return replace(each, tokens=each.tokens[len(settled) :], start=each.start - cut)

    return replace(
        state,
        stem=state.stem + settled,
        tail=state.tail[cut:],
        contexts=tuple(map(later, state.contexts)),
        postponed=tuple(later(each) for each in state.postponed if each.tokens[: len(settled)] == settled),
    )
