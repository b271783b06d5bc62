"""From document and position to what is asked."""

from __future__ import annotations

import pytest
from lsprotocol.types import Position

from lsp_server.documents import Document, PositionEncoding
from lsp_server.position import build_request
from lsp_server.request import CompletionRequest


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


def test_a_single_long_line_is_shortened_at_a_character() -> None:
    """Minified files have no line starts, but they have characters."""
    request = ask("é" * 200, 0, 100, n_prefix_bytes=51, n_suffix_bytes=51)

    assert 0 < len(request.prefix) <= 51
    assert 0 < len(request.suffix) <= 51
    assert set(request.prefix.decode() + request.suffix.decode()) == {"é"}
