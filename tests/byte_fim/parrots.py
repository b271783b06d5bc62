"""Toy models that say one text and nothing else."""

from __future__ import annotations

import re

import numpy as np

from byte_fim.model import Float64Array
from byte_fim.reference import ToyModel
from byte_fim.vocab import Tokens


def parrot(text: bytes, merges: list[tuple[bytes, bytes]], pretokens: re.Pattern[bytes]) -> ToyModel:
    """Says `text`, token by token, then stops; knows it only in its canonical tokens, as a trained model does."""
    model = ToyModel(merges, pretokens=pretokens)
    script = model.tokenize(text)

    def law(context: Tokens) -> Float64Array:
        said = list(context[1:])
        probability = np.full(model.vocab.n_tokens, 1e-6)
        follows = script[len(said)] if said == script[: len(said)] and len(said) < len(script) else model.stop_id
        probability[follows] = 1.0
        return np.log(probability / probability.sum())

    return ToyModel(merges, pretokens=pretokens, law=law)
