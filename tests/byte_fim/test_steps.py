"""How probable the beginning of a middle is: what the confidence of a suggestion that was cut is made of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from byte_fim.backends.llama_cpp import LlamaCppModel
from byte_fim.complete import CompleteOptions, complete
from byte_fim.fim import FimFormat
from byte_fim.generate import Alternative
from byte_fim.next_byte import next_byte_law
from byte_fim.reference import ToyModel
from tests.strategies import Toy, toys_with_tails

PLAIN = FimFormat(None, None, None, start_ids=())


def middle_of(model: ToyModel | LlamaCppModel, prefix: bytes, *, max_tokens: int) -> Alternative:
    fim = FimFormat(None, None, None, start_ids=(model.stop_id,)) if isinstance(model, ToyModel) else PLAIN
    options = CompleteOptions(layout="plain", max_tokens=max_tokens)
    return complete(model, fim, prefix, b"", options=options).alternatives[0]


def test_a_beginning_is_as_probable_as_the_fewest_tokens_that_say_it() -> None:
    """Tokens of two bytes, each with probability one half, whatever was said."""
    merges = [(b"a", b"b")]
    model = ToyModel(merges)
    row = np.full(model.vocab.n_tokens, -np.inf)
    row[[model.vocab.ids_of(b"ab")[0], model.vocab.ids_of(b"c")[0], model.stop_id]] = np.log([0.5, 0.2, 0.3])
    found = middle_of(ToyModel(merges, law=lambda context: row), b"", max_tokens=3)

    assert found.middle == b"ababab"
    assert [round(float(np.exp(found.logp_of(n))), 6) for n in range(1, 7)] == [0.5, 0.5, 0.25, 0.25, 0.125, 0.125]


@settings(max_examples=30, deadline=None)
@given(toys_with_tails())
def test_the_longer_the_less_probable_down_to_the_whole(example: tuple[Toy, bytes]) -> None:
    """A threshold can be judged on the part that is kept: what is cut would only make it less."""
    toy, tail = example
    found = middle_of(toy.model, tail, max_tokens=5)
    logps = [found.logp_of(n) for n in range(1, len(found.middle) + 1)]

    assert logps == sorted(logps, reverse=True)
    assert all(found.logp <= logp <= 1e-9 for logp in logps)


@pytest.mark.parametrize("prefix", [b"import numpy as n", b"for i in ra", b"def __init__(se"])
def test_the_bytes_are_at_least_as_probable_as_the_tokens_that_were_chosen(tiny: LlamaCppModel, prefix: bytes) -> None:
    """Otherwise the confidence would promise more than the model says; bytes weighed one by one."""
    found = middle_of(tiny, prefix, max_tokens=2)
    logp = 0.0
    for n, byte in enumerate(found.middle):
        law = next_byte_law(tiny, PLAIN, prefix + found.middle[:n], b"", layout="plain")
        logp += float(law.distribution.logp[byte])
        assert found.logp_of(n + 1) <= logp + 1e-3
