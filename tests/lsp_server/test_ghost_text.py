"""From the middle's bytes to an item that editors accept."""

from __future__ import annotations

from dataclasses import replace

from lsprotocol.types import Command, InlineCompletionItem, Position, Range

from lsp_server.documents.request import CompletionRequest
from lsp_server.editor.ghost_text import build_item, offered_text

AT_CURSOR = CompletionRequest(
    uri="file:///a.py",
    version=1,
    language="python",
    prefix=b"resu",
    suffix=b"",
    cursor_offset_bytes=4,
    line=3,
    replace_start=4,
    replace_end=4,
)
INSIDE_CHARACTER = replace(
    AT_CURSOR, prefix=b"x\xc3", replace_start=1, replace_end=3, replaced="é".encode(), n_replaced_before_cursor=1
)


def test_an_item_has_an_empty_range_at_the_cursor_and_the_text_as_filter() -> None:
    """Without a range editors take the word at the cursor; another filter text hides the item as the user types on."""
    assert build_item(AT_CURSOR, "lt = 1", suggestion_id="s7") == InlineCompletionItem(
        insert_text="lt = 1",
        filter_text="lt = 1",
        range=Range(Position(3, 4), Position(3, 4)),
        command=Command(title="accepted", command="bytefim.accept", arguments=[{"id": "s7"}]),
    )


def test_half_a_character_at_the_end_is_left_out() -> None:
    """A generation may stop anywhere; editors take characters."""
    assert offered_text(AT_CURSOR, b"na\xc3") == "na"


def test_nothing_but_half_a_character_is_nothing() -> None:
    """Silence beats noise."""
    assert offered_text(AT_CURSOR, b"\xe5\x90") == ""
    assert offered_text(AT_CURSOR, b"") == ""


def test_line_breaks_are_line_feeds() -> None:
    """Neovim would insert a carriage return literally."""
    assert offered_text(AT_CURSOR, b"\r\n    x\r") == "\n    x\n"


def test_inside_a_character_the_item_replaces_it_by_a_whole_one() -> None:
    """The model has continued the character's first byte; the editor can only exchange characters."""
    text = offered_text(INSIDE_CHARACTER, b"\xa8 = 1")

    assert text == "è = 1"
    assert build_item(INSIDE_CHARACTER, text, suggestion_id="s1").range == Range(Position(3, 1), Position(3, 3))


def test_the_character_that_stands_there_is_not_offered() -> None:
    """Accepting it would change nothing."""
    assert offered_text(INSIDE_CHARACTER, b"\xa9") == ""


def test_a_character_that_is_not_finished_is_not_offered() -> None:
    """The half that is there would be deleted."""
    assert offered_text(INSIDE_CHARACTER, b" = 1") == ""


def test_behind_an_entry_of_the_menu_the_text_begins_with_it() -> None:
    """And an entry alone is what the menu offers anyway."""
    selected = replace(AT_CURSOR, prefix=b"result", replace_start=0, popup=b"result", selected=b"lt")

    assert offered_text(selected, b" = 1") == "result = 1"
    assert offered_text(selected, b"") == ""
