"""Finds an earlier suggestion whose beginning has since been typed. Knows no model, no threads and no protocol.

What was suggested at one cursor is still right at the next when exactly its first bytes were typed in between, and
right again when some of them were deleted: the text before the suggestion and after the cursor must be the same, byte
for byte.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from byte_fim.utf8 import whole_characters
from lsp_server.request import CompletionRequest
from lsp_server.settings import Settings

REMEMBERED_PER_DOCUMENT = 8  # places between which people go back and forth


@dataclass(frozen=True, slots=True)
class _Offer:
    prefix: bytes
    suffix: bytes
    settings: Settings
    middle: bytes


class Offers:
    """The latest suggestions of each document. One thread at a time."""

    def __init__(self) -> None:
        self._by_uri: dict[str, OrderedDict[bytes, _Offer]] = {}

    def keep(self, request: CompletionRequest, middle: bytes, *, settings: Settings) -> None:
        """Remember what was suggested; a newer suggestion after the same text takes the place of the older."""
        offers = self._by_uri.setdefault(request.uri, OrderedDict())
        offers[request.prefix] = _Offer(request.prefix, request.suffix, settings, middle)
        offers.move_to_end(request.prefix)
        while len(offers) > REMEMBERED_PER_DOCUMENT:
            offers.popitem(last=False)

    def find(self, request: CompletionRequest, *, settings: Settings) -> bytes | None:
        """What is left to type of an earlier suggestion, the newest that fits; None when none does."""
        if request.replaced:  # inside a character nothing was typed: editors insert whole ones
            return None
        for offer in reversed(self._by_uri.get(request.uri, OrderedDict()).values()):
            if offer.suffix != request.suffix or offer.settings != settings:
                continue
            typed = request.prefix.removeprefix(offer.prefix)
            if not request.prefix.startswith(offer.prefix) or not offer.middle.startswith(typed):
                continue
            left = offer.middle[len(typed) :]
            if left.strip() and whole_characters(left) == left:
                return left
        return None

    def forget(self, uri: str) -> None:
        """The document is closed."""
        self._by_uri.pop(uri, None)
