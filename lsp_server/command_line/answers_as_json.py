"""What `bytefim complete` and `next-byte` print as JSON. Knows neither arguments nor models.

The names are fixed: scripts rely on them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from byte_fim.complete import Completion
from byte_fim.distribution import MissingMass
from byte_fim.ensemble import EnsembleCompletion
from byte_fim.generate import Alternative
from byte_fim.model import Float64Array
from byte_fim.next_byte import NextByteLaw
from lsp_server.command_line.ask_several import JointLaw
from lsp_server.command_line.cursor import Cursor

Json = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A completion as it is offered, with what is needed to speak of it."""

    completion: Completion
    alternatives: tuple[Alternative, ...]
    """trimmed, best first, never empty"""
    cursor: Cursor
    model_name: str
    timings_ms: dict[str, float]

    @property
    def best(self) -> Alternative:
        """What an editor would show."""
        return self.alternatives[0]

    @property
    def token_counts(self) -> dict[str, int]:
        """The contract's names for the work that was done."""
        counts = self.completion.counts
        return {
            "prompt": len(self.completion.stem_tokens),
            "reused": counts.reused_tokens,
            "decoded": counts.decoded_tokens,
            "cover_rows": self.completion.n_contexts,
            "generated": self.best.n_generated_tokens,
            "decode_calls": counts.decode_calls,
        }


def offer_as_json(offer: Offer) -> Json:
    """The object that `complete --json` prints."""
    best, cursor = offer.best, offer.cursor
    before, after = (len(cursor.open_character), cursor.n_replaced_bytes) if best.middle else (0, 0)
    return {
        "insert_text": _insert_text(best.middle, cursor),
        "insert_bytes_hex": cursor.as_in_file(best.middle).hex(),
        "stop_reason": best.stop_reason,
        "logp": _finite_or_none(best.logp),
        "alternatives": [
            {"insert_text": _insert_text(a.middle, cursor), "logp": _finite_or_none(a.logp)} for a in offer.alternatives
        ],
        "missing_mass": _missing_mass(offer.completion.missing_mass),
        "tokens": offer.token_counts,
        "timings_ms": offer.timings_ms,
        "model": offer.model_name,
        "layout": offer.completion.layout,
        "conditioning": offer.completion.conditioning,
        "replaced_bytes": {"before": before, "after": after},
        **_members_as_json(offer.completion),
    }


def law_as_json(law: NextByteLaw, *, model_name: str, layout: str, conditioning: str) -> Json:
    """The object that `next-byte --json` prints."""
    return {
        "logp": [_finite_or_none(x) for x in _floats(law.distribution.logp)],
        "missing_mass": _missing_mass(law.distribution.missing_mass),
        "cover_missing_mass": _missing_mass(law.cover_missing_mass),
        "covers": [{"token_ids": list(c.tokens), "bytes_hex": c.text.hex(), "logp": c.logp} for c in law.covers],
        "contexts": law.n_contexts,
        "decode_calls": law.counts.decode_calls,
        "model": model_name,
        "layout": layout,
        "conditioning": conditioning,
        **_members_as_json(law),
    }


def _members_as_json(found: Completion | NextByteLaw) -> Json:
    """Who has said it, and who dropped out; empty for a single model."""
    if not isinstance(found, EnsembleCompletion | JointLaw):
        return {"members": [], "dropped": []}
    return {
        "members": [{"name": share.name, "weight": share.weight} for share in found.shares],
        "dropped": [{"name": drop.name, "reason": drop.reason} for drop in found.dropped],
    }


def _insert_text(middle: bytes, cursor: Cursor) -> str:
    """With the whole character in which the cursor stands; nothing stays nothing."""
    return cursor.as_in_file(cursor.open_character + middle).decode("utf-8", "replace") if middle else ""


def _missing_mass(missing: MissingMass) -> Json:
    return {"noncanonical": missing.noncanonical, "pruned": missing.pruned}


def _floats(array: Float64Array) -> list[float]:
    return [float(x) for x in array]


def _finite_or_none(logp: float) -> float | None:
    """JSON has no infinity."""
    return logp if math.isfinite(logp) else None
