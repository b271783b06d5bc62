"""What became of a request, and why; and which completion is worth offering. Knows no threads and no protocol."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from lsp_server.documents.request import CompletionRequest
from lsp_server.settings import Settings
from lsp_server.suggestion.trimming import ALL, Cut

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

_COUNTED: tuple[str, ...] = ("prompt", "reused", "decoded", "cover_rows", "generated", "decode_calls", "context")

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
    confidence: float = 0.0
    """probability in [0, 1], in the eyes of the model, that the text goes on with exactly what it wrote as far as
    `middle` reaches; 0 when nothing is left. What trimming cut behind does not count, what it cut before or between
    does. Of the rest of an earlier suggestion: that of the whole suggestion, which is less.
    """
    parts: tuple[tuple[int, float], ...] = ()
    """beginnings of `middle` that may stand alone, as bytes and confidence; what is read first is the surest"""
    rule: int | None = None
    """of docs/rules.md, when one cut or silenced the suggestion"""
    layout: str = ""
    tokens: Mapping[str, int] = field(default_factory=dict[str, int])
    timings_ms: Mapping[str, float] = field(default_factory=dict[str, float])
    missing_mass: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    memory: Mapping[str, int] = field(default_factory=dict[str, int])
    """what the model's KV cache holds"""
    served_by: ServedBy = "model"
    """typing through: the rest of an earlier suggestion; prefetch: the model was done, or busy with it, before"""
    context_files: tuple[str, ...] = ()
    """paths of the other files that the model was shown, in their order in the prompt"""
    context_reason: str = ""
    """why these, or why none"""
    members: tuple[tuple[str, float], ...] = ()
    """of several models as one: who took part, and its share of the weight at the cursor"""
    dropped: tuple[tuple[str, str], ...] = ()
    """who of them did not, or not to the end, and why"""

    def as_json(self) -> Mapping[str, object]:
        """The result of `bytefim/why`."""
        return {
            "outcome": self.outcome,
            "reason": self.reason,
            "confidence": self.confidence,
            "rule": self.rule,
            "layout": self.layout,
            "tokens": dict(self.tokens),
            "timings_ms": dict(self.timings_ms),
            "missing_mass": dict(self.missing_mass),
            "memory": dict(self.memory),
            "context_files": list(self.context_files),
            "context_reason": self.context_reason,
            "served_by": self.served_by,
            "members": [{"name": name, "weight": weight} for name, weight in self.members],
            "dropped": [{"name": name, "reason": reason} for name, reason in self.dropped],
        }


def serve_again(left: bytes, *, served_by: ServedBy, timings_ms: Mapping[str, float], confidence: float) -> Answer:
    """What is left of an earlier suggestion; the model was not asked for it."""
    return Answer(
        outcome="shown",
        reason=WHY_IT_WAS_THERE[served_by],
        middle=left,
        confidence=confidence,
        tokens=dict.fromkeys(_COUNTED, 0),
        timings_ms=timings_ms,
        served_by=served_by,
    )


def doubt_again(confidence: float, settings: Settings, *, timings_ms: Mapping[str, float]) -> Answer:
    """What was said before to this very question is not sure enough; the model was not asked again."""
    return Answer(
        outcome="empty",
        reason=_say_unsure(confidence, settings),
        confidence=confidence,
        rule=39,
        tokens=dict.fromkeys(_COUNTED, 0),
        timings_ms=timings_ms,
    )


def unless_unsure(answer: Answer, request: CompletionRequest, settings: Settings) -> Answer:
    """The answer; of what is less likely than setting min_confidence allows, and was not asked for, what is sure."""
    if answer.outcome != "shown" or request.is_invoked or answer.confidence >= settings.min_confidence:
        return answer
    if part := find_sure_part(answer.parts, settings.min_confidence):
        n_bytes, confidence = part
        reason = f"what comes behind is {_say_unsure(answer.confidence, settings)}"
        return replace(answer, middle=answer.middle[:n_bytes], confidence=confidence, parts=(), reason=reason, rule=39)
    reason = _say_unsure(answer.confidence, settings)
    return replace(answer, outcome="empty", reason=reason, middle=b"", rule=39)


def find_sure_part(parts: Sequence[tuple[int, float]], min_confidence: float) -> tuple[int, float] | None:
    """The longest of the parts that is as likely as that, with its confidence."""
    return next((part for part in reversed(parts) if part[1] >= min_confidence), None)


def _say_unsure(confidence: float, settings: Settings) -> str:
    return f"not sure enough ({confidence:.2g} < {settings.min_confidence:g}, setting min_confidence)"


def judge(
    request: CompletionRequest,
    completion: Completion,
    cut: Cut,
    *,
    timings_ms: Mapping[str, float],
    memory: Mapping[str, int],
) -> Answer:
    """What of the completion is offered, if anything; `cut` has seen it grow."""
    best = completion.alternatives[0]
    trimmed = cut.trim(best.middle, is_whole=best.stop_reason in ("end", "trimmed"))
    is_there_already = bool(request.replaced) and request.partial_character + trimmed.middle == request.replaced
    middle = b"" if is_there_already else trimmed.middle
    reason = WHY_IT_ENDED[best.stop_reason] if trimmed.reason == ALL else trimmed.reason
    counts = completion.counts
    return Answer(
        outcome="shown" if middle else "empty",
        reason="the character stands there already" if is_there_already else reason,
        middle=middle,
        confidence=min(1.0, math.exp(best.logp_of(trimmed.n_read_bytes))) if middle else 0.0,
        parts=tuple((n, min(1.0, math.exp(best.logp_of(n_read)))) for n, n_read in trimmed.parts) if middle else (),
        rule=6 if is_there_already else trimmed.rule,
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
