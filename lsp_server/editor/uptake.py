"""What becomes of the suggestions that are shown, learnt from the edits that follow and from what editors tell.

Most editors tell little: that all of a suggestion was taken, at best. So the document is looked at: when it has grown,
where the suggestion began, by what was suggested, then it was taken, or typed. Knows no protocol and no files.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from lsp_server.documents.request import CompletionRequest, with_line_feeds

Fate = Literal["accepted", "accepted_in_part", "typed_through", "unknown"]
"""Unknown: dismissed, typed over, or forgotten; nobody tells which."""

REMEMBERED = 64  # suggestions whose end is known; editors tell of the acceptance right after the edit

ReadBytes = Callable[[int, int], bytes]
"""(start, end) -> what the document holds there now"""


@dataclass(slots=True)
class _Shown:
    id: str
    uri: str
    start_bytes: int
    """where in the document the offered text begins"""
    n_document_bytes: int
    """length of the document without any of it"""
    text: bytes
    """what is offered, beyond what stands before the cursor; with `\\n` line breaks"""
    n_of_menu: int
    """so much of it is the text of an entry of the editor's menu"""
    is_invoked: bool
    """the user has asked for it"""
    is_drawn: bool = False
    """the editor has told so"""
    n_taken: int = 0
    """bytes of it that stand in the document"""
    is_taken_in_part: bool = False


class Uptake:
    """At most one suggestion of each document is on display. Belongs to one thread."""

    def __init__(self, count: Callable[[Fate, int], None]) -> None:
        """`count` is told every fate with 1, and with -1 when it has turned out to be another."""
        self._count = count
        self._ids = itertools.count(1)
        self._shown: dict[str, _Shown] = {}
        self._ended: OrderedDict[str, Fate] = OrderedDict()

    def show(self, request: CompletionRequest, middle: bytes, *, n_document_bytes: int) -> tuple[str, bool]:
        """The id of what is now offered, and whether it is new, rather than the rest of what was offered before."""
        offered = with_line_feeds(request.selected + middle)
        known = self._shown.get(request.uri)
        if known is not None and _is_rest(known, request.cursor_offset_bytes, n_document_bytes, offered):
            known.text = known.text[: known.n_taken] + offered
            return known.id, False
        self.end(request.uri)
        place = request.uri, request.cursor_offset_bytes, n_document_bytes
        told = offered, len(request.selected), request.is_invoked
        new = self._shown[request.uri] = _Shown(f"s{next(self._ids)}", *place, *told)
        return new.id, True

    def goes_on(self, request: CompletionRequest, *, n_document_bytes: int) -> bool:
        """True when the request comes from what the user has asked for and sees, wherever in it."""
        known = self._shown.get(request.uri)
        return known is not None and known.is_invoked and _is_at(known, request.cursor_offset_bytes, n_document_bytes)

    def edit(self, uri: str, *, n_document_bytes: int, read: ReadBytes) -> None:
        """The document has changed."""
        if (shown := self._shown.get(uri)) is None:
            return
        n_grown = n_document_bytes - shown.n_document_bytes
        taken = with_line_feeds(read(shown.start_bytes, shown.start_bytes + n_grown)) if n_grown > 0 else b""
        if n_grown < 0 or not shown.text.startswith(taken):
            self.end(uri)
            return
        new, shown.n_taken = taken[max(shown.n_taken, shown.n_of_menu) :], len(taken)
        is_all = shown.n_taken == len(shown.text)
        # nobody types several characters at once; but with a line break comes the indentation
        if len(new.strip().decode(errors="ignore")) > 1:
            shown.is_taken_in_part = True
            if is_all:
                self._end(shown, "accepted")
        elif is_all:
            self._end(shown, "accepted_in_part" if shown.is_taken_in_part else "typed_through")

    def accept(self, suggestion_id: str) -> None:
        """The editor tells that all of it was taken."""
        if (shown := self._find(suggestion_id)) is not None:
            self._end(shown, "accepted")
            return
        before = self._ended.get(suggestion_id)
        if before is not None and before != "accepted":
            self._count(before, -1)
            self._count("accepted", 1)
            self._ended[suggestion_id] = "accepted"

    def accept_in_part(self, suggestion_id: str) -> None:
        """The editor tells that its beginning was taken."""
        if (shown := self._find(suggestion_id)) is not None:
            shown.is_taken_in_part = True

    def draw(self, suggestion_id: str) -> bool:
        """The editor tells that the user sees it; True when that is news."""
        shown = self._find(suggestion_id)
        is_news = shown is not None and not shown.is_drawn
        if shown is not None:
            shown.is_drawn = True
        return is_news

    def end(self, uri: str) -> None:
        """The document is closed, or something else is to be shown."""
        if (shown := self._shown.get(uri)) is not None:
            self._end(shown, "accepted_in_part" if shown.is_taken_in_part else "unknown")

    def end_all(self) -> None:
        """The editor goes."""
        for uri in list(self._shown):
            self.end(uri)

    def _find(self, suggestion_id: str) -> _Shown | None:
        return next((shown for shown in self._shown.values() if shown.id == suggestion_id), None)

    def _end(self, shown: _Shown, fate: Fate) -> None:
        del self._shown[shown.uri]
        self._count(fate, 1)
        self._ended[shown.id] = fate
        while len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)


def _is_at(known: _Shown, cursor_bytes: int, n_document_bytes: int) -> bool:
    """True when the cursor is where the untaken rest of it begins."""
    n_taken_bytes = n_document_bytes - known.n_document_bytes
    return n_taken_bytes >= 0 and cursor_bytes == known.start_bytes + n_taken_bytes


def _is_rest(known: _Shown, cursor_bytes: int, n_document_bytes: int, offered: bytes) -> bool:
    """True when the same text is offered, at the same place, as far as both go."""
    rest = known.text[known.n_taken :]
    is_same = rest.startswith(offered) or offered.startswith(rest)
    return is_same and _is_at(known, cursor_bytes, n_document_bytes)
