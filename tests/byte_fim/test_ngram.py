"""A model that counts what it has read (what it has in common with all models: tests/contract/test_token_model.py)."""

from __future__ import annotations

import numpy as np
import pytest

from byte_fim.ngram import ESCAPE, STOP_SHARE, NgramModel


def share(model: NgramModel, context: bytes, byte: str) -> float:
    return float(np.exp(model.next_token_logprobs([list(context)])[0][ord(byte)]) / (1.0 - STOP_SHARE))


def test_the_blend_is_the_formula() -> None:
    """By hand: `ab` and `ac` were read, so `a` was followed by two different bytes, once each."""
    model = NgramModel()
    model.learn(b"abac")
    escape = ESCAPE * 3  # three different bytes in all
    of_none = (1 + escape / 256) / (4 + escape)
    of_a = (1 + 2 * ESCAPE * of_none) / (2 + 2 * ESCAPE)

    assert share(model, b"", "b") == pytest.approx(of_none)
    assert share(model, b"a", "b") == pytest.approx(of_a)


def test_the_longest_context_that_was_read_decides_most() -> None:
    """What a file says twice it says a third time."""
    model = NgramModel()
    model.learn(b"self.users = {}\nself.names = []\n" * 3)

    assert share(model, b"self.us", "e") > 0.8
    assert share(model, b"self.", "u") == pytest.approx(share(model, b"self.", "n"), rel=0.1)
    assert share(NgramModel(), b"self.us", "e") == pytest.approx(1 / 256)


def test_reading_on_is_reading_at_once() -> None:
    """Open files are read as they are typed."""
    text = b"for user in self.users:\n    print(user)\n"
    at_once, bit_by_bit = NgramModel(), NgramModel()
    at_once.learn(text)
    for i in range(0, len(text), 7):
        bit_by_bit.learn(text[i : i + 7])
    contexts = [list(text[:n]) for n in range(1, len(text))]

    np.testing.assert_array_equal(at_once.next_token_logprobs(contexts), bit_by_bit.next_token_logprobs(contexts))


def test_memory_is_bounded_and_the_newest_text_stays() -> None:
    """Whatever is opened: counted in the bytes and places that are kept."""
    small = NgramModel(n_text_bytes=1000)
    for n in range(200):
        small.learn(b"value_%d = %d\n" % (n, n * n))
    small.learn(b"the_last_line = compute()\n")
    n_places = sum(map(len, small._places.values()))  # pyright: ignore[reportPrivateUsage]

    assert 400 < n_places <= 1000
    assert share(small, b"the_last_line = comp", "u") > 0.5
    assert share(small, b"value_1 = ", "1") < share(small, b"value_199 = ", "3")


def test_a_text_longer_than_the_memory_is_read_at_its_end() -> None:
    """Rather than refused."""
    small = NgramModel(n_text_bytes=100)
    small.learn(b"x" * 500 + b"the end of a long text")

    assert share(small, b"the end of a long te", "x") > 0.5


def test_what_stands_before_a_stop_is_another_text() -> None:
    """A stop opens prompts; contexts do not reach beyond it."""
    model = NgramModel()
    model.learn(b"abcabcabc")
    rows = model.next_token_logprobs([[*b"ab", 256], [256], [*b"ab", 256, *b"c"], [*b"c"]])

    np.testing.assert_array_equal(rows[0], rows[1])
    np.testing.assert_array_equal(rows[2], rows[3])
