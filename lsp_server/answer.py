"""What became of a request, and why; and which completion is worth offering. Knows no threads and no protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from lsp_server.request import CompletionRequest
from lsp_server.trimming import ALL, trim

if TYPE_CHECKING:  # numpy is imported by the worker, so that the editor need not wait for it
    from byte_fim.complete import Completion
    from byte_fim.generate import StopReason

WHY_IT_ENDED: Mapping[StopReason, str] = {
    "end": "the model ended",
    "trimmed": "end of line",
    "budget": "as long as setting max_tokens allows",
    "deadline": "out of time",
    "cancelled": "cancelled",
}

Outcome = Literal["shown", "empty", "superseded", "cancelled"]
ServedBy = Literal["model", "typing through", "prefetch"]

WHY_IT_WAS_THERE: Mapping[ServedBy, str] = {
    "typing through": "suggested before, and its beginning typed since",
    "prefetch": "computed ahead, behind the suggestion before",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a request, and why."""

    outcome: Outcome
    reason: str
    middle: bytes = b""
    """trimmed; empty unless the outcome is "shown\""""
    layout: str = ""
    tokens: Mapping[str, int] = field(default_factory=dict[str, int])
    timings_ms: Mapping[str, float] = field(default_factory=dict[str, float])
    missing_mass: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    memory: Mapping[str, int] = field(default_factory=dict[str, int])
    """what the model's KV cache holds"""
    served_by: ServedBy = "model"
    """typing through: the rest of an earlier suggestion; prefetch: the model was done, or busy with it, before"""

    def as_json(self) -> Mapping[str, object]:
        """The result of `bytefim/why`."""
        return {
            "outcome": self.outcome,
            "reason": self.reason,
            "rule": None,
            "layout": self.layout,
            "tokens": dict(self.tokens),
            "timings_ms": dict(self.timings_ms),
            "missing_mass": dict(self.missing_mass),
            "memory": dict(self.memory),
            "context_files": [],
            "served_by": self.served_by,
        }


def serve_again(left: bytes, *, served_by: ServedBy, timings_ms: Mapping[str, float]) -> Answer:
    """What is left of an earlier suggestion; the model was not asked for it."""
    counted = ("prompt", "reused", "decoded", "cover_rows", "generated", "decode_calls")
    return Answer(
        outcome="shown",
        reason=WHY_IT_WAS_THERE[served_by],
        middle=left,
        tokens=dict.fromkeys(counted, 0),
        timings_ms=timings_ms,
        served_by=served_by,
    )


def judge(
    request: CompletionRequest, completion: Completion, *, timings_ms: Mapping[str, float], memory: Mapping[str, int]
) -> Answer:
    """What of the completion is offered, if anything."""
    best = completion.alternatives[0]
    trimmed = trim(best.middle, prefix=request.prefix, suffix=request.suffix)
    is_there_already = bool(request.replaced) and request.partial_character + trimmed.middle == request.replaced
    middle = b"" if is_there_already else trimmed.middle
    reason = WHY_IT_ENDED[best.stop_reason] if trimmed.reason == ALL else trimmed.reason
    counts = completion.counts
    return Answer(
        outcome="shown" if middle else "empty",
        reason="the character stands there already" if is_there_already else reason,
        middle=middle,
        layout=completion.layout,
        tokens={
            "prompt": len(completion.stem_tokens),
            "reused": counts.reused_tokens,
            "decoded": counts.decoded_tokens,
            "cover_rows": completion.n_contexts,
            "generated": best.n_generated_tokens,
            "drafted": completion.n_drafted_tokens,
            "accepted": completion.n_accepted_tokens,
            "decode_calls": counts.decode_calls,
        },
        timings_ms=timings_ms,
        missing_mass={"noncanonical": completion.missing_mass.noncanonical, "pruned": completion.missing_mass.pruned},
        memory=memory,
    )
