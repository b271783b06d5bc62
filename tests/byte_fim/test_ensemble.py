"""The byte law of an ensemble against brute force over the vocabularies of its members (docs/exactness.md, section
12).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from byte_fim.distribution import END, ByteDistribution, MissingMass
from byte_fim.ensemble import EnsembleState, Kind
from byte_fim.ensemble.blend import blend, blend_bounds
from byte_fim.ensemble.weights import normalise
from tests.byte_fim.ensembles import ONE, OTHER, law, law_of, member_of, mixture, product
from tests.strategies import Toy, toys_with_tails

KINDS: tuple[Kind, Kind] = ("arithmetic", "geometric")
kinds = st.sampled_from(KINDS)
weights = st.floats(0.01, 10.0)
few_examples = settings(max_examples=8, deadline=None)  # half a second each
examples = settings(max_examples=15, deadline=None)


def start(toys: Sequence[Toy], prefix: bytes, kind: Kind, *, shares: Sequence[float] | None = None) -> EnsembleState:
    shares = shares or [1.0] * len(toys)
    members = [member_of(toy, share, name=str(i)) for i, (toy, share) in enumerate(zip(toys, shares, strict=True))]
    return EnsembleState.start(members, prefix, b"", kind=kind)


@few_examples
@given(toys_with_tails(longest=3), toys_with_tails(longest=0), kinds, weights)
def test_the_law_is_the_mixture_or_the_product_of_brute_forced_laws(
    example: tuple[Toy, bytes], another: tuple[Toy, bytes], kind: Kind, weight: float
) -> None:
    """What is called the law of an ensemble is that, END included, whatever the vocabularies."""
    toys, prefix = [example[0], another[0]], example[1]
    laws = [law_of(toy, prefix) for toy in toys]
    assume(all(each.any() for each in laws))
    expected = (mixture if kind == "arithmetic" else product)(laws, [1.0, weight])

    np.testing.assert_allclose(law(start(toys, prefix, kind, shares=[1.0, weight])), expected, atol=1e-9, rtol=0)


@examples
@given(toys_with_tails(), kinds, weights, weights)
def test_a_model_with_itself_is_the_model(example: tuple[Toy, bytes], kind: Kind, one: float, other: float) -> None:
    """Neither kind may sharpen or flatten what all members agree on, and one member is no special case."""
    toy, prefix = example
    state = start([toy, toy, toy], prefix, kind, shares=[one, other, 1.0])
    assume(state.live)
    alone = state.live[0].law

    np.testing.assert_allclose(law(state), np.exp(alone.logp), atol=1e-9, rtol=0)
    np.testing.assert_allclose(law(start([toy], prefix, kind)), np.exp(alone.logp), atol=1e-9, rtol=0)
    assert state.byte_law().missing_mass.noncanonical == pytest.approx(alone.missing_mass.noncanonical, abs=1e-9)
    assert state.byte_law().missing_mass.pruned == 0.0


@examples
@given(toys_with_tails(), toys_with_tails(longest=0), kinds, weights)
def test_the_order_of_the_members_changes_nothing(
    example: tuple[Toy, bytes], another: tuple[Toy, bytes], kind: Kind, weight: float
) -> None:
    """A law of a set of models, not of a list."""
    (toy, prefix), (other, _) = example, another
    one_way = start([toy, other], prefix, kind, shares=[1.0, weight])
    other_way = start([other, toy], prefix, kind, shares=[weight, 1.0])

    np.testing.assert_allclose(law(one_way), law(other_way), atol=1e-12)


@examples
@given(toys_with_tails(), toys_with_tails(longest=0), kinds)
def test_advancing_equals_starting_afresh(example: tuple[Toy, bytes], another: tuple[Toy, bytes], kind: Kind) -> None:
    """The chain rule: with fixed weights the law depends on the bytes, not on how they were reached."""
    (toy, text), (other, _) = example, another
    toys = [toy, other]
    fresh = start(toys, text, kind)
    advanced = start(toys, b"", kind)
    for byte in text:
        advanced = advanced.advance(byte)
    assume(not fresh.dropped and not advanced.dropped)

    np.testing.assert_allclose(law(advanced), law(fresh), atol=1e-9)


@examples
@given(toys_with_tails(), toys_with_tails(longest=0), kinds)
def test_a_text_is_scored_by_the_product_of_the_laws_along_it(
    example: tuple[Toy, bytes], another: tuple[Toy, bytes], kind: Kind
) -> None:
    """Bits per byte are claimed from these figures; END is in the law behind the text."""
    (toy, text), (other, _) = example, another
    state = start([toy, other], b"", kind)
    logps, end = state.score(text)
    expected: list[float] = []
    for byte in text:
        expected.append(float(state.byte_law().logp[byte]))
        state = state.advance(byte)

    np.testing.assert_allclose(np.exp(logps), np.exp(expected), atol=1e-9)
    np.testing.assert_allclose(end.byte_law().logp[END], state.byte_law().logp[END])


@examples
@given(toys_with_tails(), toys_with_tails(longest=0), kinds)
def test_law_and_missing_mass_sum_to_one(example: tuple[Toy, bytes], another: tuple[Toy, bytes], kind: Kind) -> None:
    """What the members leave out is reported as such, and is not hidden in the scale of the product."""
    state = start([example[0], another[0]], example[1], kind)
    assume(state.live)
    total, missing = law(state).sum(), state.byte_law().missing_mass

    assert missing.noncanonical is not None
    assert total + missing.noncanonical + missing.pruned == pytest.approx(1.0, abs=1e-9)


@examples
@given(toys_with_tails(), toys_with_tails(longest=0), kinds)
def test_pruning_moves_the_law_by_no_more_than_it_says(
    example: tuple[Toy, bytes], another: tuple[Toy, bytes], kind: Kind
) -> None:
    """The certificate holds for the product too, in which an outcome that one member pruned is gone altogether."""
    toys, prefix = [example[0], another[0]], example[1]
    exact = start(toys, prefix, kind)
    assume(exact.live)
    members = [member_of(toy, name=str(i), prune=0.2) for i, toy in enumerate(toys)]
    pruned = EnsembleState.start(members, prefix, b"", kind=kind).byte_law()

    assert pruned.total_variation(exact.byte_law()) <= pruned.missing_mass.pruned + 1e-9


@examples
@given(toys_with_tails(), toys_with_tails(longest=0), kinds, weights, st.sampled_from((0.0, 0.1, 0.5, 1.0)))
def test_bounds_hold_the_law_and_greedy_needs_no_more(
    example: tuple[Toy, bytes], another: tuple[Toy, bytes], kind: Kind, weight: float, prune: float
) -> None:
    """Testing fewer spellings is cheaper and must choose no other byte."""
    state = start([example[0], another[0]], example[1], kind, shares=[1.0, weight])
    assume(state.live)
    for each in state.live:
        exact, bounds = np.exp(each.law.logp), each.bounds(prune)
        assert (bounds.low <= exact + 1e-9).all()
        assert (exact <= bounds.high + 1e-9).all()
    exact = law(state)
    whole = blend_bounds(kind, [each.bounds(0.0) for each in state.live], state.weights)
    np.testing.assert_allclose(whole.high, exact, atol=1e-9)  # on one scale with the law, so confidences compare
    outcome, logp = state.likeliest()

    assert exact[outcome] == pytest.approx(exact.max(), abs=1e-9)
    assert np.isfinite(logp) == exact.any()


def test_a_member_that_pruned_more_than_it_kept_makes_the_product_say_nothing() -> None:
    """Its figure stops at one; what it left out may be fifty times what it has."""
    sure, torn = np.full(257, -np.inf), np.full(257, -np.inf)
    sure[97], torn[97:99] = 0.0, np.log(0.5)
    laws = [ByteDistribution(sure, MissingMass(0.0, 1.0)), ByteDistribution(torn, MissingMass(0.0, 0.0))]

    assert blend("geometric", laws, np.array([0.5, 0.5])).missing_mass.pruned == 1.0


def test_the_product_of_laws_without_a_common_outcome_is_empty() -> None:
    """Nothing is made up where the members contradict each other; the mixture has an answer."""
    only = [np.full(257, -np.inf) for _ in range(2)]
    only[0][97] = only[1][98] = 0.0
    laws = [ByteDistribution(logp, MissingMass(0.0, 0.0)) for logp in only]
    shares = np.array([0.25, 0.75])

    assert not np.isfinite(blend("geometric", laws, shares).logp).any()
    assert blend("geometric", laws, shares).missing_mass == MissingMass(1.0, 0.0)
    assert np.exp(blend("arithmetic", laws, shares).logp[97]) == pytest.approx(0.25)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_as_frequent_as_the_law_says(kind: Kind) -> None:
    """Chi-square over the outcomes that are frequent enough, the rest taken together."""
    state = start([ONE, OTHER], b"ab a", kind, shares=[0.3, 0.7])
    random = np.random.default_rng(3)
    n = 20_000
    drawn = np.bincount([state.byte_law().sample(random) for _ in range(n)], minlength=257)
    expected = law(state) / law(state).sum() * n
    likely = expected >= 5
    lumped = np.append(expected[likely], expected[~likely].sum())
    counted = np.append(drawn[likely], drawn[~likely].sum())
    freedom = len(lumped) - 1

    assert freedom > 20
    assert ((counted - lumped) ** 2 / lumped).sum() < freedom + 4 * np.sqrt(2 * freedom)


@pytest.mark.parametrize("largest", [5e-324, 1.0, 1e308])
def test_weights_may_be_as_large_or_small_as_numbers_are(largest: float) -> None:
    """Their sum may be no number."""
    assert normalise(np.array([largest, largest])).tolist() == [0.5, 0.5]
