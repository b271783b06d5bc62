"""The two-state Markov chain of arXiv 2406.16829: tokenised prompting is biased however good the model, covers are
not.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from byte_fim.fim import FimFormat
from byte_fim.model import Float64Array
from byte_fim.next_byte import next_byte_law
from byte_fim.reference import ToyModel
from byte_fim.state import ByteState
from byte_fim.vocab import Tokens

TO_B, TO_A = 0.3, 0.6  # P(B | A), P(A | B)
A, B, AA = ord("A"), ord("B"), 256  # the vocabulary that matters: A, B and AA, greedy from the left


def token_law(context: Tokens) -> Float64Array:
    """What a perfect model of the tokenised chain says. After the token A (not AA) only B can follow: AA would
    have been made.
    """
    to_a = TO_A if context[-1] not in (A, AA) else 1 - TO_B
    probability = np.zeros(258)
    if context[-1] == A:
        probability[B] = 1.0
    else:
        probability[[B, A, AA]] = 1 - to_a, to_a * TO_B, to_a * (1 - TO_B)
    with np.errstate(divide="ignore"):
        return np.log(probability)


@pytest.fixture
def chain() -> ToyModel:
    return ToyModel([(b"A", b"A")], law=token_law)


def test_naive_conditioning_denies_what_the_chain_does_all_the_time(chain: ToyModel) -> None:
    """P(A | ..A) is 0.7; the tokens as they stand say 0, and no amount of data mends that."""
    row = chain.next_token_logprobs([(chain.stop_id, A)])[0]

    assert np.exp(row[A]) + np.exp(row[AA]) == 0.0


@pytest.mark.parametrize("text", [bytes(letters) for n in range(1, 7) for letters in product(b"AB", repeat=n)])
def test_the_byte_law_is_the_chain(chain: ToyModel, text: bytes) -> None:
    """Covers of "..A" are "..A" and "..AA"; their weights give the transition probability back."""
    law = np.exp(ByteState.start(chain, (chain.stop_id,), text, prune=0.0).byte_law().logp)
    to_a = 1 - TO_B if text.endswith(b"A") else TO_A

    assert law[A] == pytest.approx(to_a, abs=1e-12)
    assert law[B] == pytest.approx(1 - to_a, abs=1e-12)


def test_the_law_at_a_cursor_finds_the_same_through_the_whole_path(chain: ToyModel) -> None:
    """Layout, boundary and truncation included."""
    fim = FimFormat(None, None, None, start_ids=(chain.stop_id,))
    exact, naive = (
        np.exp(next_byte_law(chain, fim, b"BABA", b"", layout="plain", conditioning=c).distribution.logp)
        for c in ("exact", "naive")
    )

    assert exact[A] == pytest.approx(1 - TO_B, abs=1e-12)
    assert naive[A] == 0.0
