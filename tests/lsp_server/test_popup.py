"""What is asked while an entry of the editor's completion menu is selected."""

from __future__ import annotations

import pytest
from lsprotocol.types import Position, Range, SelectedCompletionInfo

from lsp_server.documents.documents import Document
from lsp_server.documents.popup import Contradiction, keep_popup, take_popup
from lsp_server.documents.position import build_request
from lsp_server.documents.request import CompletionRequest
from lsp_server.documents.text import PositionEncoding


def ask(
    text: str, cursor: int, start: int, end: int, popup: str, *, encoding: PositionEncoding = "utf-8"
) -> CompletionRequest:
    """At columns of the first line."""
    document = Document("file:///a.py", text)
    request = build_request(document, Position(0, cursor), encoding=encoding, n_prefix_bytes=99, n_suffix_bytes=99)
    edges = Range(Position(0, start), Position(0, end))
    return take_popup(request, document, SelectedCompletionInfo(edges, popup), encoding=encoding)


def test_the_entry_is_forced_and_what_it_replaces_is_gone() -> None:
    """The model continues the text as it will be; the cursor is still where it is."""
    request = ask("x.prinow(y)\r\n", 5, 2, 8, "println")

    assert (request.prefix, request.suffix) == (b"x.println", b"(y)\n")
    assert (request.replace_start, request.replace_end, request.cursor_offset_bytes) == (2, 8, 5)
    assert (request.popup, request.selected) == (b"println", b"ntln")


def test_inside_a_character_the_entry_counts_from_its_first_byte() -> None:
    """With UTF-8 the cursor may stand there; the range takes the whole character."""
    request = ask("xé!", 2, 1, 3, "ème")

    assert (request.prefix, request.suffix) == ("xème".encode(), b"!")
    assert (request.replaced, request.partial_character) == (b"", b"")
    with pytest.raises(Contradiction):
        ask("xé!", 2, 1, 3, "ame")


def test_an_entry_of_several_lines_has_line_feeds() -> None:
    """As everything the model reads."""
    request = ask("de", 2, 0, 2, "def f():\r\n    pass")

    assert (request.prefix, request.popup) == (b"def f():\n    pass", b"def f():\n    pass")


@pytest.mark.parametrize(("start", "end"), [(1, 4), (0, 3)], ids=["begins", "ends"])
def test_a_range_with_an_edge_inside_a_character_is_no_entry(start: int, end: int) -> None:
    """Editors replace whole characters."""
    assert ask("éé", 2, start, end, "éa").popup == b""


def test_what_is_typed_of_the_entry_is_no_longer_to_be_typed() -> None:
    """So that work for it is seen to agree while the user types towards it."""
    followed = ask("pri", 3, 0, 3, "println")
    document = Document("file:///a.py", "print")
    typed = build_request(document, Position(0, 5), encoding="utf-8", n_prefix_bytes=99, n_suffix_bytes=99)

    kept = keep_popup(typed, followed, typed=b"nt")
    assert (kept.prefix, kept.selected) == (b"println", b"ln")
    assert keep_popup(typed, followed, typed=b"ntln") == typed
    assert keep_popup(typed, followed, typed=b"xt") == typed
