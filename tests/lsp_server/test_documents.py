"""The mirror against a second, slow one that was written from the text of LSP alone."""

from __future__ import annotations

import copy
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol.types import (
    Position,
    Range,
    TextDocumentContentChangeEvent,
    TextDocumentContentChangePartial,
    TextDocumentContentChangeWholeDocument,
)

from lsp_server.documents.documents import Document, Documents
from lsp_server.documents.text import PositionEncoding
from tests.lsp_server.slow_text import SlowText

URI = "file:///w/a.py"
ENCODINGS: tuple[PositionEncoding, ...] = ("utf-8", "utf-16", "utf-32")
# line breaks of LSP, line breaks of str.splitlines that are none here, and characters of one to four bytes
NO_BREAKS = ["\x0c", "\x0b", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
PIECES = ["a", "b ", "é", "合", "🙂", "e\u0301"]


def edit(start: tuple[int, int], end: tuple[int, int], text: str) -> TextDocumentContentChangePartial:
    return TextDocumentContentChangePartial(Range(Position(*start), Position(*end)), text)


def edited(text: str, *changes: TextDocumentContentChangeEvent, encoding: PositionEncoding = "utf-16") -> str:
    document = Document(URI, text)
    for change in changes:
        document.apply(change, encoding=encoding)
    return document.text.decode()


pieces = st.sampled_from(PIECES) | st.sampled_from(["\n", "\r", "\r\n"]) | st.sampled_from(NO_BREAKS)
texts = st.lists(pieces, max_size=8).map("".join)
positions = st.builds(Position, st.integers(0, 4), st.integers(0, 5) | st.just(10_000))
changes = st.builds(TextDocumentContentChangePartial, st.builds(Range, positions, positions), texts) | st.builds(
    TextDocumentContentChangeWholeDocument, texts
)


@settings(max_examples=400)
@given(texts, st.lists(changes, max_size=6), st.sampled_from(ENCODINGS))
def test_any_edits_leave_the_bytes_that_lsp_says(
    text: str, edits: list[TextDocumentContentChangeEvent], encoding: PositionEncoding
) -> None:
    """A mirror that is off by one byte makes every later suggestion wrong."""
    document, slow = Document(URI, text), SlowText(text, encoding)
    for change in edits:
        document.apply(change, encoding=encoding)
        slow.apply(change)

        assert document.text == slow.utf8()


@given(texts, positions, st.sampled_from(ENCODINGS))
def test_a_position_points_where_lsp_says(text: str, position: Position, encoding: PositionEncoding) -> None:
    """The cursor of a request is found by the same rules as the edges of an edit, but a UTF-8 byte is kept."""
    assert Document(URI, text).offset_at(position, encoding=encoding) == SlowText(text, encoding).offset_at(position)


@given(texts, positions, st.sampled_from(ENCODINGS))
def test_an_offset_has_a_position_that_leads_back_to_it(
    text: str, position: Position, encoding: PositionEncoding
) -> None:
    """The range of a suggestion is computed from the offset, not copied from the request."""
    document = Document(URI, text)
    offset_bytes = document.offset_at(position, encoding=encoding)
    found = document.position_at(offset_bytes, encoding=encoding)

    assert document.offset_at(found, encoding=encoding) == offset_bytes


@pytest.mark.parametrize("not_a_break", NO_BREAKS)
def test_only_the_line_breaks_of_lsp_end_a_line(not_a_break: str) -> None:
    """str.splitlines() cuts at these, which shifts every later line and corrupts the mirror at the next edit."""
    assert edited(f"a{not_a_break}b\nc\n", edit((1, 0), (1, 1), "X")) == f"a{not_a_break}b\nX\n"


def test_a_column_past_the_end_of_the_last_line_means_its_end() -> None:
    """pygls stops one unit short when the last line has no line break."""
    assert edited("abc", edit((0, 10), (0, 10), "!")) == "abc!"


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_a_column_past_the_end_of_a_line_means_before_its_line_break(line_break: str) -> None:
    """Text between \\r and \\n would turn one line break into two."""
    assert edited(f"a{line_break}b", edit((0, 99), (0, 99), "!")) == f"a!{line_break}b"


def test_line_breaks_that_an_edit_brings_together_are_one() -> None:
    """Editors count the lines anew after every edit; so must the mirror."""
    assert edited("a\rb\nc", edit((1, 0), (1, 1), ""), edit((1, 0), (1, 0), "X")) == "a\r\nXc"


def test_half_a_surrogate_pair_is_no_place_for_an_edit() -> None:
    """The mirror must stay UTF-8 whatever a client sends."""
    assert edited("🙂", edit((0, 1), (0, 1), "x")) == "x🙂"


def test_a_byte_inside_a_character_is_no_place_for_an_edit_but_one_for_a_request() -> None:
    """Byte-exact completion can stand there; an edit there would leave broken UTF-8."""
    document = Document(URI, "né")

    assert document.offset_at(Position(0, 2), encoding="utf-8") == 2
    assert edited("né", edit((0, 2), (0, 2), "x"), encoding="utf-8") == "nxé"


def test_a_lone_surrogate_becomes_a_replacement_character() -> None:
    """JSON can spell what UTF-8 cannot; one UTF-16 unit stays one, so later positions keep their meaning."""
    assert edited("", edit((0, 0), (0, 0), "a\ud83db")) == "a\ufffdb"
    assert edited("\ude42x\ud83d") == "\ufffdx\ufffd"


def test_an_edit_does_not_change_the_message_it_came_in() -> None:
    """pygls clamps positions in place, so that whoever reads the message later is misled."""
    change = edit((5, 99), (7, 99), "x")
    before = copy.deepcopy(change)

    edited("abc", change)

    assert change == before


def test_the_digest_is_that_of_the_whole_text() -> None:
    """Editors compare it with their own."""
    document = Document(URI, "é\r\n🙂")

    assert document.digest() == hashlib.sha256("é\r\n🙂".encode()).hexdigest()
    assert document.n_bytes == 8


def test_changes_of_a_document_that_is_not_open_are_ignored() -> None:
    """A client that mixes up its messages must not bring the server down."""
    documents = Documents()
    documents.change(URI, [edit((0, 0), (0, 0), "x")], version=2)

    assert documents.find(URI) is None


def test_several_changes_of_one_message_apply_in_order() -> None:
    """Positions of the second are those of the text after the first."""
    documents = Documents()
    documents.open(Document(URI, "ab", version=1))
    documents.change(URI, [edit((0, 0), (0, 0), "xy"), edit((0, 1), (0, 2), "")], version=2)

    document = documents.find(URI)
    assert document is not None
    assert (document.text, document.version) == (b"xab", 2)


def test_documents_come_in_the_order_of_their_last_use() -> None:
    """What was worked on last is likeliest to matter elsewhere."""
    documents = Documents()
    for uri in "abc":
        documents.open(Document(uri, ""))
    documents.change("a", [edit((0, 0), (0, 0), "x")], version=2)
    documents.open(Document("b", "again"))
    documents.close("c")

    assert [document.uri for document in documents] == ["b", "a"]


def test_a_document_knows_where_it_was_edited_last() -> None:
    """The lines around an edit say more than the top of a file."""
    document = Document(URI, "a\nb\nc\n")
    assert document.edited_line is None
    document.apply(edit((2, 0), (1, 0), ""), encoding="utf-8")
    assert document.edited_line == 1
    document.apply(TextDocumentContentChangeWholeDocument("new"), encoding="utf-8")

    assert document.edited_line is None


@given(st.lists(st.sampled_from([*NO_BREAKS, *PIECES, "\n", "\r\n", "\r"]), max_size=12), st.sampled_from(ENCODINGS))
def test_a_byte_offset_and_its_position_mean_the_same_place(pieces: list[str], encoding: PositionEncoding) -> None:
    """The engine counts bytes; what it tells of must be found again."""
    document = Document(URI, "".join(pieces))
    for offset_bytes in range(document.n_bytes + 3):
        position = document.position_at(offset_bytes, encoding=encoding)
        found_bytes = document.offset_at(position, encoding=encoding)
        n_missing_bytes = min(offset_bytes, document.n_bytes) - found_bytes
        after = document.read(found_bytes, document.n_bytes)
        # inside a line break, and in most encodings inside a character, there is no position
        assert 0 <= n_missing_bytes <= (1 if encoding == "utf-8" else 3)
        is_at_edge = not n_missing_bytes
        assert is_at_edge or after[:2] == b"\r\n" or after[n_missing_bytes] & 0xC0 == 0x80
