"""Lossless drafting: tokens that are likely to come are evaluated along with the one that is due, while that pays.

Knows neither how a token is chosen nor what ends a text. Where guesses come from: `guesses`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from byte_fim.guesses import Guesser, PromptLookup, TokenRecycling, spell
from byte_fim.model import Scores, TokenStream
from byte_fim.vocab import TokenId, Tokens, Vocab

ASSUMED_STEP_COSTS = tuple(1.0 + 0.5 * n for n in range(9))
"""Dear on purpose: two processor cores with a model of 10 M parameters, which keep weights in their caches and so gain
least from evaluating several tokens at once, take 1.0, 1.6, 2.0, 2.3, 2.7, ... What pays at these costs pays elsewhere.
"""
_LEAST_PACE = 1.05  # tokens per step's time for which it is worth it; costs and chances are not known better than that
_LEARNING_RATE = 1 / 32  # of the share of right guesses: what is older than a few lines counts little


class Kind(NamedTuple):
    """What guesses have in common that are judged together."""

    guesser: int
    grade: int
    is_seconded: bool
    """Another guesser says the same."""
    ends_line: bool
    """After that some callers want no more, so that even a right guess may be in vain."""


class Candidate(NamedTuple):
    """A guess as the drafter keeps it."""

    token: TokenId
    kind: Kind


class Drafter:
    """Decides what to draft from what guesses of each kind have been worth. Belongs to one model, outlives requests.

    Guesses are judged whether or not they were drafted, by the token that was chosen. So the chances stay known while
    nothing is drafted, and no draft is ever made just to try. A guess and its kind depend on the text and on what was
    remembered: a guess deep in a draft, once all before it came true, is the guess that would be made there afresh.
    Hence depth needs no statistics of its own.
    """

    def __init__(
        self, vocab: Vocab, step_costs: Sequence[float] | None = None, *, guessers: Sequence[Guesser] | None = None
    ) -> None:
        """`step_costs[n]`: time of a decode call of n + 1 tokens in units of one of a single token, so the first is 1;
        its length limits a draft. None: `ASSUMED_STEP_COSTS`. `guessers` in falling order of trust; None: lookup in the
        text, then recycling.
        """
        self._vocab = vocab
        self._costs = tuple(step_costs or ASSUMED_STEP_COSTS)
        self._guessers = (PromptLookup(), TokenRecycling()) if guessers is None else tuple(guessers)
        self._chances: dict[Kind, float] = {}

    def guess(self, text: str) -> list[Candidate]:
        """The guesses of the first guesser that has any, special ids left out."""
        said = [guesser.guess(text) for guesser in self._guessers]
        for i, guesses in enumerate(said):
            if guesses:
                seconded = {others[0].token for others in said[i + 1 :] if others}
                return [
                    Candidate(token, Kind(i, grade, token in seconded, b"\n" in self._vocab.bytes_of(token)))
                    for token, grade in guesses
                    if not self._vocab.is_special(token)
                ]
        return []

    def draft(self, text: str, guesses: Sequence[Candidate], *, n_deepest: int) -> list[Tokens]:
        """Token sequences to evaluate behind the text, none the beginning of another, none longer than `n_deepest`.
        They begin with `guesses`, those of the text.

        The likeliest are added one after the other; as many are kept as give the most expected tokens per time.
        """
        waiting: list[tuple[float, Tokens]] = [(-1.0, ())]  # a heap by falling chance, that of the text itself first
        grown: list[Tokens] = []
        expected, best_pace, n_best = 1.0, _LEAST_PACE, 0
        while waiting:
            negative, path = heappop(waiting)
            if path:
                if not self._may_pay(expected, -negative, n_drafted=len(grown), pace=best_pace):
                    break
                grown.append(path)
                expected -= negative
                if (pace := expected / self._costs[len(grown)]) > best_pace:
                    best_pace, n_best = pace, len(grown)
            if len(path) < n_deepest:
                for token, kind in self.guess(text + spell(path)) if path else guesses:
                    heappush(waiting, (negative * self._chance(kind), (*path, token)))
        kept = grown[:n_best]
        inner = {path[:-1] for path in kept}
        return [path for path in kept if path not in inner]

    def learn(self, guesses: Sequence[Candidate], text: str, token: TokenId | None) -> None:
        """`guesses` were made of the text, and `token` came; None: nothing was wanted any more."""
        for guessed, kind in guesses:
            chance = self._chance(kind)
            self._chances[kind] = chance + ((guessed == token) - chance) * _LEARNING_RATE
        if token is not None:
            for guesser in self._guessers:
                guesser.remember(ord(text[-1]), token)

    def _chance(self, kind: Kind) -> float:
        if (learned := self._chances.get(kind)) is not None:
            return learned
        prior = self._guessers[kind.guesser].priors[kind.grade]
        return prior / 2 if kind.ends_line else prior

    def _may_pay(self, expected: float, chance: float, *, n_drafted: int, pace: float) -> bool:
        """True when some number of further tokens, none likelier than this one, would raise the pace."""
        further = self._costs[n_drafted + 1 :]
        return any(expected + n * chance > pace * cost for n, cost in enumerate(further, 1))


class DraftedStream:
    """The scores after each chosen token, from one evaluation for several tokens where drafts came true.

    What is chosen is the same with and without drafts: every choice sees the scores of exactly the tokens chosen
    before it, and whether these were evaluated ahead or on demand changes neither the scores (`TokenStream.step`) nor
    how often random numbers are drawn. By induction over the tokens, equal choices so far lead to an equal next choice,
    so a greedy text is the same token for token and a sampled one is the same for the same seed, whatever is drafted.
    (Real weights: but for choices closer than the tolerance of docs/exactness.md, section 10.)
    """

    def __init__(self, stream: TokenStream, context: Tokens, drafter: Drafter | None) -> None:
        """`stream` stands at `context`. Without a drafter nothing is drafted."""
        self._stream = stream
        self._drafter = drafter
        self._text = spell(context) if drafter else ""
        self._guesses: list[Candidate] = []
        self._scored: Mapping[Tokens, Scores] = {}
        self._path: Tokens = ()
        self.n_drafted_tokens = 0
        """tokens evaluated ahead"""
        self.n_accepted_tokens = 0
        """of these, the ones whose scores were asked for"""

    def scores_after(self, chosen: Tokens, *, n_further: int) -> Scores:
        """`chosen`: what was chosen since the last call. `n_further`: how many tokens may be appended after these whose
        scores can still be asked for. Valid until the next call. Raises as `TokenStream.step`.
        """
        if self._drafter is None:
            return self._stream.step(chosen)[()]
        for token in chosen:
            self._drafter.learn(self._guesses, self._text, token)
            self._guesses = []
            self._text += chr(token)
        self._guesses = self._drafter.guess(self._text)
        self._path += chosen
        if self._path in self._scored:
            self.n_accepted_tokens += 1
        else:
            drafts = self._drafter.draft(self._text, self._guesses, n_deepest=n_further)
            self._scored, self._path = self._stream.step(self._path, drafts), ()
            self.n_drafted_tokens += len(self._scored) - 1
        return self._scored[self._path]

    def finish(self) -> None:
        """Of its own accord the text goes no further; what was guessed beyond was in vain."""
        if self._drafter:
            self._drafter.learn(self._guesses, self._text, None)
