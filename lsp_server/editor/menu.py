"""A suggestion as an entry of the editor's completion menu, for editors that know no inline completion.

The entry replaces the typed word by itself plus the suggestion, since menus match their entries against that word. It
goes to the end of the list, and is inserted as it is, without a new indentation. Knows no model and no settings.
"""

from __future__ import annotations

import re

from lsprotocol import types

from lsp_server.documents.documents import Document
from lsp_server.documents.request import CompletionRequest
from lsp_server.documents.text import PositionEncoding
from lsp_server.editor.ghost_text import accept_command

LABEL_CHARACTERS = 80
_LAST = "zzzz"
_WORD_AT_END = re.compile(r"\w*\Z")
_FENCES = re.compile(r"`{3,}")


def build_entry(
    request: CompletionRequest, document: Document, text: str, *, suggestion_id: str, encoding: PositionEncoding
) -> types.CompletionItem:
    """What the menu shall list; `text` as `ghost_text.offered_text` gives it."""
    before = request.prefix.removesuffix(request.partial_character).rpartition(b"\n")[2]
    found = _WORD_AT_END.search(before.decode(errors="ignore"))
    word = found[0] if found else ""
    start_bytes = document.offset_at(types.Position(request.line, request.replace_start), encoding=encoding)
    start = document.position_at(start_bytes - len(word.encode()), encoding=encoding)
    replaced = types.Range(start, types.Position(request.line, request.replace_end))
    new_text = word + text
    first_line = new_text.partition("\n")[0]
    return types.CompletionItem(
        label=f"{first_line[:LABEL_CHARACTERS]} ⏎",
        label_details=types.CompletionItemLabelDetails(description="local model"),
        kind=types.CompletionItemKind.Text,
        documentation=types.MarkupContent(types.MarkupKind.Markdown, _fence(new_text, request.language)),
        preselect=False,
        sort_text=_LAST,
        filter_text=word or None,  # the label, when no word is typed
        insert_text_mode=types.InsertTextMode.AsIs,
        text_edit=types.TextEdit(replaced, new_text),
        command=accept_command(suggestion_id),
    )


def _fence(code: str, language: str) -> str:
    """The code as Markdown, whatever fences are in it."""
    fence = max(_FENCES.findall(code), key=len, default="``") + "`"
    return f"{fence}{language}\n{code}\n{fence}"
