"""Cursors given by numbers, as on the command line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.command_line.cursor import CursorOutsideText, find_offset, place_cursor

TEXTS = st.text(alphabet="ab \n\r\té咖🍵", max_size=40).map(str.encode)


@given(TEXTS, st.data())
def test_line_and_column_name_every_offset_that_an_editor_could_name(text: bytes, data: st.DataObject) -> None:
    """People read line and column in their editor; both ways to say where must mean the same byte."""
    lines = text.replace(b"\r\n", b"\n\n").replace(b"\r", b"\n").split(b"\n")
    offset = data.draw(st.integers(0, len(text)))
    if text[offset - 1 : offset + 1] == b"\r\n":
        offset -= 1  # between \r and \n there is no column
    before = text[:offset]
    line = before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n") + 1
    column = len(before) - 1 - max(before.rfind(b"\n"), before.rfind(b"\r"))

    assert lines
    assert find_offset(text, line=line, column_bytes=column) == offset


@given(TEXTS, st.data())
def test_what_stands_around_a_cursor_is_the_text_in_line_feeds(text: bytes, data: st.DataObject) -> None:
    """Nothing of the file may be lost on the way to the model, except the rest of a split character."""
    offset = data.draw(st.integers(0, len(text)))
    cursor = place_cursor(text, offset)
    kept = text[:offset], text[offset + cursor.n_replaced_bytes :]

    assert [cursor.prefix, cursor.suffix] == [part.replace(b"\r\n", b"\n").replace(b"\r", b"\n") for part in kept]
    whole = cursor.open_character + text[offset : offset + cursor.n_replaced_bytes]
    assert len(whole.decode()) == (1 if cursor.open_character else 0)


@pytest.mark.parametrize("offset", [-1, 4])
def test_an_offset_outside_the_text_is_refused_with_the_range(offset: int) -> None:
    """Clamping would answer a question that nobody asked."""
    with pytest.raises(CursorOutsideText, match=f"Offset {offset} is outside the file, which has 3 bytes"):
        place_cursor(b"abc", offset)


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        (0, 0, "Line 0 is outside the file, which has 3 lines"),
        (4, 0, "Line 4 is outside the file, which has 3 lines"),
        (1, 3, "Column 3 is outside line 1, which has 2 bytes"),
        (2, -1, "Column -1 is outside line 2, which has 2 bytes"),
        (3, 1, "Column 1 is outside line 3, which has 0 bytes"),
    ],
)
def test_a_place_outside_the_text_is_refused_with_the_range(line: int, column: int, message: str) -> None:
    """The message must tell what would have been right; é counts as two bytes, and \\r\\n is no part of a line."""
    with pytest.raises(CursorOutsideText, match=message):
        find_offset("ab\r\né\n".encode(), line=line, column_bytes=column)


def test_a_suggestion_is_written_with_the_line_breaks_of_the_file() -> None:
    """A file of \\r\\n must not get a lone \\n."""
    assert place_cursor(b"a\r\nb", 1).as_in_file(b"x\ny") == b"x\r\ny"
    assert place_cursor(b"a\nb", 1).as_in_file(b"x\ny") == b"x\ny"
    assert place_cursor(b"ab", 1).as_in_file(b"x\ny") == b"x\ny"
