"""Generations on toy models, with or without drafts."""

from __future__ import annotations

from collections.abc import Sequence

from byte_fim.complete import CompleteOptions, complete
from byte_fim.drafting import Drafter
from byte_fim.fim import FimFormat
from byte_fim.generate import Alternative, Loop
from byte_fim.guesses import Guess
from byte_fim.reference import ToyModel

FREE = (1.0,) * 9  # drafting costs nothing, so everything that was guessed is drafted


class Says:
    """Always guesses the one token it is set to."""

    priors = (0.5,)

    def __init__(self, token: int) -> None:
        self.token = token

    def guess(self, text: str) -> Sequence[Guess]:
        return [Guess(self.token, 0)]

    def remember(self, last: int, token: int) -> None:
        """Never learns."""


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
