"""The byte-exact mirror of each open document, and how LSP positions point into it.

A position past the end of a line means the end of that line, before its line break; past the last line, the end of
the text. A position inside a character (a UTF-8 byte or half of a surrogate pair) means the start of that character,
except that `offset_at` keeps a UTF-8 byte where it is, since a request may stand there. A lone surrogate, which UTF-8
cannot hold, becomes U+FFFD: one UTF-16 unit for another, so positions keep their meaning. Knows nothing of requests,
models or the protocol library's own copy of the text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from lsprotocol.types import Position, Range, TextDocumentContentChangeEvent, TextDocumentContentChangePartial

from lsp_server.documents.text import PositionEncoding, Text, character_end, character_start

_LONGEST_CHARACTER_BYTES = 4


class Document:
    """One open document as the editor has it, in UTF-8. One thread owns it."""

    __slots__ = ("_text", "edited_line", "language", "uri", "version")

    def __init__(self, uri: str, text: str, *, language: str = "", version: int = 0) -> None:
        self.uri = uri
        self.language = language
        self.version = version
        self.edited_line: int | None = None
        """where the latest edit began; None: nothing was edited, or all of it"""
        self._text = Text(_to_utf8(text))

    @property
    def n_bytes(self) -> int:
        """Length of the whole text."""
        return self._text.n_bytes

    @property
    def text(self) -> bytes:
        """The whole text; costs a copy."""
        return b"".join(self._text.blocks)

    def digest(self) -> str:
        """SHA-256 of the whole text, in hexadecimal."""
        digest = hashlib.sha256()
        for block in self._text.blocks:
            digest.update(block)
        return digest.hexdigest()

    def read(self, start_bytes: int, end_bytes: int) -> bytes:
        """What is between two offsets, as far as the text goes."""
        start_bytes, end_bytes = max(0, start_bytes), min(end_bytes, self.n_bytes)
        return self._text.read(start_bytes, end_bytes) if start_bytes < end_bytes else b""

    def read_lines(self, first: int, end: int) -> bytes:
        """The lines from `first` to before `end`, with their line breaks, as far as there are any."""
        text = self._text
        starts_bytes = [text.line_start(line) if line < text.n_lines else text.n_bytes for line in (first, end)]
        return self.read(*starts_bytes)

    def offset_at(self, position: Position, *, encoding: PositionEncoding) -> int:
        """Where a position points, in bytes; with utf-8 this may be inside a character."""
        text, line = self._text, max(0, position.line)
        if line >= text.n_lines:
            return text.n_bytes
        n_units_before_line = text.units_before(text.line_start(line), encoding=encoding)
        offset_bytes = text.offset_after(n_units_before_line + max(0, position.character), encoding=encoding)
        return min(offset_bytes, text.line_end(line))

    def position_at(self, offset_bytes: int, *, encoding: PositionEncoding) -> Position:
        """The position of a byte offset; within a line break it is the end of its line, outside the text its end.

        Inside a character it is the start of the character, except with utf-8.
        """
        offset_bytes = min(max(0, offset_bytes), self.n_bytes)
        line = self._text.line_at(offset_bytes)
        offset_bytes = min(offset_bytes, self._text.line_end(line))
        if encoding != "utf-8":
            offset_bytes, _ = self.character_at(offset_bytes)
        n_units_before_line = self._text.units_before(self._text.line_start(line), encoding=encoding)
        return Position(line, self._text.units_before(offset_bytes, encoding=encoding) - n_units_before_line)

    def character_at(self, offset_bytes: int) -> tuple[int, int]:
        """Start and end of the character inside which an offset is; where none is, the offset twice."""
        first_bytes = max(0, offset_bytes - _LONGEST_CHARACTER_BYTES)
        around = self.read(first_bytes, offset_bytes + _LONGEST_CHARACTER_BYTES)
        inside = offset_bytes - first_bytes
        return first_bytes + character_start(around, inside), first_bytes + character_end(around, inside)

    def apply(self, change: TextDocumentContentChangeEvent, *, encoding: PositionEncoding) -> None:
        """Take over one change of the editor: of a range, or of the whole text."""
        if isinstance(change, TextDocumentContentChangePartial):
            self._edit(change.range, change.text, encoding=encoding)
        else:
            self._text = Text(_to_utf8(change.text))
            self.edited_line = None

    def _edit(self, edited: Range, text: str, *, encoding: PositionEncoding) -> None:
        one_bytes = other_bytes = self._edge_at(edited.start, encoding=encoding)
        if edited.end != edited.start:
            other_bytes = self._edge_at(edited.end, encoding=encoding)
        # a range whose ends are swapped means the same text
        self._text.replace(min(one_bytes, other_bytes), max(one_bytes, other_bytes), _to_utf8(text))
        self.edited_line = min(edited.start.line, edited.end.line, self._text.n_lines - 1)

    def _edge_at(self, position: Position, *, encoding: PositionEncoding) -> int:
        start_bytes, _ = self.character_at(self.offset_at(position, encoding=encoding))
        return start_bytes


class Documents:
    """All open documents, by the URI exactly as the editor spells it."""

    def __init__(self) -> None:
        self.encoding: PositionEncoding = "utf-16"  # what LSP says when nothing was negotiated
        self._by_uri: dict[str, Document] = {}

    def __iter__(self) -> Iterator[Document]:
        """Those first that were opened or changed last."""
        return reversed(self._by_uri.values())

    def open(self, document: Document) -> None:
        """Begin, or begin again, to mirror a document."""
        self.close(document.uri)
        self._by_uri[document.uri] = document

    def change(self, uri: str, changes: Sequence[TextDocumentContentChangeEvent], *, version: int) -> None:
        """Take over changes in their order; for a document that is not open there is nothing to do."""
        if (document := self._by_uri.pop(uri, None)) is not None:
            self._by_uri[uri] = document
            for change in changes:
                document.apply(change, encoding=self.encoding)
            document.version = version

    def close(self, uri: str) -> None:
        """Stop mirroring a document."""
        self._by_uri.pop(uri, None)

    def find(self, uri: str) -> Document | None:
        """The open document of this URI."""
        return self._by_uri.get(uri)


def _to_utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        # halves that belong together become their character, lone ones U+FFFD
        return text.encode("utf-16-le", errors="surrogatepass").decode("utf-16-le", errors="replace").encode()
