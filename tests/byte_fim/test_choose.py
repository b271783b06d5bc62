"""The choice of a token, against its definition written out (docs/exactness.md, section 9)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byte_fim.choose import choose
from byte_fim.errors import ModelFailed
from byte_fim.vocab import Vocab

TEXT, STOPS, OTHER_SPECIALS = [0, 1, 2, 3], [4, 5], [6]
VOCAB = Vocab([b"a", b"b", b"c", b"d", b"", b"", b""], special_ids=OTHER_SPECIALS, stop_ids=STOPS)
rows = st.lists(st.floats(-8, 8, width=32), min_size=7, max_size=7)


def pick(scores: np.ndarray, *, temperature: float = 0.0, seed: int = 0) -> tuple[int, float]:
    return choose(scores, VOCAB, temperature=temperature, top_p=1.0, random=np.random.default_rng(seed))


@given(rows)
def test_greedy_takes_the_likeliest_text_token_or_all_stops_together(values: list[float]) -> None:
    """The shortcut for the common case must not change the choice, nor the probability that is told."""
    scores = np.array(values, np.float32)
    share = np.exp(scores.astype(np.float64))
    share /= share.sum()
    weights = {token: share[token] for token in TEXT} | {STOPS[0]: share[STOPS].sum()}
    token, logp = pick(scores)

    assert weights[token] == pytest.approx(max(weights.values()), rel=1e-5)
    assert logp == pytest.approx(np.log(weights[token]), abs=1e-4)
    np.testing.assert_array_equal(scores, np.array(values, np.float32))


def test_two_stops_win_together_what_neither_wins_alone() -> None:
    """Otherwise a model with several ends would hardly ever end."""
    token, logp = pick(np.log(np.array([0.4, 0.05, 0.05, 0.0001, 0.25, 0.2, 0.0499])).astype(np.float32))

    assert token == STOPS[0]
    assert np.exp(logp) == pytest.approx(0.45, abs=1e-3)


def test_a_special_id_that_is_no_stop_is_never_chosen() -> None:
    """It stands for no text, and nothing ends there."""
    scores = np.array([1.0, 0.0, 0.0, 0.0, -5.0, -5.0, 9.0], np.float32)

    assert pick(scores)[0] == 0
    assert {pick(scores, temperature=1.0, seed=seed)[0] for seed in range(200)} <= {*TEXT, STOPS[0]}


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_scores_that_are_not_numbers_are_an_error(temperature: float) -> None:
    """A broken file or build must not look like a weak model."""
    scores = np.zeros(7, np.float32)
    scores[3] = np.nan
    with pytest.raises(ModelFailed, match="not numbers"):
        pick(scores, temperature=temperature)
