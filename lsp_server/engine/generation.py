"""Work of the model that goes on while the document changes. Knows no model, no threads and no protocol.

While the user types exactly what is being generated, and nothing after the cursor changes, the rest of it is as good as
the rest of a suggestion that is typed through. Which work is begun and who waits for it is decided in schedule.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from lsp_server.documents.request import CompletionRequest
from lsp_server.settings import Settings

Purpose = Literal["answer", "prefetch", "lay out anew"]
"""A request waits or waited for it; what follows a suggestion, in case it is accepted; nothing but a fresh prompt."""


class Generation:
    """One middle, as far as it has come, and what was typed of it meanwhile. One thread at a time."""

    def __init__(
        self,
        request: CompletionRequest,
        settings: Settings,
        *,
        purpose: Purpose = "answer",
        assumed: bytes = b"",
        queued_ms: float = 0.0,
    ) -> None:
        """`assumed`: bytes taken to be typed after the request, for a prefetch; the model goes on behind them."""
        self.purpose = purpose
        self.settings = settings
        self.queued_ms = queued_ms
        """how long the request had waited by then"""
        self.asked = replace(request, prefix=request.prefix + assumed) if assumed else request
        """the question to the model"""
        self.is_worn = False
        """the prompt is better laid out anew"""
        self.is_laid_out = False
        """the prompt was laid out anew"""
        self.followed = request
        """the document when it was last seen to agree"""
        self.is_stopped = False
        self._known = request.prefix
        self._expected = self._assumed = assumed  # after what is known, as far as it can be told

    @property
    def uri(self) -> str:
        """The document."""
        return self.asked.uri

    def follow(self, request: CompletionRequest, *, settings: Settings) -> bool:
        """Take note of the document as it is now; False when this work is of no use to it."""
        if self.is_stopped or not self._shares_surroundings(request, settings) or not self._agrees_with(request.prefix):
            return False
        self.followed = request
        return True

    def answers(self, request: CompletionRequest, *, settings: Settings) -> bool:
        """True when a request that was followed may wait for the end: it does not stand before the question."""
        if self.purpose == "lay out anew":
            return False
        has_reached = len(request.prefix) >= len(self.asked.prefix)
        return not self.is_stopped and has_reached and self._shares_surroundings(request, settings)

    def is_as_good_as(self, other: Generation) -> bool:
        """True when this answers the question that the other would."""
        same_text = self.asked.prefix == other.asked.prefix and self.asked.suffix == other.asked.suffix
        same_kind = self.purpose != "lay out anew"
        return (
            same_kind
            and not self.is_stopped
            and self.uri == other.uri
            and same_text
            and self.settings == other.settings
        )

    def grow(self, middle: bytes) -> None:
        """Take note of the middle so far; where it contradicts what was typed, the generation is stopped."""
        self._expected = self._assumed + middle
        if not self._agrees_with(self.followed.prefix):
            self.is_stopped = True

    def _shares_surroundings(self, request: CompletionRequest, settings: Settings) -> bool:
        if request is self.asked:
            return True
        # inside a character nothing can have been typed: editors insert whole ones
        is_inside_character = bool(request.replaced or self.asked.replaced)
        return not is_inside_character and request.suffix == self.asked.suffix and settings == self.settings

    def _agrees_with(self, prefix: bytes) -> bool:
        """True when what was typed and what is expected are the same as far as both go."""
        typed = prefix.removeprefix(self._known)
        n_bytes = min(len(typed), len(self._expected))
        return prefix.startswith(self._known) and typed[:n_bytes] == self._expected[:n_bytes]
