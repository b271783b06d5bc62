"""The fast path against brute force over all canonical token sequences (docs/exactness.md, promises 1, 4, 5 and 7)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from byte_fim.conditioning import find_starts, sample_start
from byte_fim.cover import Covers
from byte_fim.reference import BruteForce, ToyModel, covers_of
from byte_fim.state import ByteState
from byte_fim.vocab import Tokens
from tests.strategies import QWEN_LIKE, Toy, toys_with_tails

slow_examples = settings(max_examples=40, deadline=None)
slower_examples = settings(max_examples=15, deadline=None)  # a second each


def stem_of(toy: Toy) -> Tokens:
    return (toy.model.stop_id,)


def start(toy: Toy, tail: bytes) -> ByteState:
    return ByteState.start(toy.model, stem_of(toy), tail, prune=0.0)


@slower_examples
@given(toys_with_tails())
def test_the_fast_byte_law_equals_brute_force(example: tuple[Toy, bytes]) -> None:
    """Promise 1: what is called exact is exact."""
    toy, tail = example
    slow = BruteForce(toy.model, stem_of(toy), toy.continuations)
    assume(slow.mass(tail) > 0)  # a text such as a stray continuation byte may have no canonical encoding

    np.testing.assert_allclose(np.exp(start(toy, tail).byte_law().logp), slow.byte_law(tail), atol=1e-9, rtol=0)


@slow_examples
@given(toys_with_tails())
def test_covers_are_sound_complete_and_without_duplicates(example: tuple[Toy, bytes]) -> None:
    """Promise 5: a cover too few loses mass, one too many or twice invents it."""
    toy, tail = example
    expected = covers_of(toy.model, tail, toy.continuations)
    state = start(toy, tail)
    kept = state.overhanging.kept
    found = [(*state.contexts[o].tokens, t) for o, t in zip(kept.owner.tolist(), kept.token.tolist(), strict=True)]
    found += [c.tokens for c in state.contexts if state.is_exact(c)]

    assert sorted(found) == sorted(expected)


@slow_examples
@given(toys_with_tails())
def test_the_encoding_of_the_text_is_one_of_its_covers(example: tuple[Toy, bytes]) -> None:
    """Promise 5: the naive reading is always among those weighed, so exact conditioning can never do without it."""
    toy, tail = example
    tokens = tuple(toy.model.tokenize(tail))
    assume(Covers.of(toy.model).canonical.accepts(tail, tokens))  # not so for a text that ends inside a character

    assert tokens in {c.tokens for c in start(toy, tail).contexts}


@slow_examples
@given(toys_with_tails())
def test_advancing_by_a_byte_equals_computing_afresh(example: tuple[Toy, bytes]) -> None:
    """Promise 4, the chain rule: typing on may not change what a fresh request would say."""
    toy, text = example
    assume(len(text) > 1)
    advanced = start(toy, text[:1])
    assume(np.isfinite(start(toy, text).log_mass))
    for byte in text[1:]:
        advanced = advanced.advance(byte)

    np.testing.assert_allclose(np.exp(advanced.byte_law().logp), np.exp(start(toy, text).byte_law().logp), atol=1e-9)


@slower_examples
@given(toys_with_tails(), st.sampled_from((1e-3, 0.05, 0.3)))
def test_what_waits_for_its_evaluation_is_in_the_missing_mass(example: tuple[Toy, bytes], prune: float) -> None:
    """Going on byte by byte costs less than a decode call each only because light covers wait; the law says by how much
    it may be off, and is off by no more. Bounds hold what all tests would say.
    """
    toy, text = example
    state = ByteState.start(toy.model, stem_of(toy), b"", prune=prune)
    for n_bytes, byte in enumerate(text, start=1):
        n_calls = toy.model.counts.decode_calls
        state = state.advance(byte)
        assert toy.model.counts.decode_calls <= n_calls + 1
        exact = start(toy, text[:n_bytes]).byte_law()
        law, bounds, tested = state.byte_law(), state.bounds(0.5), state.bounds(0.0)

        assert law.total_variation(exact) <= law.missing_mass.pruned + 1e-9
        assert (bounds.low <= tested.low + 1e-9).all()
        assert (tested.high <= bounds.high + 1e-9).all()
        assert (np.exp(law.logp) <= tested.low + 1e-9).all()
        np.testing.assert_allclose(tested.low, tested.high, atol=1e-12)


@slow_examples
@given(toys_with_tails(longest=3))
def test_the_law_of_a_byte_is_the_ratio_of_masses(example: tuple[Toy, bytes]) -> None:
    """P(next = b | x) = P(x b) / P(x), with both masses taken from the state itself."""
    toy, tail = example
    state = start(toy, tail)
    assume(np.isfinite(state.log_mass))
    law = state.byte_law().logp

    for byte in toy.alphabet:
        assert np.exp(state.advance(byte).log_mass - state.log_mass) == pytest.approx(np.exp(law[byte]), abs=1e-12)


@slow_examples
@given(toys_with_tails())
def test_the_law_and_its_missing_mass_sum_to_one(example: tuple[Toy, bytes]) -> None:
    """Nothing is renormalised behind the caller's back, and what is missing is named."""
    toy, tail = example
    law = start(toy, tail).byte_law()

    assert law.missing_mass.noncanonical is not None
    assert np.exp(law.logp).sum() + law.missing_mass.noncanonical + law.missing_mass.pruned == pytest.approx(
        1.0, abs=1e-9
    )


@slow_examples
@given(toys_with_tails())
def test_pruning_moves_the_law_by_no_more_than_it_says(example: tuple[Toy, bytes]) -> None:
    """The certificate: total variation is at most the reported pruned mass, at a threshold far above the default."""
    toy, tail = example
    exact = start(toy, tail)
    assume(np.isfinite(exact.log_mass))
    pruned = ByteState.start(toy.model, stem_of(toy), tail, prune=0.3).byte_law()

    assert pruned.missing_mass.pruned <= 1.0
    assert pruned.total_variation(exact.byte_law()) <= pruned.missing_mass.pruned + 1e-9


@slower_examples
@given(toys_with_tails())
def test_the_first_start_is_the_likeliest_cover_expanded_to_pass_the_cursor(example: tuple[Toy, bytes]) -> None:
    """Promise 7, greedy: exact covers are expanded by one token before they are compared."""
    toy, tail = example
    slow = BruteForce(toy.model, stem_of(toy), toy.continuations)
    candidates = {cover: slow.probability(cover) for cover in covers_of(toy.model, tail, toy.continuations)}
    assume(candidates)
    longer = {c: p for c, p in candidates.items() if len(toy.model.vocab.decode(c)) > len(tail)}
    for byte in range(256):
        for cover in covers_of(toy.model, tail + bytes([byte]), toy.continuations):
            longer[cover] = slow.probability(cover)
    best = max(longer.values())
    first = next(s for s in find_starts(start(toy, tail), conditioning="exact") if not s.is_end)

    assert slow.probability(first.tokens[1:]) == pytest.approx(best, rel=1e-9)


def test_sampling_a_cover_and_going_on_by_tokens_gives_the_byte_law() -> None:
    """Promise 7: exactness costs one small batch per request, not a call per byte. Chi-square over 257 outcomes
    and the missing rest.
    """
    model = ToyModel([(b"a", b"b"), (b"b", b"a"), (b"ab", b"a"), (b" ", b"a")], pretokens=QWEN_LIKE, seed=5)
    tail = b" ab"
    state = ByteState.start(model, (model.stop_id,), tail, prune=0.0)
    law = state.byte_law()
    expected = np.append(np.exp(law.logp), 0.0)
    expected[-1] = 1.0 - expected.sum()
    random = np.random.default_rng(7)
    n = 20_000
    drawn = np.zeros(258)
    for _ in range(n):
        drawn[first_outcome(model, state, random)] += 1

    likely = expected * n >= 5
    lumped = np.append(expected[likely], expected[~likely].sum()) * n
    counted = np.append(drawn[likely], drawn[~likely].sum())
    statistic = float(((counted - lumped)[lumped > 0] ** 2 / lumped[lumped > 0]).sum())
    freedom = int((lumped > 0).sum()) - 1
    assert freedom > 20
    assert statistic < freedom + 4 * np.sqrt(2 * freedom)


def first_outcome(model: ToyModel, state: ByteState, random: np.random.Generator) -> int:
    """The first byte after the tail of one sample; 256 for the end, 257 when the token after an exact cover is not
    canonical.
    """
    begun = sample_start(state, random)
    if begun.middle:
        return begun.middle[0]
    path = begun.tokens[1:]
    owner = next(i for i, c in enumerate(state.contexts) if c.tokens == path)
    probability = np.exp(state.contexts[owner].row)
    token = int(random.choice(len(probability), p=probability / probability.sum()))
    if model.vocab.is_special(token):
        return 256 if state.can_end(state.contexts[owner]) else 257
    return model.vocab.bytes_of(token)[0] if state.is_canonical(state.contexts[owner], token) else 257
