"""Drafts change how much is evaluated at a time and nothing else: on toy models by law, on real weights by text."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byte_fim.backends.llama_cpp import LlamaCppModel
from byte_fim.complete import CompleteOptions, complete
from byte_fim.conditioning import condition
from byte_fim.drafting import Drafter
from byte_fim.fim import Prompt
from byte_fim.generate import Alternative
from byte_fim.guesses import Guess, TokenRecycling
from byte_fim.model import Float64Array, Scores, TokenStream
from byte_fim.reference import ToyModel
from byte_fim.vocab import Tokens
from tests.byte_fim.drafted import FREE, loop_of, run
from tests.strategies import Toy, toys_with_tails

DOCUMENTS = Path(__file__).resolve().parent.parent.parent / "examples" / "documents"
SCORE_TIE = 1e-3  # two tokens this close may fall either way on real weights
CHI_SQUARE_999 = 36.12  # of 14 degrees of freedom: exceeded by chance once in a thousand


class Garbage:
    """An adversary: any tokens of the vocabulary at all, for no reason."""

    priors = (0.5, 0.9)

    def __init__(self, n_tokens: int) -> None:
        self._n_tokens = n_tokens

    def guess(self, text: str) -> Sequence[Guess]:
        chooser = random.Random(text)
        tokens = chooser.sample(range(self._n_tokens), k=min(3, self._n_tokens))
        return [Guess(token, chooser.randrange(2)) for token in tokens]

    def remember(self, last: int, token: int) -> None:
        """Never learns."""


DRAFTERS: dict[str, Callable[[ToyModel], Drafter]] = {
    "free": lambda model: Drafter(model.vocab, FREE),
    "assumed costs": lambda model: Drafter(model.vocab),
    "garbage": lambda model: Drafter(model.vocab, FREE, guessers=[Garbage(model.vocab.n_tokens), TokenRecycling()]),
}


def without_counts(found: Sequence[Alternative]) -> list[Alternative]:
    return [replace(alternative, n_drafted_tokens=0, n_accepted_tokens=0) for alternative in found]


@pytest.mark.parametrize("kind", DRAFTERS)
@settings(max_examples=25, deadline=None)
@given(toys_with_tails(), st.sampled_from([0.0, 1.0, 0.3]), st.integers(1, 9), st.integers(0, 12), st.booleans())
def test_the_text_is_the_same_with_and_without_drafts(
    kind: str, example: tuple[Toy, bytes], temperature: float, max_tokens: int, n_polls: int, line: bool
) -> None:
    """Lossless: text, probability, reason to stop and number of tokens, for any drafter, greedy and sampled, also when
    a drafter has learned from other requests.
    """
    toy, tail = example
    drafter = DRAFTERS[kind](toy.model)
    for seed in (0, 1):
        on, off = (
            run(
                toy.model,
                tail,
                each,
                n_polls=n_polls,
                line=line,
                n_alternatives=2,
                max_tokens=max_tokens,
                temperature=temperature,
                seed=seed,
            )
            for each in (drafter, None)
        )

        assert without_counts(on) == list(off)


def three_letter_law(context: Tokens) -> Float64Array:
    """a, b or the end, each with a chance that depends on the context."""
    chances = {"": (0.5, 0.3), "a": (0.2, 0.6), "b": (0.55, 0.25)}
    a, b = chances[bytes(token for token in context[-1:] if token in b"ab").decode()]
    probability = np.zeros(257)
    probability[[ord("a"), ord("b"), 256]] = a, b, 1.0 - a - b
    with np.errstate(divide="ignore"):
        return np.log(probability)


def exact_law(*, longest: int) -> dict[bytes, float]:
    """By enumeration: every string of a and b up to a length, where generation is cut."""
    law: dict[bytes, float] = {}
    for n in range(longest + 1):
        for letters in product(b"ab", repeat=n):
            logp = sum(three_letter_law((ord("("), *letters[:i]))[token] for i, token in enumerate(letters))
            logp += three_letter_law((ord("("), *letters))[256] if n < longest else 0.0
            law[bytes(letters)] = float(np.exp(logp))
    return law


def chi_square(counts: Mapping[bytes, int], law: Mapping[bytes, float]) -> float:
    n = sum(counts.values())
    return sum((counts[text] - n * chance) ** 2 / (n * chance) for text, chance in law.items())


def sampled(drafter_of: Callable[[ToyModel], Drafter], *, temperature: float) -> tuple[Counter[bytes], int]:
    """Texts of two thousand seeds, and how many of their tokens were evaluated ahead."""
    model = ToyModel([], pretokens=re.compile(rb"(?s)."), law=three_letter_law)
    drafter = drafter_of(model)
    state = condition(model, Prompt((ord("("),), b""), conditioning="exact")
    counts: Counter[bytes] = Counter()
    n_accepted = 0
    for seed in range(2000):
        loop = loop_of(model, drafter, max_tokens=3, temperature=temperature)
        (found,) = loop.run(state, "exact", n_alternatives=1, seed=seed)
        counts[found.middle] += 1
        n_accepted += found.n_accepted_tokens
    return counts, n_accepted


def test_sampled_texts_follow_the_law_of_the_model() -> None:
    """Not only equal to what is drawn without drafts but right: judged by enumeration, with drafts that come true often
    enough to matter.
    """
    law = exact_law(longest=3)
    counts, n_accepted = sampled(DRAFTERS["free"], temperature=1.0)

    assert sum(law.values()) == pytest.approx(1.0)
    assert len(law) == 15
    assert n_accepted > 1000
    assert chi_square(counts, law) < CHI_SQUARE_999


def test_the_check_of_the_law_would_notice_another_one() -> None:
    """Power: somewhat too cool is seen."""
    counts, _ = sampled(DRAFTERS["free"], temperature=0.7)

    assert chi_square(counts, exact_law(longest=3)) > CHI_SQUARE_999


class Recorded:
    """A model that passes everything on, and notes of each chosen token how far ahead of the next best it was."""

    def __init__(self, model: LlamaCppModel) -> None:
        self._model = model
        self.leads: list[float] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._model, name)

    def stream(self, context: Tokens) -> TokenStream:
        inner, leads = self._model.stream(context), self.leads

        class Noting:
            def step(self, tokens: Sequence[int], drafts: Sequence[Tokens] = ()) -> Mapping[Tokens, Scores]:
                found = inner.step(tokens, drafts)
                second, first = np.sort(found[()])[-2:]
                leads.append(float(first - second))
                return found

        return Noting()


@pytest.mark.parametrize("name", ["inventory.py", "menu.py", "tree.py", "cart.js"])
def test_real_weights_say_the_same_with_and_without_drafts(tiny: LlamaCppModel, name: str) -> None:
    """Lossless on the machine it is for: rows of one call for many tokens choose as rows of single tokens do."""
    text = (DOCUMENTS / name).read_bytes()
    drafter = Drafter(tiny.vocab, FREE)
    n_accepted = 0
    for offset in (len(text) // 3, len(text) // 2):
        options = CompleteOptions(layout="spm", max_tokens=32)
        recorded = Recorded(tiny)
        tiny.forget()
        off = complete(recorded, tiny.fim, text[:offset], text[offset:], options=options)  # pyright: ignore
        on = complete(tiny, tiny.fim, text[:offset], text[offset:], options=options, drafter=drafter)
        n_accepted += on.n_accepted_tokens

        assert off.alternatives[0].middle == on.alternatives[0].middle or min(recorded.leads) < SCORE_TIE
    assert n_accepted > 5
