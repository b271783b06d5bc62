"""Bits per byte: every token is judged once, with what stands before it."""

from __future__ import annotations

import math

import pytest

from benchmarks.bits import bits_per_byte, windows
from byte_fim.backends.llama_cpp import LlamaCppModel


def test_every_token_but_the_opening_is_judged_once() -> None:
    """Windows overlap, judged parts must not; and all but the first have half a window before them."""
    for n in range(2, 40):
        for width in (4, 5, 8):
            found = list(windows(tuple(range(n)), width, n_opening=1))

            assert [token for window, n_before in found for token in window[n_before:]] == list(range(1, n))
            assert all(len(window) <= width for window, _ in found)
            assert all(n_before >= width // 2 for _, n_before in found[1:])


def test_bits_are_those_of_the_tokens_behind_the_opening(tiny: LlamaCppModel) -> None:
    """Asked one by one of the model: the sum over the text's tokens, over its bytes."""
    texts = (b"def add(a, b):\n    return a + b\n", b"import os\n")
    separator = tiny.fim.separator_id
    assert separator is not None
    n_bits = 0.0
    for text in texts:
        context = (separator,)
        for token in tiny.tokenize(text):
            n_bits -= float(tiny.next_token_logprobs([context])[0][token]) / math.log(2)
            context = (*context, token)

    assert bits_per_byte(tiny, tiny.fim, texts) == pytest.approx(n_bits / sum(map(len, texts)), rel=1e-3)


def test_no_text_has_no_bits(tiny: LlamaCppModel) -> None:
    """A division by zero would name nothing."""
    with pytest.raises(ValueError, match="without a byte"):
        bits_per_byte(tiny, tiny.fim, [b""])
