"""The members of an ensemble: what each counts, what it costs, and what becomes of one that fails (docs/exactness.md,
section 12).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from byte_fim.ensemble import Adaptation, EnsembleState
from byte_fim.errors import ModelFailed
from byte_fim.model import Float64Array
from byte_fim.reference import ToyModel
from tests.byte_fim.ensembles import ONE, OTHER, law, member_of
from tests.strategies import Toy, toys_with_tails


def test_weights_follow_the_losses_by_the_formula() -> None:
    """By hand: w proportional to w(0) exp(-rate L), L(t) = decay L(t-1) + min(loss, cap)."""
    adaptation = Adaptation(rate=0.5, decay=0.9, cap_nats=3.0, n_prefix_bytes=0)
    members = [member_of(ONE, 1.0, name="one"), member_of(OTHER, 3.0, name="other")]
    state = EnsembleState.start(members, b"a", b"", adaptation=adaptation)
    past = np.zeros(2)
    for byte in b"ba a":
        losses = [-float(each.law.logp[byte]) for each in state.live]
        past = 0.9 * past + np.minimum(losses, 3.0)
        expected = np.array([1.0, 3.0]) * np.exp(-0.5 * past)
        state = state.advance(byte)

        np.testing.assert_allclose(state.weights, expected / expected.sum(), atol=1e-12)
    assert max(past) > 3.0


@settings(max_examples=15, deadline=None)
@given(toys_with_tails(), toys_with_tails(longest=0), st.floats(0.01, 10.0))
def test_at_rate_one_without_decay_and_cap_weights_are_those_of_bayes(
    example: tuple[Toy, bytes], another: tuple[Toy, bytes], weight: float
) -> None:
    """Then a text is as probable as a mixture of whole texts says: sum of w P(text)."""
    (toy, text), (other, _) = example, another
    adaptation = Adaptation(rate=1.0, decay=1.0, cap_nats=np.inf, n_prefix_bytes=0)
    members = [member_of(toy, 1.0, name="one"), member_of(other, weight, name="other")]
    logps, end = EnsembleState.start(members, b"", b"", adaptation=adaptation).score(text)
    assume(not end.dropped)
    alone = [EnsembleState.start([member], b"", b"").score(text)[0].sum() for member in members]
    expected = (np.exp(alone[0]) + weight * np.exp(alone[1])) / (1.0 + weight)

    assert np.exp(logps.sum()) == pytest.approx(expected, rel=1e-9)


class Failing(ToyModel):
    """Fails when a context ends with the byte `q`."""

    def next_token_logprobs(self, contexts: Sequence[Sequence[int]]) -> Float64Array:
        if any(context[-1] == ord("q") for context in contexts):
            raise ModelFailed("The runtime failed.")
        return super().next_token_logprobs(contexts)


class Blind(ToyModel):
    """Has no token for the byte `q`."""

    def tokenize(self, text: bytes) -> list[int]:
        return super().tokenize(text.replace(b"q", b"?"))


@pytest.mark.parametrize(
    ("model", "reason"), [(Failing([], seed=1), "failed"), (Blind([(b"a", b"b")], seed=1), "spells")]
)
@pytest.mark.parametrize("is_typed", [True, False])
def test_who_fails_or_has_no_cover_drops_out_and_leaves_its_weight(
    model: ToyModel, reason: str, is_typed: bool
) -> None:
    """One broken member is no reason to say nothing; who is missing is reported."""
    members = [
        member_of(ONE, 2.0, name="one"),
        member_of(Toy(model, b"a", ()), 5.0, name="lost"),
        member_of(OTHER, 1.0, name="other"),
    ]
    state = EnsembleState.start(members, b"aq" if not is_typed else b"a", b"")
    state = state.advance(ord("q")) if is_typed else state
    without = EnsembleState.start([members[0], members[2]], b"aq", b"")

    assert [(each.name, reason in each.reason) for each in state.dropped] == [("lost", True)]
    np.testing.assert_allclose(state.weights, [2 / 3, 1 / 3])
    np.testing.assert_allclose(law(state), law(without), atol=1e-12)


def test_when_all_failed_the_error_is_raised() -> None:
    """An ensemble without a member has no law, and the caller has to know why."""
    members = [member_of(Toy(Failing([]), b"a", ()), name=name) for name in ("one", "other")]

    with pytest.raises(ModelFailed, match="runtime"):
        EnsembleState.start(members, b"q", b"")


def test_a_byte_costs_a_member_at_most_one_call_and_none_where_all_its_covers_overhang() -> None:
    """Counted in decode calls. After `a` only tokens that go on are canonical, `ab` may be a token of its own."""

    class Whole(ToyModel):
        """Never gives a word's letters singly."""

        def tokenize(self, text: bytes) -> list[int]:
            return [token for token in super().tokenize(text) if token not in set(b"abc")]

    words = Whole([(b"a", b"b"), (b"ab", b"c")], seed=4)
    members = [member_of(Toy(words, b"abc", ()), name="words"), member_of(ONE, name="one")]
    state = EnsembleState.start(members, b"abc", b"")
    calls: list[Literal[0, 1]] = []
    for byte in b"abc":
        before = [member.model.counts.decode_calls for member in members]
        state = state.advance(byte)
        done = [member.model.counts.decode_calls - was for member, was in zip(members, before, strict=True)]
        assert max(done) <= 1
        calls.append(done[0])  # pyright: ignore[reportArgumentType]

    assert not state.dropped
    assert calls == [0, 1, 1]


def test_members_may_be_advanced_side_by_side() -> None:
    """The map that is passed in does all the work on models, each member in its own place."""
    seen: list[int] = []

    def backwards(do: object, each: object) -> list[object]:
        items = list(each)  # pyright: ignore
        seen.append(len(items))
        return [do(item) for item in reversed(items)][::-1]  # pyright: ignore

    members = [member_of(ONE, name="one"), member_of(OTHER, name="other")]
    there = EnsembleState.start(members, b"a", b"", parallel=backwards)  # pyright: ignore[reportArgumentType]
    here = EnsembleState.start(members, b"a", b"")

    np.testing.assert_allclose(law(there.advance(98)), law(here.advance(98)))
    assert set(seen) == {2}
