"""One byte law made of several: the mixture and the product. Knows no model and not where weights come from.

Definitions: docs/exactness.md, section 12.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from byte_fim.distribution import N_OUTCOMES, ByteDistribution, LawBounds, MissingMass, log_sum
from byte_fim.model import Float64Array
from byte_fim.state import NOTHING_KEPT

Kind = Literal["arithmetic", "geometric"]
"""The mixture: sum of w P. The product of experts: product of P to the power of w, scaled to the mixture's total."""


def blend(kind: Kind, laws: Sequence[ByteDistribution], weights: Float64Array) -> ByteDistribution:
    """The law of all together; `weights` are not negative and sum to one.

    Both kinds sum to the weighted mean of what the laws sum to. Every outcome is -inf where no law is given, or where
    the product leaves nothing.
    """
    live = [(law, weight) for law, weight in zip(laws, weights, strict=True) if weight > 0.0]
    if not live:
        return _nothing()
    logp = np.stack([law.logp for law, _ in live])
    share = np.array([weight for _, weight in live])
    masses = [law.missing_mass for law, _ in live]
    missing_mass = mean_missing_mass(masses, share)
    with np.errstate(divide="ignore"):
        mixture = np.log(share @ np.exp(logp))
    if kind == "arithmetic":
        return ByteDistribution(mixture, missing_mass)
    product = share @ logp
    log_kept = log_sum(product)
    if log_kept == -np.inf:
        return _nothing()
    pruned = np.array([mass.pruned for mass in masses])
    return ByteDistribution(
        product - log_kept + log_sum(mixture),
        # the scale may be off too, by as much as the mixture's total is
        replace(missing_mass, pruned=min(1.0, _lost_by_pruning(logp, share, pruned) + missing_mass.pruned / 2)),
    )


def blend_bounds(kind: Kind, bounds: Sequence[LawBounds], weights: Float64Array) -> LawBounds:
    """Between what the blended law lies. A product has the scale of its highest; any scale orders outcomes alike."""
    if not bounds:
        return LawBounds.of_nothing()
    low, high = np.stack([each.low for each in bounds]), np.stack([each.high for each in bounds])
    if kind == "arithmetic":
        return LawBounds(weights @ low, weights @ high)
    total = float(weights @ high.sum(axis=1))
    low, high = (np.prod(each ** weights[:, None], axis=0) for each in (low, high))
    scale = total / float(high.sum() or 1.0)
    return LawBounds(low * scale, high * scale)


def mean_missing_mass(masses: Sequence[MissingMass], weights: Float64Array) -> MissingMass:
    """The weighted mean of both figures; `weights` sum to one."""
    known = [mass.noncanonical for mass in masses if mass.noncanonical is not None]
    return MissingMass(
        noncanonical=float(weights @ np.array(known)) if len(known) == len(masses) else None,
        pruned=float(weights @ np.array([mass.pruned for mass in masses])),
    )


def _lost_by_pruning(logp: Float64Array, share: Float64Array, pruned: Float64Array) -> float:
    """At most this much total variation lies between the product as computed and the one of laws with nothing pruned,
    both scaled to sum to one.

    Of the pruned mass of a law each outcome may hold any part. So the product without pruning lies, outcome by outcome,
    between the one at hand and that of laws to which all of it was added; and two laws of which one is nowhere above
    the other, before they are scaled, differ at most by the share that the smaller one lacks.
    """
    if not pruned.any():
        return 0.0
    if (pruned >= 1.0).any():  # it may have been more, and is reported as at most one
        return 1.0
    with np.errstate(divide="ignore"):
        raised = share @ np.log(np.exp(logp) + pruned[:, None])
        totals = share @ np.log(np.exp(logp).sum(axis=1) + pruned)
    log_most = min(log_sum(raised), float(totals))  # the second by Hoelder's inequality: tight where laws agree
    return max(0.0, float(-np.expm1(log_sum(share @ logp) - log_most)))


def _nothing() -> ByteDistribution:
    return ByteDistribution(np.full(N_OUTCOMES, -np.inf), NOTHING_KEPT)
