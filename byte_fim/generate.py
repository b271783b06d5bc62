"""The loop: from the places where the middle may begin, token by token until something stops it.

Knows no prompt and no layout. After the bytes that are there have been resolved, tokens follow the model as it is,
canonical or not (docs/exactness.md, section 8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Literal

import numpy as np

from byte_fim.choose import choose
from byte_fim.conditioning import Conditioning, Start, find_starts, sample_start
from byte_fim.drafting import DraftedStream, Drafter
from byte_fim.errors import DecodeAborted
from byte_fim.model import TokenModel
from byte_fim.state import ByteState
from byte_fim.utf8 import unfinished_character
from byte_fim.vocab import Tokens

StopReason = Literal["end", "trimmed", "budget", "deadline", "cancelled"]
ShouldStop = Callable[[], Literal["deadline", "cancelled"] | None]
"""Polled between decodes; a reason ends the generation with what there is."""
FindEnd = Callable[[bytes], int | None]
"""Given the middle so far, how many of its bytes to keep when it is finished, None while it is not."""

_TRIES_PER_ALTERNATIVE = 4


@dataclass(frozen=True, slots=True)
class Alternative:
    """One middle."""

    middle: bytes
    """only bytes that are not in the document yet; together with the prefix it ends with a whole character"""
    logp: float
    """natural log of the probability of its tokens after the cursor, end included when it stopped there"""
    stop_reason: StopReason
    n_generated_tokens: int
    n_drafted_tokens: int = 0
    """evaluated before they were chosen, on a guess"""
    n_accepted_tokens: int = 0
    """of these, the ones that were chosen and gone on from: each saved a decode call"""
    steps: tuple[tuple[int, float], ...] = ()
    """after each token: bytes said by then, before anything was cut, and natural log of the probability so far"""

    def logp_of(self, n_bytes: int) -> float:
        """Natural log of the probability of the fewest tokens that say the first `n_bytes`, at least 1.

        At most that of the bytes themselves: other tokens may say the same, and the last of these may say more.
        `logp` when fewer bytes were said.
        """
        return next((logp for n_said, logp in self.steps if n_said >= n_bytes), self.logp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """How one request generates."""

    model: TokenModel
    max_tokens: int
    temperature: float
    top_p: float
    should_stop: ShouldStop
    find_end: FindEnd
    unfinished: bytes
    """bytes before the cursor of the character in which it stands"""
    drafter: Drafter | None = None
    """None: every token has an evaluation of its own"""

    def run(self, state: ByteState, conditioning: Conditioning, *, n_alternatives: int, seed: int) -> list[Alternative]:
        """Alternatives whose texts differ, best start first; fewer than asked when the starts run out."""
        random = np.random.default_rng(seed)
        found: dict[bytes, Alternative] = {}
        for _, start in zip(
            range(n_alternatives * _TRIES_PER_ALTERNATIVE), self._starts(state, conditioning, random), strict=False
        ):
            alternative = self._extend(start, random)
            found.setdefault(alternative.middle, alternative)
            if len(found) == n_alternatives or alternative.stop_reason in ("deadline", "cancelled"):
                break
        return list(found.values()) or [Alternative(b"", -np.inf, "end", 0)]

    def _starts(self, state: ByteState, conditioning: Conditioning, random: np.random.Generator) -> Iterator[Start]:
        """Greedy, and healing always: by falling weight. Sampling: drawn covers, or (naive) the prompt as it is."""
        if self.temperature == 0.0 or conditioning == "healing":
            return find_starts(state, conditioning=conditioning)
        if conditioning == "naive":
            return repeat(Start(state.stem, b"", 0.0, is_end=False))
        return iter(lambda: sample_start(state, random), None)

    def _extend(self, start: Start, random: np.random.Generator) -> Alternative:
        vocab = self.model.vocab
        stream = DraftedStream(self.model.stream(start.tokens), start.tokens, self.drafter)
        middle, logp = start.middle, start.logp
        chosen: Tokens = ()
        n_tokens, n_generated = len(start.tokens), 1 if start.middle or start.is_end else 0
        steps = [(len(middle), logp)]
        reason: StopReason | None = "end" if start.is_end else None
        while reason is None:
            if (kept := self.find_end(middle)) is not None:
                middle, reason = middle[:kept], "trimmed"
            elif n_generated >= self.max_tokens or n_tokens >= self.model.n_context_tokens:
                reason = "budget"
            elif (asked := self.should_stop()) is not None:
                reason = asked
            else:
                n_further = min(self.max_tokens - n_generated, self.model.n_context_tokens - n_tokens) - 1
                try:
                    scores = stream.scores_after(chosen, n_further=n_further)
                except DecodeAborted:
                    reason = self.should_stop() or "cancelled"
                    continue
                token, token_logp = choose(scores, vocab, temperature=self.temperature, top_p=self.top_p, random=random)
                n_generated += 1
                logp += token_logp
                if vocab.is_special(token):
                    reason = "end"
                else:
                    chosen = (token,)
                    n_tokens += 1
                    middle += vocab.bytes_of(token)
                    steps.append((len(middle), logp))
        if reason in ("end", "trimmed"):
            stream.finish()
        return Alternative(
            self._whole_characters(middle),
            logp,
            reason,
            n_generated,
            n_drafted_tokens=stream.n_drafted_tokens,
            n_accepted_tokens=stream.n_accepted_tokens,
            steps=tuple(steps),
        )

    def _whole_characters(self, middle: bytes) -> bytes:
        # a loop, because a model may produce one unfinished character after another
        while middle and (cut := unfinished_character(self.unfinished + middle)):
            middle = middle[: max(0, len(middle) - len(cut))]
        return middle
