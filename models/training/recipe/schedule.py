"""How fast to learn: a short warm-up, a constant rate for as long as one likes, a decay to zero.

Knows neither clocks nor optimisers. Behind the warm-up the rate depends on tokens alone, so a run may be stopped
anywhere and go on the same. The constant part need not know when it ends: a run can be extended, and decayed from any
of its checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass

WARM_UP_STEPS = 60
"""By then Muon's momentum and AdamW's second moments mean something."""


@dataclass(frozen=True, slots=True)
class Decay:
    """The end of a run: the rate falls linearly to zero."""

    from_tokens: int
    n_tokens: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rate of a run."""

    cold_at_step: int | None
    """Where the optimisers began with nothing; None where they went on from a checkpoint of theirs."""
    decay: Decay | None

    def factor(self, *, n_steps: int, n_tokens: int) -> float:
        """The rate of the next step as a share of the full rate, in [0, 1], when so much has been done in all."""
        factor = 1.0
        if self.cold_at_step is not None:
            factor = min(1.0, (n_steps + 1 - self.cold_at_step) / WARM_UP_STEPS)
        if self.decay:
            factor *= max(0.0, 1 - (n_tokens - self.decay.from_tokens) / self.decay.n_tokens)
        return factor

    def is_over(self, n_tokens: int) -> bool:
        """Has a decay reached its end? Never without one."""
        return self.decay is not None and n_tokens >= self.decay.from_tokens + self.decay.n_tokens
