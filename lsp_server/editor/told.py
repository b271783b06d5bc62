"""What editors tell of suggestions beyond accepting them, in the words of Copilot's language server.

Notifications that some editors send already: which document has the focus, that an item was drawn, that its beginning
was taken. Whatever they hold instead of what is expected is passed over. Knows nothing but shapes.
"""

from __future__ import annotations

from typing import cast

from lsp_server.editor.reading import Json, find_suggestion_id, find_uri, member
from lsp_server.editor.session import BytefimServer


def focus(ls: BytefimServer, params: object) -> None:
    """`textDocument/didFocus {textDocument}`: the document counts as used now."""
    if (uri := find_uri(params)) is not None and (document := ls.documents.find(uri)) is not None:
        ls.documents.open(document)


def show(ls: BytefimServer, params: object) -> None:
    """`textDocument/didShowCompletion {item}`."""
    if (suggestion_id := _find_id(params)) is not None and ls.uptake.draw(suggestion_id):
        ls.statistics.count("displayed")


def accept_in_part(ls: BytefimServer, params: object) -> None:
    """`textDocument/didPartiallyAcceptCompletion {item, acceptedLength}`, counted from the start of its text."""
    if (suggestion_id := _find_id(params)) is None:
        return
    length = cast(Json, params).get("acceptedLength")
    if isinstance(length, int) and length > 0:
        ls.uptake.accept_in_part(suggestion_id)


NOTIFICATIONS = {
    "textDocument/didFocus": focus,
    "textDocument/didShowCompletion": show,
    "textDocument/didPartiallyAcceptCompletion": accept_in_part,
}


def _find_id(params: object) -> str | None:
    """The id that stands in the command of the item."""
    arguments = member(member(params, "item"), "command").get("arguments")
    return find_suggestion_id(cast(list[object], arguments)) if isinstance(arguments, list) else None
