"""How much each member of an ensemble counts: fixed weights, or weights that follow recent losses. Knows no model.

Definitions: docs/exactness.md, section 12.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byte_fim.distribution import N_OUTCOMES
from byte_fim.model import Float64Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptation:
    """Weights that follow how well each member said the bytes that came.

    w(t) is proportional to w(0) * exp(-rate * L(t)), with L(t) = decay * L(t - 1) + min(loss(t), cap).
    """

    rate: float = 0.7
    """per nat; 1 with no decay and no cap weighs members as Bayes' rule does"""
    decay: float = 0.8
    """in [0, 1], per byte: what came 1 / (1 - decay) bytes ago counts about a third. Short, because what matters is who
    follows the word that is being said, more than who was better on the whole file, which is what `w(0)` is for.
    """
    cap_nats: float = math.log(N_OUTCOMES)
    """A byte's loss counts at most this much. That is the loss of knowing nothing; without a cap one byte that a
    member holds for impossible, a slip of the finger, would silence it for the rest of the line.
    """
    n_prefix_bytes: int = 32
    """before the open tail, from which weights are learnt before the first byte is said; 0: none. None are learnt from
    where some member has read or is not shown the prefix: losses are compared on the same bytes only.
    """

    def past_loss(self, losses_nats: Float64Array) -> float:
        """L after these losses, oldest first; 0 after none."""
        ages = np.arange(len(losses_nats) - 1, -1, -1)
        return float(self.decay**ages @ np.minimum(losses_nats, self.cap_nats))

    def add_loss(self, past_loss: float, loss_nats: float) -> float:
        """L one byte on."""
        return self.decay * past_loss + min(loss_nats, self.cap_nats)

    def weigh(self, prior: Sequence[float], past_losses: Sequence[float]) -> Float64Array:
        """(n_members,) weights that sum to one."""
        exponent = -self.rate * np.array(past_losses)
        return normalise(np.array(prior) * np.exp(exponent - exponent.max(initial=-np.inf)))


def normalise(weights: Float64Array) -> Float64Array:
    """Weights that sum to one. None may be negative, not all may be zero."""
    if not len(weights):
        return weights
    shares = weights / weights.max()  # large numbers have no sum
    return shares / shares.sum()
