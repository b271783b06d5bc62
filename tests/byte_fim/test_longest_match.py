"""Longest-match encoding, as in WordPiece: the search for covers knows nothing of it and finds what follows from it."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings

from byte_fim.cover import Covers
from byte_fim.model import Float64Array
from byte_fim.reference import BruteForce, ToyModel, covers_of, hashed_row
from byte_fim.state import ByteState
from byte_fim.toy.branch_and_pass import branch_and_pass, byte_law
from byte_fim.toy.splitting import longest_match
from byte_fim.vocab import Tokens
from tests.strategies import Toy, toys_with_tails

examples = settings(max_examples=40, deadline=None)
slower_examples = settings(max_examples=15, deadline=None)  # a second each
MERGES = [(b"a", b"b"), (b"ab", b"c"), (b"c", b"b")]  # words: ab, abc, cb


def ideal(merges: list[tuple[bytes, bytes]], *, seed: int) -> ToyModel:
    """A model with random laws that never says what longest match never gives."""
    tokenizing = ToyModel(merges, split=longest_match)
    vocab = tokenizing.vocab

    @cache
    def law(context: Tokens) -> Float64Array:
        tokens = context[1:]
        row = hashed_row(context, n_tokens=vocab.n_tokens, seed=seed)
        for token in range(vocab.n_tokens):
            whole = (*tokens, token)
            if not vocab.is_special(token) and tuple(tokenizing.tokenize(vocab.decode(whole))) != whole:
                row[token] = -np.inf
        return row - np.log(np.exp(row).sum())

    return ToyModel(merges, split=longest_match, law=law)


@pytest.mark.slow
@slower_examples
@given(toys_with_tails(split=longest_match))
def test_the_fast_byte_law_equals_brute_force(example: tuple[Toy, bytes]) -> None:
    """The search asks the tokenizer and knows no merges, so it must hold for a tokenizer that has none."""
    toy, tail = example
    stem = (toy.model.stop_id,)
    slow = BruteForce(toy.model, stem, toy.continuations)
    assume(slow.mass(tail) > 0)
    fast = ByteState.start(toy.model, stem, tail, prune=0.0).byte_law()

    np.testing.assert_allclose(np.exp(fast.logp), slow.byte_law(tail), atol=1e-9, rtol=0)


@examples
@given(toys_with_tails(split=longest_match))
def test_covers_are_sound_complete_and_without_duplicates(example: tuple[Toy, bytes]) -> None:
    """As for byte pairs: a cover too few loses mass, one too many or twice invents it."""
    toy, tail = example
    state = ByteState.start(toy.model, (toy.model.stop_id,), tail, prune=0.0)
    kept = state.overhanging.kept
    found = [(*state.contexts[o].tokens, t) for o, t in zip(kept.owner.tolist(), kept.token.tolist(), strict=True)]
    found += [c.tokens for c in state.contexts if state.is_exact(c)]

    assert sorted(found) == sorted(covers_of(toy.model, tail, toy.continuations))


@pytest.mark.parametrize("tail", [b"abca", b"abcb", b"cabab", b"aabcab", b"abcabcab"])
def test_the_contexts_lie_on_one_path(tail: bytes) -> None:
    """The corollary for longest match: the first token is forced, so contexts are beginnings of each other."""
    model = ToyModel(MERGES, split=longest_match)
    contexts = Covers.of(model).find_contexts(tail)

    assert all(longer[: len(shorter)] == shorter for shorter, longer in pairwise(sorted(contexts, key=len)))


def test_byte_pairs_have_contexts_beside_each_other() -> None:
    """Which is why branch and pass is no use for them: with the pairs bc before ab, `ab` is a b or ab."""
    model = ToyModel([(b"b", b"c"), (b"a", b"b")])
    contexts = Covers.of(model).find_contexts(b"ab")

    assert len(contexts) > len({len(context) for context in contexts})


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("tail", [b"a", b"ab", b"abc", b"cab", b"abca", b"aabcab"])
def test_branch_and_pass_says_what_the_covers_say(seed: int, tail: bytes) -> None:
    """Two computations that share nothing but the definition."""
    model = ideal(MERGES, seed=seed)
    state = ByteState.start(model, (model.stop_id,), tail, prune=0.0)

    np.testing.assert_allclose(
        np.exp(state.byte_law().logp), byte_law(model, (model.stop_id,), tail), atol=1e-9, rtol=0
    )


def test_branch_and_pass_asks_for_one_row_per_token() -> None:
    """One path: the work grows with the text and not with the number of its spellings."""
    model = ideal(MERGES, seed=1)
    text = b"abcabcab"
    branch_and_pass(model, (model.stop_id,), text)

    assert model.counts.decode_calls == len(model.tokenize(text))
