"""Times single calls of a model, on tokens that mean nothing, within a limit of time. Knows no threads and no
choices.

A call is only made when it should end in time, judged by what shorter calls took: n times the tokens take at most n
times as long. That a call evaluated what it was meant to is read off the model's counts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterable, Mapping
from statistics import median
from typing import TypeVar

from byte_fim.model import DecodeCounts, TokenModel, TokenStream
from byte_fim.vocab import Tokens

Clock = Callable[[], float]
"""Seconds from some fixed moment on."""

LIMIT_S = 2.5  # no call is begun that might end later; only the first one is made without knowing
STAGE_S = 0.25  # of one comparison: no further turn is begun later
MAX_TURNS = 9
_ATTEMPTS = 3  # a token that was drawn before saves the model work, which is rare

_Candidate = TypeVar("_Candidate", bound=Hashable)


class OutOfTime(Exception):
    """The call might take longer than there is time."""


class Miscounted(Exception):
    """Calls do not evaluate what they should, so their time means nothing."""


class Stopwatch:
    """Measures one model, on the thread that owns it."""

    slowdown: float = 1.0
    """How many times as long as the calls before the next ones may take; set by whoever changes how the model runs."""

    def __init__(self, model: TokenModel, clock: Clock) -> None:
        self._model = model
        self._clock = clock
        self._began_s = clock()
        self._shortest_s: dict[int, float] = {}
        self._random = random.Random(0)  # what a call takes does not depend on the tokens, only on their being new
        self._ids: list[int] = []

    def elapsed_s(self) -> float:
        """Seconds since the stopwatch was made."""
        return self._clock() - self._began_s

    def bound_s(self, n_tokens: int) -> float:
        """The most seconds that a call of `n_tokens` should take; 0 when nothing has been measured."""
        known_s = (taken_s * max(1.0, n_tokens / n) for n, taken_s in self._shortest_s.items())
        return self.slowdown * min(known_s, default=0.0)

    def compare(
        self, measures: Mapping[_Candidate, Callable[[], Iterable[float]]], *, n_turns: int = MAX_TURNS
    ) -> dict[_Candidate, float]:
        """Median seconds of each candidate. They take turns, so that what else the machine does hits all
        alike. When time runs out there are fewer turns than `n_turns`, and the last candidates may be missing. Raises
        Miscounted.
        """
        began_s = self.elapsed_s()
        samples_s: dict[_Candidate, list[float]] = {}
        try:
            for turn in range(n_turns):
                if turn and self.elapsed_s() - began_s > STAGE_S:
                    break
                for candidate, measure in measures.items():
                    for sample_s in measure():
                        samples_s.setdefault(candidate, []).append(sample_s)
        except OutOfTime:
            pass
        return {candidate: median(samples) for candidate, samples in samples_s.items()}

    def start_stream(self) -> TokenStream:
        """A text of one token to be continued, this token evaluated. Raises OutOfTime."""
        stream = self._model.stream(self._draw(1))
        self._time(1, lambda: stream.step(()))
        return stream

    def time_step(self, stream: TokenStream, *, n_drafted_tokens: int = 0) -> float:
        """Seconds for one more token and a draft behind it. Raises OutOfTime and Miscounted."""

        def step() -> None:
            stream.step(self._draw(1), [self._draw(n_drafted_tokens)] if n_drafted_tokens else ())

        return self._time(1 + n_drafted_tokens, step)

    def time_prompt(self, n_tokens: int) -> float:
        """Seconds for `n_tokens` of a prompt in one call. Raises OutOfTime and Miscounted."""
        return self._time(n_tokens, lambda: self._model.next_token_logprobs([self._draw(n_tokens)]))

    def _time(self, n_tokens: int, call: Callable[[], object]) -> float:
        done = DecodeCounts()
        for _ in range(_ATTEMPTS):
            if self.elapsed_s() + self.bound_s(n_tokens) > LIMIT_S:
                raise OutOfTime
            before, began_s = self._model.counts, self._clock()
            call()
            taken_s = self._clock() - began_s
            done = self._model.counts.since(before)
            if (done.decode_calls, done.decoded_tokens) == (1, n_tokens):
                self._shortest_s[n_tokens] = min(taken_s, self._shortest_s.get(n_tokens, taken_s))
                return taken_s
        raise Miscounted(
            f"{done.decoded_tokens} tokens in {done.decode_calls} calls were evaluated instead of {n_tokens} in one"
        )

    def _draw(self, n_tokens: int) -> Tokens:
        """Text tokens; none comes again before all have been drawn."""
        while len(self._ids) < n_tokens:
            ids = [int(token) for token in self._model.vocab.sorted_ids]
            self._random.shuffle(ids)
            self._ids = ids + self._ids
        drawn = tuple(self._ids[-n_tokens:])
        del self._ids[-n_tokens:]
        return drawn
