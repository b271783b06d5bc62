"""A text as LSP describes it, in UTF-16 units, that walks over all of it for every question.

Written from the specification; shares no code with the mirror, and does not store the text as it does.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from lsprotocol.types import Position, TextDocumentContentChangeEvent, TextDocumentContentChangeWholeDocument

from lsp_server.documents.text import PositionEncoding

CR, LF, REPLACEMENT = 0x0D, 0x0A, 0xFFFD


class SlowText:
    """One open document; positions are in `encoding`."""

    def __init__(self, text: str, encoding: PositionEncoding) -> None:
        self.units = to_units(text)
        self.encoding = encoding

    def apply(self, change: TextDocumentContentChangeEvent) -> None:
        """As the specification says; a swapped range is the same range."""
        new = to_units(change.text)
        if isinstance(change, TextDocumentContentChangeWholeDocument):
            self.units = new
            return
        start, end = sorted((self.unit_at(change.range.start), self.unit_at(change.range.end)))
        self.units = self.units[:start] + new + self.units[end:]

    def utf8(self) -> bytes:
        return struct.pack(f"<{len(self.units)}H", *self.units).decode("utf-16-le").encode()

    def lines(self) -> list[tuple[int, int]]:
        """Start and end of each line, in units; the line break is in neither line."""
        found: list[tuple[int, int]] = []
        start = i = 0
        while i < len(self.units):
            if self.units[i] not in (CR, LF):
                i += 1
                continue
            found.append((start, i))
            i += 2 if self.units[i : i + 2] == [CR, LF] else 1
            start = i
        return [*found, (start, i)]

    def characters(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Where each character begins, in units, its width in `encoding` and its width in bytes."""
        while start < end:
            unit = self.units[start]
            n_units = 2 if 0xD800 <= unit < 0xDC00 else 1
            n_bytes = 4 if n_units == 2 else 1 if unit < 0x80 else 2 if unit < 0x800 else 3
            yield start, {"utf-8": n_bytes, "utf-16": n_units, "utf-32": 1}[self.encoding], n_bytes
            start += n_units

    def unit_at(self, position: Position) -> int:
        """Where a position points; inside a character it means the start of it."""
        lines = self.lines()
        if position.line >= len(lines):
            return len(self.units)
        start, end = lines[position.line]
        left = position.character
        for i, width, _ in self.characters(start, end):
            if left < width:
                return i
            left -= width
        return end

    def bytes_before(self, unit: int) -> int:
        return sum(n_bytes for _, _, n_bytes in self.characters(0, unit))

    def offset_at(self, position: Position) -> int:
        """In bytes; with utf-8 it may be inside a character."""
        offset = self.bytes_before(self.unit_at(position))
        lines = self.lines()
        if self.encoding != "utf-8" or position.line >= len(lines):
            return offset
        start, end = map(self.bytes_before, lines[position.line])
        return min(start + position.character, end)

    def position_at(self, offset: int) -> Position:
        """Of an offset in bytes; inside a line break it is the end of its line."""
        line, (start, end) = max(
            (number, span) for number, span in enumerate(self.lines()) if self.bytes_before(span[0]) <= offset
        )
        left, column = offset - self.bytes_before(start), 0
        for _, width, n_bytes in self.characters(start, end):
            if left < n_bytes:
                return Position(line, column + (left if self.encoding == "utf-8" else 0))
            left, column = left - n_bytes, column + width
        return Position(line, column)


def to_units(text: str) -> list[int]:
    """UTF-16; half a surrogate pair becomes U+FFFD."""
    data = text.encode("utf-16-le", "surrogatepass")
    units = list(struct.unpack(f"<{len(data) // 2}H", data))
    for i, unit in enumerate(units):
        is_first = 0xD800 <= unit < 0xDC00
        is_second = 0xDC00 <= unit < 0xE000
        follows = units[i + 1] if i + 1 < len(units) else 0
        before = units[i - 1] if i else 0
        if (is_first and not 0xDC00 <= follows < 0xE000) or (is_second and not 0xD800 <= before < 0xDC00):
            units[i] = REPLACEMENT
    return units
