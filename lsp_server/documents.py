"""The byte-exact mirror of each open document, and how LSP positions point into it.

A line ends at `\\n`, `\\r\\n` or `\\r` and nowhere else: form feed, U+0085 and U+2028 are text. A position past the
end of a line means the end of that line, before its line break; past the last line, the end of the text. A position
inside a character (a UTF-8 byte or half of a surrogate pair) means the start of that character, except that
`place_at` keeps a UTF-8 byte where it is, since a request may stand there. A lone surrogate, which UTF-8 cannot hold,
becomes U+FFFD: one UTF-16 unit for another, so positions keep their meaning. Knows nothing of requests, models or the
protocol library's own copy of the text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lsprotocol.types import Position, Range, TextDocumentContentChangeEvent, TextDocumentContentChangePartial

PositionEncoding = Literal["utf-8", "utf-16", "utf-32"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A spot in a document: a line that exists and a column within its text."""

    line: int
    column_bytes: int
    """from the start of the line, never past its line break"""


class Document:
    """One open document as the editor has it, in UTF-8. One thread owns it."""

    __slots__ = ("_lines", "language", "uri", "version")

    def __init__(self, uri: str, text: str, *, language: str = "", version: int = 0) -> None:
        self.uri = uri
        self.language = language
        self.version = version
        self._lines = _split_lines(_to_utf8(text), is_end=True)

    @property
    def n_bytes(self) -> int:
        """Length of the whole text."""
        return sum(map(len, self._lines))

    @property
    def text(self) -> bytes:
        """The whole text; costs a copy."""
        return b"".join(self._lines)

    def digest(self) -> str:
        """SHA-256 of the whole text, in hexadecimal."""
        return hashlib.sha256(self.text).hexdigest()

    def place_at(self, position: Position, *, encoding: PositionEncoding) -> Place:
        """Where a position points; with utf-8 this may be inside a character."""
        line = max(0, position.line)
        if line >= len(self._lines):
            return Place(len(self._lines) - 1, len(self.line_text(len(self._lines) - 1)))
        return Place(line, _column_bytes(self.line_text(line), max(0, position.character), encoding=encoding))

    def position_at(self, offset_bytes: int, *, encoding: PositionEncoding) -> Position:
        """The position of a byte offset; within a line break it is the end of its line, outside the text its end.

        Inside a character it is the start of the character, except with utf-8.
        """
        line, column_bytes = 0, max(0, offset_bytes)
        while line < len(self._lines) - 1 and column_bytes >= len(self._lines[line]):
            column_bytes -= len(self._lines[line])
            line += 1
        text = self.line_text(line)
        column_bytes = min(column_bytes, len(text))
        if encoding != "utf-8":
            column_bytes = character_start(text, column_bytes)
        return Position(line, units_before(text, column_bytes, encoding=encoding))

    def line_text(self, line: int) -> bytes:
        """A line without its line break."""
        return self._lines[line].rstrip(b"\r\n")

    def split_at(self, place: Place) -> tuple[bytes, bytes]:
        """The bytes before a place and the bytes after it."""
        before, here, after = self._lines[: place.line], self._lines[place.line], self._lines[place.line + 1 :]
        return b"".join([*before, here[: place.column_bytes]]), b"".join([here[place.column_bytes :], *after])

    def apply(self, change: TextDocumentContentChangeEvent, *, encoding: PositionEncoding) -> None:
        """Take over one change of the editor: of a range, or of the whole text."""
        if isinstance(change, TextDocumentContentChangePartial):
            self._edit(change.range, change.text, encoding=encoding)
        else:
            self._lines = _split_lines(_to_utf8(change.text), is_end=True)

    def _edit(self, edited: Range, text: str, *, encoding: PositionEncoding) -> None:
        # a range whose ends are swapped means the same text
        start, end = sorted(self._edge_at(position, encoding=encoding) for position in (edited.start, edited.end))
        first, last = start.line, end.line
        block = self._lines[first][: start.column_bytes] + _to_utf8(text) + self._lines[last][end.column_bytes :]
        if block.startswith(b"\n") and first > 0 and self._lines[first - 1].endswith(b"\r"):
            # \r and \n that come to stand side by side are one line break
            first -= 1
            block = self._lines[first] + block
        self._lines[first : last + 1] = _split_lines(block, is_end=last == len(self._lines) - 1)

    def _edge_at(self, position: Position, *, encoding: PositionEncoding) -> Place:
        place = self.place_at(position, encoding=encoding)
        return Place(place.line, character_start(self.line_text(place.line), place.column_bytes))


class Documents:
    """All open documents, by the URI exactly as the editor spells it."""

    def __init__(self) -> None:
        self.encoding: PositionEncoding = "utf-16"  # what LSP says when nothing was negotiated
        self._by_uri: dict[str, Document] = {}

    def open(self, document: Document) -> None:
        """Begin, or begin again, to mirror a document."""
        self._by_uri[document.uri] = document

    def change(self, uri: str, changes: Sequence[TextDocumentContentChangeEvent], *, version: int) -> None:
        """Take over changes in their order; for a document that is not open there is nothing to do."""
        if (document := self._by_uri.get(uri)) is not None:
            for change in changes:
                document.apply(change, encoding=self.encoding)
            document.version = version

    def close(self, uri: str) -> None:
        """Stop mirroring a document."""
        self._by_uri.pop(uri, None)

    def find(self, uri: str) -> Document | None:
        """The open document of this URI."""
        return self._by_uri.get(uri)


def character_start(text: bytes, column_bytes: int) -> int:
    """Start of the character that holds this column; the column itself where a character starts or the text ends."""
    while 0 < column_bytes < len(text) and text[column_bytes] & 0xC0 == 0x80:
        column_bytes -= 1
    return column_bytes


def character_end(text: bytes, column_bytes: int) -> int:
    """As `character_start`, towards the end."""
    while 0 < column_bytes < len(text) and text[column_bytes] & 0xC0 == 0x80:
        column_bytes += 1
    return column_bytes


def units_before(text: bytes, column_bytes: int, *, encoding: PositionEncoding) -> int:
    """What an LSP position calls this column, which may be inside a character only when the encoding is utf-8."""
    if encoding == "utf-8":
        return column_bytes
    head = text[:column_bytes].decode()
    return len(head) if encoding == "utf-32" else len(head.encode("utf-16-le")) // 2


def _column_bytes(text: bytes, n_units: int, *, encoding: PositionEncoding) -> int:
    if encoding == "utf-8" or text.isascii():
        return min(n_units, len(text))
    if encoding == "utf-32":
        return len(text.decode()[:n_units].encode())
    units = text.decode().encode("utf-16-le")[: 2 * n_units]
    # "ignore" drops the half of a surrogate pair that the cut has left at the end
    return len(units.decode("utf-16-le", errors="ignore").encode())


def _split_lines(block: bytes, *, is_end: bool) -> list[bytes]:
    """Lines with their breaks; where the text ends (`is_end`), what follows the last break is a line, even empty."""
    # of bytes, splitlines() knows the line breaks of LSP only; of str it cuts at U+2028, form feed and others too
    lines = block.splitlines(keepends=True)
    if is_end and (not lines or lines[-1].endswith((b"\n", b"\r"))):
        lines.append(b"")
    return lines


def _to_utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\ufffd", text).encode()
