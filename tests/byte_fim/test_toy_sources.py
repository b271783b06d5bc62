"""Markov sources, the laws over tokens that they give, and models learnt from them: known exactly, or nothing is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byte_fim.distribution import END
from byte_fim.reference import ToyModel, every_text
from byte_fim.state import ByteState
from byte_fim.toy.branch_and_pass import byte_law
from byte_fim.toy.counted import CountedLaw
from byte_fim.toy.induced import InducedLaw
from byte_fim.toy.markov import MarkovSource, random_source, two_states
from byte_fim.toy.splitting import Merge, Split, byte_pairs, learn_merges, longest_match

SPLITS = [byte_pairs, longest_match]
Splitting = Callable[[Sequence[Merge]], Split]
HORIZON_LETTERS = 9  # a text this long shows how its first three letters are spelled, with words of three letters


def perfect_model(source: MarkovSource, merges: Sequence[Merge], split: Splitting) -> ToyModel:
    return ToyModel(merges, split=split, law=InducedLaw(source, ToyModel(merges, split=split)))


@st.composite
def merges_of(draw: st.DrawFn, alphabet: bytes) -> list[Merge]:
    pieces = [bytes([letter]) for letter in alphabet]
    merges: list[Merge] = []
    for _ in range(draw(st.integers(1, 5))):
        left, right = draw(st.sampled_from(pieces)), draw(st.sampled_from(pieces))
        if len(left + right) <= 3 and left + right not in pieces:
            merges.append((left, right))
            pieces.append(left + right)
    return merges


@pytest.mark.parametrize("split", SPLITS)
@settings(max_examples=10, deadline=None)
@given(st.data())
def test_the_induced_law_is_the_share_of_texts_that_are_spelled_so(split: Splitting, data: st.DataObject) -> None:
    """By its definition: adding up the source's texts, each with its probability."""
    source = random_source(b"ab", data.draw(st.integers(0, 2)), end=0.2, seed=data.draw(st.integers(0, 99)))
    merges = data.draw(merges_of(b"ab"))
    model = perfect_model(source, merges, split)
    weights = {
        tuple(model.tokenize(text)): source.probability(text)
        * (1.0 if len(text) == HORIZON_LETTERS else float(source.next_law(text)[END]))
        for text in every_text(b"ab", HORIZON_LETTERS)
    }

    for beginning in {tokens[:n] for tokens in weights for n in range(4)}:
        if len(model.vocab.decode(beginning)) > 3:
            continue
        said = 1.0
        for i, token in enumerate(beginning):
            row = model.next_token_logprobs([(model.stop_id, *beginning[:i])])[0]
            said *= float(np.exp(row[token]))
        counted = sum(p for tokens, p in weights.items() if tokens[: len(beginning)] == beginning)
        assert said == pytest.approx(counted, abs=1e-12)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize(("alphabet", "order", "seed"), [(b"ab", 0, 1), (b"ab", 1, 2), (b"abc", 2, 3), (b"ab", 3, 4)])
def test_covers_give_the_source_back(split: Splitting, alphabet: bytes, order: int, seed: int) -> None:
    """The claim of the papers: a perfect model of tokens knows the bytes, END included, at every cursor."""
    source = random_source(alphabet, order, end=0.05, seed=seed)
    random = np.random.default_rng(seed)
    merges = learn_merges([source.draw(random) for _ in range(100)], 8, longest_bytes=4)
    model = perfect_model(source, merges, split)

    for text in [bytes(letters) for n in (0, 1, 3, 5) for letters in product(alphabet, repeat=n)][::3]:
        law = ByteState.start(model, (model.stop_id,), text, prune=0.0).byte_law()
        np.testing.assert_allclose(np.exp(law.logp), source.next_law(text), atol=1e-9, rtol=0)
        assert law.missing_mass.noncanonical == pytest.approx(0.0, abs=1e-9)


def test_branch_and_pass_gives_the_source_back() -> None:
    """As published: longest match, and a model that is perfect."""
    source = random_source(b"ab", 2, end=0.1, seed=3)
    model = perfect_model(source, [(b"a", b"a"), (b"aa", b"b"), (b"b", b"a")], longest_match)

    for text in every_text(b"ab", 5):
        np.testing.assert_allclose(byte_law(model, (model.stop_id,), text), source.next_law(text), atol=1e-9, rtol=0)


def test_the_tokens_as_they_stand_deny_what_the_source_does_all_the_time() -> None:
    """The hand case: after the token A only B can follow, or AA would have been made; the chain says A at 0.63."""
    source = two_states(a_to_b=0.3, b_to_a=0.6, end=0.1)
    model = perfect_model(source, [(b"A", b"A")], longest_match)
    row = np.exp(model.next_token_logprobs([(model.stop_id, *model.tokenize(b"BA"))])[0])

    assert source.next_law(b"BA")[ord("A")] == pytest.approx(0.63)
    assert row[[ord("A"), 256]].sum() == 0.0
    assert row[ord("B")] == pytest.approx(0.27 / 0.37)


def test_counting_comes_to_the_law_that_it_counts() -> None:
    """A learned model errs by chance alone, so what is wrong with naive conditioning is not the model."""
    source = two_states(a_to_b=0.3, b_to_a=0.6, end=0.1)
    tokenizing = ToyModel([(b"A", b"A")])
    counted, exact = CountedLaw(tokenizing, n_tokens=1), InducedLaw(source, tokenizing)
    random = np.random.default_rng(1)
    counted.learn(source.draw(random) for _ in range(4000))
    context = (tokenizing.stop_id, ord("B"))
    p = np.exp(exact(context))
    n = counted.n_seen(context)

    assert n > 5000
    assert (np.abs(np.exp(counted(context)) - p) <= 5 * np.sqrt(p * (1 - p) / n)).all()


def test_merges_are_learnt_from_the_most_frequent_neighbours() -> None:
    """By hand: ab 3 times, then abab twice (abab ab), and never a word twice or too long."""
    assert learn_merges([b"ababab", b"cc"], 2, longest_bytes=4) == [(b"a", b"b"), (b"ab", b"ab")]
    assert learn_merges([b"ababab"], 9, longest_bytes=2) == [(b"a", b"b")]


def test_texts_are_drawn_as_the_source_says() -> None:
    """Chi-square over the letter after AB of a chain with two letters of memory."""
    source = random_source(b"abc", 2, end=0.05, seed=7)
    random = np.random.default_rng(7)
    texts = [source.draw(random) for _ in range(2000)]
    drawn = np.zeros(257)
    for text in texts:
        for i in range(2, len(text) + 1):
            if text[i - 2 : i] == b"ab":
                drawn[text[i] if i < len(text) else END] += 1
    expected = source.laws[b"ab"] * drawn.sum()
    possible = expected > 0

    assert drawn.sum() > 1000
    assert (drawn[~possible] == 0).all()
    assert ((drawn - expected)[possible] ** 2 / expected[possible]).sum() < 20  # 3 degrees of freedom: 1 in 6,000
