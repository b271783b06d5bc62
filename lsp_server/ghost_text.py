"""The middle becomes an inline completion item, or nothing. Knows no model, and shortens nothing but half characters.

An item always has a range, since editors guess one otherwise: empty at the cursor, or, when the cursor stands inside
a character, that character, with the whole character in the text. Line breaks are `\\n`: Neovim inserts a `\\r` as it
comes, VS Code adapts `\\n` to the document. `filter_text` is the text itself, because editors compare it with what
stands in the range.
"""

from __future__ import annotations

from lsprotocol.types import Command, InlineCompletionItem, Position, Range

from byte_fim.utf8 import whole_characters
from lsp_server.request import CompletionRequest, with_line_feeds

ACCEPT_COMMAND = "bytefim.accept"


def build_item(request: CompletionRequest, middle: bytes, *, suggestion_id: str) -> InlineCompletionItem | None:
    """What the editor shall offer; None when no whole character is left, or when it is the one that stands there."""
    text = whole_characters(request.partial_character + middle)
    if not text or text == request.replaced:
        return None
    new_text = with_line_feeds(text).decode()
    return InlineCompletionItem(
        insert_text=new_text,
        filter_text=new_text,
        range=Range(Position(request.line, request.replace_start), Position(request.line, request.replace_end)),
        command=Command(title="accepted", command=ACCEPT_COMMAND, arguments=[{"id": suggestion_id}]),
    )
