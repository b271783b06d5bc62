"""The middle becomes an inline completion item, or nothing. Knows no model, and shortens nothing but half characters.

An item always has a range, since editors guess one otherwise: empty at the cursor; when the cursor stands inside a
character, that character, with the whole character in the text; when an entry of the editor's menu is selected, the
range of that entry, with its text at the beginning. Line breaks are `\\n`: Neovim inserts a `\\r` as it
comes, VS Code adapts `\\n` to the document. `filter_text` is the text itself, because editors compare it with what
stands in the range.
"""

from __future__ import annotations

from lsprotocol.types import Command, InlineCompletionItem, Position, Range

from byte_fim.utf8 import whole_characters
from lsp_server.documents.request import CompletionRequest, with_line_feeds

ACCEPT_COMMAND = "bytefim.accept"


def offered_text(request: CompletionRequest, middle: bytes) -> str:
    """The text of the item; empty when nothing is left to offer but what stands there, or the menu's entry alone."""
    text = whole_characters((request.popup or request.partial_character) + middle)
    return "" if text in (request.replaced, request.popup) else with_line_feeds(text).decode()


def build_item(request: CompletionRequest, text: str, *, suggestion_id: str) -> InlineCompletionItem:
    """What the editor shall offer; `text` as `offered_text` gives it."""
    return InlineCompletionItem(
        insert_text=text,
        filter_text=text,
        range=Range(Position(request.line, request.replace_start), Position(request.line, request.replace_end)),
        command=accept_command(suggestion_id),
    )


def accept_command(suggestion_id: str) -> Command:
    """How the editor tells that it was taken."""
    return Command(title="accepted", command=ACCEPT_COMMAND, arguments=[{"id": suggestion_id}])
