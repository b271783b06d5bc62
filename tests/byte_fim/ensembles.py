"""Toy ensembles, and their laws by brute force, which is written without the package that it judges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from byte_fim.anchor import Anchors, Scheme
from byte_fim.ensemble import EnsembleState, Member
from byte_fim.fim import FimFormat
from byte_fim.model import Float64Array
from byte_fim.reference import BruteForce, ToyModel
from tests.strategies import QWEN_LIKE, Toy

ONE = Toy(ToyModel([(b"a", b"b"), (b"ab", b"a"), (b" ", b"a")], pretokens=QWEN_LIKE, seed=1), b"ab ", ())
OTHER = Toy(ToyModel([(b"b", b"a"), (b"a", b" "), (b"b", b"b")], seed=2), b"ab ", ())


def law(state: EnsembleState) -> Float64Array:
    """(257,) probabilities, as the ensemble says."""
    return np.exp(state.byte_law().logp)


def member_of(toy: Toy, weight: float = 1.0, *, name: str = "toy", prune: float = 0.0) -> Member:
    """A toy in plain layout; its prompts open with its stop token."""
    fim = FimFormat(None, None, None, start_ids=(toy.model.stop_id,))
    return Member(name=name, model=toy.model, fim=fim, layout="plain", weight=weight, prune=prune)


def law_of(toy: Toy, prefix: bytes) -> Float64Array:
    """(257,) probabilities, END last, by trying every segmentation; all zero when the prefix has no cover."""
    fim = FimFormat(None, None, None, start_ids=(toy.model.stop_id,))
    scheme = Scheme(layout="plain", cut="word", conditioning="exact", n_room_tokens=300)
    prompt = Anchors().lay_out(toy.model, fim, prefix, b"", scheme)
    slow = BruteForce(toy.model, prompt.stem, toy.continuations)
    return slow.byte_law(prompt.tail) if slow.mass(prompt.tail) > 0 else np.zeros(257)


def mixture(laws: Sequence[Float64Array], weights: Sequence[float]) -> Float64Array:
    """Sum of w P."""
    return sum((w * law for w, law in zip(weights, laws, strict=True)), np.zeros(257)) / sum(weights)


def product(laws: Sequence[Float64Array], weights: Sequence[float]) -> Float64Array:
    """Product of P to the power of w, scaled to what the mixture sums to."""
    raised = np.ones(257)
    for weight, law in zip(weights, laws, strict=True):
        raised *= law ** (weight / sum(weights))
    return raised / raised.sum() * mixture(laws, weights).sum()
