"""What is drafted saves evaluations: as much as pays, and nothing beyond the end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from byte_fim.conditioning import condition
from byte_fim.drafting import ASSUMED_STEP_COSTS, Drafter
from byte_fim.fim import Prompt
from byte_fim.model import Float64Array
from byte_fim.reference import Law, ToyModel
from byte_fim.vocab import Tokens
from tests.byte_fim.drafted import FREE, Says, loop_of, run


def cycling(text: bytes) -> ToyModel:
    """Says `text` over and over, one byte at a time."""
    return ToyModel([], law=cycling_law(text))


def cycling_law(text: bytes) -> Law:
    def law(context: Tokens) -> Float64Array:
        probability = np.full(257, 1e-6)
        probability[text[(len(context) - 1) % len(text)]] = 1.0
        return np.log(probability / probability.sum())

    return law


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
