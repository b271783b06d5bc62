"""The generation loop, on toy models whose law is written down."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byte_fim.complete import CompleteOptions, complete
from byte_fim.errors import DecodeAborted
from byte_fim.fim import FimFormat
from byte_fim.generate import Alternative
from byte_fim.model import Float64Array
from byte_fim.reference import ToyModel
from byte_fim.utf8 import unfinished_character
from tests.byte_fim.parrots import parrot
from tests.strategies import Toy, toys_with_tails

WORDS = re.compile(rb" ?[a-z]+|[^a-z]")


def fim_of(model: ToyModel) -> FimFormat:
    return FimFormat(None, None, None, start_ids=(model.stop_id,))


def run(model: ToyModel, prefix: bytes, **options: object) -> tuple[Alternative, ...]:
    chosen = CompleteOptions(layout="plain", **options)  # pyright: ignore[reportArgumentType]
    return complete(model, fim_of(model), prefix, b"", options=chosen).alternatives


MERGES = [(b"r", b"a"), (b"n", b"g"), (b"ng", b"e"), (b"ra", b"nge"), (b" ", b"range"), (b"i", b"n"), (b" ", b"in")]


@pytest.mark.parametrize("cut", range(1, len("for i in range(n)")))
def test_whatever_byte_the_cursor_stands_at_the_completion_is_the_remainder(cut: int) -> None:
    """The point of the project, in small: the model knows the text in whole tokens only."""
    text = b"for i in range(n)"
    (found,) = run(parrot(text, MERGES, WORDS), text[:cut])

    assert found.middle == text[cut:]
    assert found.stop_reason == "end"


def test_naive_conditioning_loses_the_thread_inside_a_token() -> None:
    """The same cursors as others see them; healing backs up one token and gets some of them."""
    text = b"for i in range(n)"
    model = parrot(text, MERGES, WORDS)
    right = {
        how: sum(run(model, text[:cut], conditioning=how)[0].middle == text[cut:] for cut in range(1, len(text)))
        for how in ("exact", "healing", "naive")
    }

    assert right["exact"] == len(text) - 1
    assert right["naive"] < right["healing"] < right["exact"]


@settings(max_examples=30, deadline=None)
@given(toys_with_tails(), st.integers(1, 6), st.sampled_from([0.0, 1.0]))
def test_a_completion_never_ends_inside_a_character(
    example: tuple[Toy, bytes], n_tokens: int, temperature: float
) -> None:
    """Half a character cannot be shown or inserted; one that the document has begun may be finished."""
    toy, tail = example
    for found in run(toy.model, tail, max_tokens=n_tokens, temperature=temperature, n_alternatives=2):
        assert not found.middle or unfinished_character(tail + found.middle) == b""


@settings(max_examples=20, deadline=None)
@given(toys_with_tails(), st.integers(2, 4))
def test_alternatives_really_differ(example: tuple[Toy, bytes], n: int) -> None:
    """Cycling through copies of one text is what `n` of most tools gives."""
    toy, tail = example
    found = [alternative.middle for alternative in run(toy.model, tail, max_tokens=4, n_alternatives=n)]

    assert 1 <= len(found) <= n
    assert len(set(found)) == len(found)


def test_the_same_seed_gives_the_same_sample_and_another_seed_another() -> None:
    """Reproducible on one machine; not secretly greedy."""
    model = ToyModel(MERGES, pretokens=WORDS, seed=3)
    samples = [run(model, b"ra", max_tokens=6, temperature=1.5, seed=seed)[0].middle for seed in (1, 1, 2, 3, 4)]

    assert samples[0] == samples[1]
    assert len(set(samples)) > 2


def test_top_p_keeps_only_the_likeliest_tokens() -> None:
    """With hardly any mass allowed, sampling is greedy after the cover."""
    model = ToyModel(MERGES, pretokens=WORDS, seed=3)
    drawn = {run(model, b"(", max_tokens=4, temperature=1.0, top_p=1e-9, seed=seed)[0].middle[:1] for seed in range(12)}
    free = {run(model, b"(", max_tokens=4, temperature=1.0, seed=seed)[0].middle[:1] for seed in range(12)}

    assert len(drawn) < len(free)


def test_generation_stops_at_the_token_limit() -> None:
    """The reason is reported, so that a cut can be told from an end."""
    (found,) = run(parrot(b"a" * 50, [], WORDS), b"a", max_tokens=7)

    assert (found.middle, found.stop_reason, found.n_generated_tokens) == (b"a" * 7, "budget", 7)


def test_generation_stops_when_asked_and_keeps_what_it_has() -> None:
    """A deadline gives a shorter suggestion, not none."""
    model = parrot(b"a" * 50, [], WORDS)
    asked = iter([None, None, "deadline"])
    found = complete(
        model,
        fim_of(model),
        b"a",
        b"",
        options=CompleteOptions(layout="plain"),
        should_stop=lambda: next(asked),  # pyright: ignore
    ).alternatives[0]

    assert (found.middle, found.stop_reason) == (b"aaa", "deadline")


def test_an_aborted_decode_ends_the_generation_like_a_request_to_stop() -> None:
    """Cancelling inside a decode must not lose what was generated before it."""
    inner = parrot(b"a" * 50, [], WORDS)

    class Aborting(ToyModel):
        def next_token_logprobs(self, contexts: Sequence[Sequence[int]]) -> Float64Array:
            if len(contexts[0]) > 4:
                raise DecodeAborted
            return inner.next_token_logprobs(contexts)

    model = Aborting([], pretokens=WORDS)
    (found,) = run(model, b"a")

    assert (found.middle, found.stop_reason) == (b"aaa", "cancelled")


def test_the_caller_decides_where_the_text_is_finished() -> None:
    """Trimming happens while generating, so that nothing is generated to be thrown away."""
    model = parrot(b"abcdefgh", [], WORDS)
    found = complete(
        model,
        fim_of(model),
        b"a",
        b"",
        options=CompleteOptions(layout="plain"),
        find_end=lambda middle: 2 if len(middle) > 3 else None,
    ).alternatives[0]

    assert (found.middle, found.stop_reason, found.n_generated_tokens) == (b"bc", "trimmed", 4)


def test_bytes_that_the_vocabulary_cannot_express_are_completed_from_what_it_makes_of_them() -> None:
    """Some vocabularies lack bytes; no cover then exists, which is reported as missing mass and not as an error."""

    class Blind(ToyModel):
        def tokenize(self, text: bytes) -> list[int]:
            return super().tokenize(text.replace(b"q", b"?"))

    model = Blind(MERGES, pretokens=WORDS)
    found = complete(model, fim_of(model), b"x q", b"", options=CompleteOptions(layout="plain", max_tokens=3))

    assert found.missing_mass.noncanonical == 1.0
    assert len(found.alternatives) == 1
