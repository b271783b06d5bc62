"""From document and position to what is asked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol.types import Position

from lsp_server.documents.documents import Document
from lsp_server.documents.position import build_request
from lsp_server.documents.request import CompletionRequest, with_line_feeds
from lsp_server.documents.text import PositionEncoding, character_end, character_start


def ask(
    text: str,
    line: int,
    character: int,
    *,
    encoding: PositionEncoding = "utf-16",
    n_prefix_bytes: int = 1000,
    n_suffix_bytes: int = 1000,
) -> CompletionRequest:
    document = Document("file:///a.py", text, language="python", version=3)
    position = Position(line, character)
    return build_request(
        document, position, encoding=encoding, n_prefix_bytes=n_prefix_bytes, n_suffix_bytes=n_suffix_bytes
    )


def test_prefix_and_suffix_are_the_bytes_around_the_cursor() -> None:
    """Everything else builds on it."""
    request = ask("a\nbc\n", 1, 1)

    assert (request.prefix, request.suffix) == (b"a\nb", b"c\n")
    assert (request.line, request.replace_start, request.replace_end) == (1, 1, 1)
    assert (request.version, request.language, request.cursor_offset_bytes) == (3, "python", 3)


def test_the_prompt_of_a_crlf_document_has_line_feeds_and_the_offset_is_the_document_s() -> None:
    """Models are trained on \\n; the editor counts what is in the file."""
    request = ask("a\r\nb\r\n", 1, 1)

    assert (request.prefix, request.suffix, request.cursor_offset_bytes) == (b"a\nb", b"\n", 4)


def test_inside_a_character_the_prefix_ends_there_and_the_range_is_the_character() -> None:
    """Only whole characters can be replaced; the bytes that are there still count."""
    request = ask("x = 合!", 0, 5, encoding="utf-8")

    assert (request.prefix, request.suffix) == (b"x = \xe5", b"!")
    assert (request.replace_start, request.replace_end) == (4, 7)
    assert (request.replaced, request.partial_character) == ("合".encode(), b"\xe5")


@pytest.mark.parametrize(("encoding", "character"), [("utf-8", 5), ("utf-16", 3), ("utf-32", 2)])
def test_columns_are_counted_as_was_negotiated(encoding: PositionEncoding, character: int) -> None:
    """One cursor, three numbers."""
    request = ask("🙂x", 0, character, encoding=encoding)

    assert (request.prefix, request.replace_start, request.replace_end) == ("🙂x".encode(), character, character)


def test_half_a_surrogate_pair_asks_before_the_character() -> None:
    """The range must be one that the editor can replace."""
    request = ask("🙂x", 0, 1)

    assert (request.prefix, request.replace_start, request.replaced) == (b"", 0, b"")


def test_a_cursor_past_the_end_gives_a_range_that_exists() -> None:
    """An invalid range makes editors drop the item, or raise."""
    request = ask("abc\n", 0, 99)

    assert (request.prefix, request.replace_start, request.replace_end) == (b"abc", 3, 3)


def test_long_text_is_shortened_at_line_starts() -> None:
    """Half a line at the start misleads a model about indentation."""
    request = ask("".join(f"line {i:02}\n" for i in range(20)), 10, 0, n_prefix_bytes=30, n_suffix_bytes=30)

    assert request.prefix == b"line 07\nline 08\nline 09\n"
    assert request.suffix == b"line 10\nline 11\nline 12\n"


def test_typing_seldom_moves_the_start_of_a_shortened_prefix() -> None:
    """What the model has evaluated is of use only while the prompt begins alike."""
    text = "".join(f"line {i:02}\n" for i in range(20))
    starts = {ask(text + "x" * n, 20, n, n_prefix_bytes=80).prefix[:7] for n in range(20)}

    assert len(starts) <= 2


def test_typing_leaves_the_edges_of_the_surroundings_where_they_are() -> None:
    """If they moved with the cursor, syntax would be parsed from scratch at each key press."""
    lines = [f"line {i}" for i in range(100_000)]
    asked = [ask("\n".join([*lines[:50_000], "x" * n, *lines[50_000:]]), 50_000, n) for n in range(40)]

    assert len({request.cursor_offset_bytes - len(request.above + request.prefix) for request in asked}) == 1
    assert len({request.suffix + request.below for request in asked}) == 1
    assert len(asked[0].above) > 190_000
    assert len(asked[0].below) > 190_000


def test_a_single_long_line_is_shortened_at_a_character() -> None:
    """Minified files have no line starts, but they have characters."""
    request = ask("é" * 200, 0, 100, n_prefix_bytes=51, n_suffix_bytes=51)

    assert 0 < len(request.prefix) <= 51
    assert 0 < len(request.suffix) <= 51
    assert set(request.prefix.decode() + request.suffix.decode()) == {"é"}


def keep_end(text: bytes, n_bytes: int) -> bytes:
    """The definition, on a text that is all at hand: from a multiple of a quarter on, then from a line start."""
    if len(text) <= n_bytes:
        return text
    step = max(1, n_bytes // 4)
    start = -(-(len(text) - n_bytes) // step) * step
    line_start = text.find(b"\n", start - 1) + 1
    return text[line_start if 0 < line_start < len(text) else character_end(text, start) :]


def keep_start(text: bytes, n_bytes: int) -> bytes:
    """Likewise: up to the last line start, else to a character."""
    if len(text) <= n_bytes:
        return text
    line_end = text.rfind(b"\n", 0, n_bytes) + 1
    return text[: line_end or character_start(text, n_bytes)]


pieces = st.sampled_from(["a", "bc ", "é", "合", "🙂", "\n", "\r\n", "\r", "\u2028"])
texts = st.lists(pieces, max_size=30).map("".join)


@settings(max_examples=400)
@given(texts, st.data(), st.integers(0, 40), st.integers(0, 40))
def test_the_window_is_that_of_the_whole_text(
    text: str, data: st.DataObject, n_prefix_bytes: int, n_suffix_bytes: int
) -> None:
    """Only a few kilobytes of the document are read; what is asked must be as if all of it were."""
    utf8 = text.encode()
    document = Document("file:///a.py", text)
    offset_bytes = data.draw(st.integers(0, len(utf8)))
    position = document.position_at(offset_bytes, encoding="utf-8")
    cursor = document.offset_at(position, encoding="utf-8")
    request = build_request(
        document, position, encoding="utf-8", n_prefix_bytes=n_prefix_bytes, n_suffix_bytes=n_suffix_bytes
    )

    assert request.prefix == with_line_feeds(keep_end(utf8[:cursor], n_prefix_bytes))
    after = utf8[character_end(utf8, cursor) :]
    assert request.suffix == with_line_feeds(keep_start(after, n_suffix_bytes))
    assert request.cursor_offset_bytes == cursor


@settings(max_examples=400)
@given(st.lists(texts, max_size=4), texts, st.integers(0, 60))
def test_the_cells_before_a_cell_are_before_its_text(cells: list[str], text: str, n_prefix_bytes: int) -> None:
    """A notebook is one program; a blank line is between its parts."""
    joined = b"".join(cell.encode() + (b"\n" if cell.endswith("\n") else b"\n\n") for cell in cells if cell)
    document = Document("cell:2", text)
    request = build_request(
        document,
        document.position_at(document.n_bytes, encoding="utf-16"),
        encoding="utf-16",
        n_prefix_bytes=n_prefix_bytes,
        n_suffix_bytes=10,
        cells_before=[Document("cell:1", cell) for cell in cells],
    )

    cursor = request.cursor_offset_bytes
    assert request.prefix == with_line_feeds(keep_end(joined + text.encode()[:cursor], n_prefix_bytes))
    assert request.line == document.position_at(cursor, encoding="utf-16").line
