"""Finds an earlier suggestion whose beginning has since been typed. Knows no model, no threads and no protocol.

What was suggested at one cursor is still right at the next when exactly its first bytes were typed in between, and
right again when some of them were deleted: the text before the suggestion and after the cursor must be the same, byte
for byte. What was too unlikely to be shown is kept for a user who asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from byte_fim.utf8 import whole_characters
from lsp_server.documents.request import CompletionRequest
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import find_sure_part

REMEMBERED_PER_DOCUMENT = 8  # places between which people go back and forth


@dataclass(frozen=True, slots=True)
class _Offer:
    prefix: bytes
    suffix: bytes
    settings: Settings
    middle: bytes
    """empty: there is nothing worth offering"""
    confidence: float
    parts: Sequence[tuple[int, float]]
    is_prefetched: bool
    was_asked_for: bool

    def find_part(self, request: CompletionRequest, settings: Settings) -> tuple[bytes, float]:
        """What of it may be shown, with its confidence. What somebody asked for and saw stays, however unlikely."""
        if request.is_invoked or self.was_asked_for or self.confidence >= settings.min_confidence:
            return self.middle, self.confidence
        n_bytes, confidence = find_sure_part(self.parts, settings.min_confidence) or (0, self.confidence)
        return self.middle[:n_bytes], confidence


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left to type of an earlier suggestion."""

    middle: bytes
    confidence: float
    """of the suggestion, or the part of it, that it is left of"""
    is_prefetched: bool
    """nothing of it was typed yet, and nobody had asked for it when it was computed"""


class Offers:
    """The latest suggestions of each document. One thread at a time."""

    def __init__(self) -> None:
        self._by_uri: dict[str, list[_Offer]] = {}

    def keep(
        self,
        request: CompletionRequest,
        middle: bytes,
        *,
        settings: Settings,
        confidence: float = 1.0,
        parts: Sequence[tuple[int, float]] = (),
        is_prefetched: bool = False,
    ) -> None:
        """Remember what was suggested; a newer suggestion after the same text takes the place of the older.

        What was prefetched takes nobody's place. What an invoked request was answered with is found by every request.
        """
        known = self._find_same(request, settings=settings)
        if known is not None and is_prefetched:
            return
        others = [offer for offer in self._by_uri.get(request.uri, []) if offer is not known]
        was_asked_for = request.is_invoked and not is_prefetched
        new = _Offer(request.prefix, request.suffix, settings, middle, confidence, parts, is_prefetched, was_asked_for)
        self._by_uri[request.uri] = [*others, new][-REMEMBERED_PER_DOCUMENT:]

    def knows(self, request: CompletionRequest, *, settings: Settings) -> bool:
        """True when this very question was answered before, even with nothing."""
        return self._find_same(request, settings=settings) is not None

    def find(self, request: CompletionRequest, *, settings: Settings) -> Rest | None:
        """What is left to type of an earlier suggestion, the newest that fits and is likely enough, unless the user
        asks; None when none does.
        """
        if request.replaced:  # inside a character nothing was typed: editors insert whole ones
            return None
        for offer in reversed(self._by_uri.get(request.uri, [])):
            if offer.suffix != request.suffix or offer.settings != settings:
                continue
            part, confidence = offer.find_part(request, settings)
            typed = request.prefix.removeprefix(offer.prefix)
            if not request.prefix.startswith(offer.prefix) or not part.startswith(typed):
                continue
            left = part[len(typed) :]
            if left.strip() and whole_characters(left) == left:
                return Rest(left, confidence, offer.is_prefetched and not typed)
        return None

    def find_doubt(self, request: CompletionRequest, *, settings: Settings) -> float | None:
        """How sure the model was when it answered this very question, if too little to show it; None otherwise."""
        known = self._find_same(request, settings=settings)
        if known is None or not known.middle or request.replaced or known.find_part(request, settings)[0]:
            return None
        return known.confidence

    def forget(self, uri: str) -> None:
        """The document is closed."""
        self._by_uri.pop(uri, None)

    def _find_same(self, request: CompletionRequest, *, settings: Settings) -> _Offer | None:
        question = (request.prefix, request.suffix, settings)
        offers = self._by_uri.get(request.uri, [])
        return next((offer for offer in offers if (offer.prefix, offer.suffix, offer.settings) == question), None)
