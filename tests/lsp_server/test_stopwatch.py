"""Timing calls of a model: in turns, on work that is really done, and never beyond the limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lsp_server.model.stopwatch import LIMIT_S, MAX_TURNS, OutOfTime, Stopwatch
from tests.lsp_server.paced_model import PacedModel


def test_every_call_evaluates_what_it_is_measured_for() -> None:
    """A runtime remembers what it evaluated, so tokens that came before would be measured as free."""
    model = PacedModel(lambda n_tokens, n_threads: 1e-6 * n_tokens)
    watch = Stopwatch(model, model.clock)
    stream = watch.start_stream()

    assert [watch.time_step(stream, n_drafted_tokens=k) for k in (0, 3, 0)] == pytest.approx([1e-6, 4e-6, 1e-6])
    assert [watch.time_prompt(400) for _ in range(20)] == pytest.approx([400e-6] * 20)


def test_candidates_take_turns_and_the_median_counts() -> None:
    """What else the machine does comes and goes; it must neither hit one candidate only nor decide by a single call."""
    order: list[str] = []
    samples_s = {"a": iter([1.0, 9.0, 2.0]), "b": iter([5.0, 3.0, 4.0])}

    def measure(candidate: str) -> Callable[[], Iterator[float]]:
        def samples() -> Iterator[float]:
            order.append(candidate)
            yield next(samples_s[candidate])

        return samples

    model = PacedModel(lambda n_tokens, n_threads: 0.0)
    found = Stopwatch(model, model.clock).compare({name: measure(name) for name in "ab"}, n_turns=3)

    assert order == ["a", "b"] * 3
    assert found == {"a": 2.0, "b": 4.0}


def test_no_further_turn_is_begun_when_a_comparison_has_had_its_time() -> None:
    """There are others to be made."""
    model = PacedModel(lambda n_tokens, n_threads: 0.1)
    watch = Stopwatch(model, model.clock)
    watch.compare({"only": lambda: [watch.time_prompt(1)]})

    assert model.counts.decode_calls == 3 < MAX_TURNS


def test_a_call_that_might_end_too_late_is_not_made() -> None:
    """A slow model must not be shown a long prompt, nor one thread be given what eight take long for."""
    model = PacedModel(lambda n_tokens, n_threads: 0.5 * n_tokens)
    watch = Stopwatch(model, model.clock)
    watch.start_stream()

    assert watch.bound_s(4) == 2.0
    assert watch.compare({1: lambda: [watch.time_prompt(1)], 16: lambda: [watch.time_prompt(16)]}) == {1: 0.5}
    watch.slowdown = 4.0
    with pytest.raises(OutOfTime):
        watch.time_prompt(1)
    assert model.now_s == 1.0 < LIMIT_S
