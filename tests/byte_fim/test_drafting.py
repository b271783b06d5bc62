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
from byte_fim.drafting import ASSUMED_STEP_COSTS, Drafter
from byte_fim.fim import FimFormat, Prompt
from byte_fim.generate import Alternative, Loop
from byte_fim.guesses import Guess, TokenRecycling
from byte_fim.model import Float64Array, Scores, TokenStream
from byte_fim.reference import Law, ToyModel
from byte_fim.vocab import Tokens
from tests.strategies import Toy, toys_with_tails

DOCUMENTS = Path(__file__).resolve().parent.parent.parent / "examples" / "documents"
FREE = (1.0,) * 9  # drafting costs nothing, so everything that was guessed is drafted
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


class Says:
    """Always guesses the one token it is set to."""

    priors = (0.5,)

    def __init__(self, token: int) -> None:
        self.token = token

    def guess(self, text: str) -> Sequence[Guess]:
        return [Guess(self.token, 0)]

    def remember(self, last: int, token: int) -> None:
        """Never learns."""


DRAFTERS: dict[str, Callable[[ToyModel], Drafter]] = {
    "free": lambda model: Drafter(model.vocab, FREE),
    "assumed costs": lambda model: Drafter(model.vocab),
    "garbage": lambda model: Drafter(model.vocab, FREE, guessers=[Garbage(model.vocab.n_tokens), TokenRecycling()]),
}


def run(
    model: ToyModel,
    prefix: bytes,
    drafter: Drafter | None,
    *,
    n_polls: int = 1000,
    line: bool = False,
    **options: object,
) -> tuple[Alternative, ...]:
    """The alternatives; a deadline after so many polls."""
    polls = iter(range(n_polls))
    return complete(
        model,
        FimFormat(None, None, None, start_ids=(model.stop_id,)),
        prefix,
        b"",
        options=CompleteOptions(layout="plain", **options),  # pyright: ignore[reportArgumentType]
        should_stop=lambda: "deadline" if next(polls, None) is None else None,
        find_end=lambda middle: middle.find(b"\n") + 1 or None if line else None,
        drafter=drafter,
    ).alternatives


def without_counts(found: Sequence[Alternative]) -> list[Alternative]:
    return [replace(alternative, n_drafted_tokens=0, n_accepted_tokens=0) for alternative in found]


def cycling(text: bytes) -> ToyModel:
    """Says `text` over and over, one byte at a time."""
    return ToyModel([], law=cycling_law(text))


def cycling_law(text: bytes) -> Law:
    def law(context: Tokens) -> Float64Array:
        probability = np.full(257, 1e-6)
        probability[text[(len(context) - 1) % len(text)]] = 1.0
        return np.log(probability / probability.sum())

    return law


def loop_of(model: ToyModel, drafter: Drafter, *, max_tokens: int, temperature: float = 0.0) -> Loop:
    return Loop(
        model=model,
        max_tokens=max_tokens,
        temperature=temperature,
        top_p=1.0,
        should_stop=lambda: None,
        find_end=lambda middle: None,
        unfinished=b"",
        drafter=drafter,
    )


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


def test_a_text_that_repeats_itself_takes_fewer_evaluations() -> None:
    """What drafting is for; the tokens evaluated ahead are reported."""
    model = cycling(b"x = foo(1)\n")
    n_calls: dict[bool, int] = {}
    for is_on in (False, True):
        before = model.counts
        (found,) = run(model, b"x = foo(1)\nx = ", Drafter(model.vocab) if is_on else None, max_tokens=60)
        n_calls[is_on] = model.counts.since(before).decode_calls

    assert n_calls[True] * 3 < n_calls[False]
    assert n_calls[False] - n_calls[True] == found.n_accepted_tokens <= found.n_drafted_tokens


def test_nothing_is_drafted_while_it_does_not_pay_and_again_when_it_does() -> None:
    """Guesses are judged without being drafted, so giving up is not for ever, and costs nothing."""
    model = cycling(b"a")
    adviser = Says(ord("b"))
    drafter = Drafter(model.vocab, guessers=[adviser])
    n_drafted: list[int] = []
    for advice in b"bbbbaaa":
        adviser.token = advice
        (found,) = run(model, b"aa", drafter, max_tokens=50)
        n_drafted.append(found.n_drafted_tokens)

    assert n_drafted[0] <= 8
    assert n_drafted[1:4] == [0, 0, 0]
    assert n_drafted[-1] > 25


def test_how_much_is_drafted_depends_on_what_it_costs() -> None:
    """The same guesses, on a machine that evaluates eight tokens like one and on one that evaluates one at a time."""
    model = cycling(b"abc")
    n_drafted: list[int] = []
    for costs in (FREE, ASSUMED_STEP_COSTS, tuple(1.0 + n for n in range(9))):
        drafter = Drafter(model.vocab, costs)
        n_drafted.append(sum(run(model, b"abc" * 5, drafter, max_tokens=40)[0].n_drafted_tokens for _ in range(3)))

    assert n_drafted[0] >= n_drafted[1] > 0
    assert n_drafted[2] == 0


def test_guesses_beyond_the_end_of_a_line_are_not_drafted_where_nobody_wants_more() -> None:
    """A server that asks for one line: a line break that comes true is still evaluated in vain."""
    model = cycling(b"ab\n")
    drafter = Drafter(model.vocab, [1.0 + 0.1 * n for n in range(9)])
    asked = [run(model, b"ab\n" * 4 + b"a", drafter, line=True)[0] for _ in range(100)]

    assert {found.middle for found in asked} == {b"b\n"}
    assert asked[0].n_drafted_tokens > 0
    assert asked[-1].n_drafted_tokens == 0


class Listening(ToyModel):
    """Remembers the longest context it was asked for."""

    longest = 0

    def next_token_logprobs(self, contexts: Sequence[Sequence[int]]) -> Float64Array:
        self.longest = max(self.longest, *map(len, contexts))
        return super().next_token_logprobs(contexts)


@pytest.mark.parametrize(("n_context_tokens", "max_tokens", "longest"), [(512, 5, 17 + 4), (24, 64, 23)])
def test_drafts_end_with_the_budget_and_with_the_context(n_context_tokens: int, max_tokens: int, longest: int) -> None:
    """What is beyond either is evaluated in vain, or cannot be evaluated at all."""
    model = Listening([], law=cycling_law(b"abc"))
    model.n_context_tokens = n_context_tokens
    state = condition(model, Prompt((model.stop_id, *b"abcabcabcabcabca"), b""), conditioning="exact")
    loop = loop_of(model, Drafter(model.vocab, FREE), max_tokens=max_tokens)
    (found,) = loop.run(state, "exact", n_alternatives=1, seed=0)

    assert (found.stop_reason, model.longest) == ("budget", longest)
    assert found.n_accepted_tokens > 2


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
