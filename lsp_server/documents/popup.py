"""The entry that is selected in the editor's completion menu, as the beginning of what is asked for.

Editors that show it together with a suggestion draw the suggestion only if it takes the entry's range and begins with
its text. Neovim puts a visual selection in the same place of the message, so it is looked at closely first. Knows no
model and no settings.
"""

from __future__ import annotations

from dataclasses import replace

from lsprotocol.types import Position, SelectedCompletionInfo

from lsp_server.documents.documents import Document
from lsp_server.documents.request import CompletionRequest, with_line_feeds
from lsp_server.documents.text import PositionEncoding


class Contradiction(Exception):
    """The entry is not what is being typed; nothing can be suggested that would be drawn."""


def take_popup(
    request: CompletionRequest, document: Document, popup: SelectedCompletionInfo, *, encoding: PositionEncoding
) -> CompletionRequest:
    """What is asked when this entry is selected; the request itself when it is no entry of a menu at the cursor.

    Raises Contradiction.
    """
    edges = popup.range.start, popup.range.end
    start_bytes, end_bytes = (document.offset_at(edge, encoding=encoding) for edge in edges)
    start, end = (document.position_at(offset, encoding=encoding) for offset in (start_bytes, end_bytes))
    cursor_bytes = request.cursor_offset_bytes
    if not _is_one_line(start, end, line=request.line) or not start_bytes <= cursor_bytes <= end_bytes:
        return request
    if any(document.character_at(offset) != (offset, offset) for offset in (start_bytes, end_bytes)):
        return request
    text, replaced = popup.text.encode(errors="replace"), document.read(start_bytes, end_bytes)
    if text == replaced and cursor_bytes < end_bytes:  # a selection of what stands there
        return request
    typed, after = replaced[: cursor_bytes - start_bytes], replaced[cursor_bytes - start_bytes :]
    if not text.startswith(typed):
        raise Contradiction
    # the rest of a character in which the cursor stands is not in the suffix anyway
    n_after_bytes = len(after) - (len(request.replaced) - request.n_replaced_before_cursor)
    selected = with_line_feeds(text[len(typed) :])
    return replace(
        request,
        prefix=request.prefix + selected,
        suffix=request.suffix[n_after_bytes:],
        replace_start=start.character,
        replace_end=end.character,
        replaced=b"",
        n_replaced_before_cursor=0,
        popup=with_line_feeds(text),
        selected=selected,
    )


def keep_popup(continued: CompletionRequest, followed: CompletionRequest, *, typed: bytes) -> CompletionRequest:
    """What would be asked after something was typed, if the entry that was `followed` is still selected then."""
    rest = followed.selected.removeprefix(with_line_feeds(typed))
    if not rest or len(rest) == len(followed.selected):
        return continued
    return replace(continued, prefix=continued.prefix + rest, selected=rest)


def _is_one_line(start: Position, end: Position, *, line: int) -> bool:
    return start.line == end.line == line
