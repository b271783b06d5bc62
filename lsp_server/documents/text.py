"""A text in UTF-8 that is edited and looked into at little cost, however long it is and however long its lines are.

It is kept in blocks of some thousand bytes. No block ends inside a character or a line break, so that what is counted
in each of them adds up: bytes, line breaks, the units of each encoding. Whatever is looked for is found by bisecting
these sums and reading one block. A line ends at `\\n`, `\\r\\n` or `\\r` and nowhere else: form feed, U+0085 and U+2028
are text. Offsets and numbers of lines must be such as exist; documents.py sees to that. Knows nothing of editors.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from typing import Literal

PositionEncoding = Literal["utf-8", "utf-16", "utf-32"]
_Measure = Literal["utf-8", "utf-16", "utf-32", "breaks"]

BLOCK_BYTES = 8192  # reading one block then costs about as much as the sums over all blocks of a text of 2 MB
_LINE_BREAK = b"\r\n"
_CONTINUATION_BYTES = bytes(range(0x80, 0xC0))
_FIRST_BYTES_OF_PAIRS = bytes(range(0xF0, 0xF8))  # of characters that are two units in UTF-16


class Text:
    """A text in UTF-8. One thread owns it."""

    __slots__ = ("_blocks", "_counts", "_sums")

    def __init__(self, text: bytes) -> None:
        self._blocks = _cut(text)
        self._counts: dict[_Measure, list[int]] = {
            measure: [count(block) for block in self._blocks] for measure, count in _COUNT.items()
        }
        self._sums: dict[_Measure, list[int]] = {}

    @property
    def n_bytes(self) -> int:
        """Length of the whole text."""
        return self._sums_of("utf-8")[-1]

    @property
    def n_lines(self) -> int:
        """At least one: what follows the last line break is a line, even empty."""
        return self._sums_of("breaks")[-1] + 1

    @property
    def blocks(self) -> Iterable[bytes]:
        """The whole text, in parts."""
        return iter(self._blocks)

    def read(self, start_bytes: int, end_bytes: int) -> bytes:
        """The bytes between two offsets."""
        first, last = self._find("utf-8", start_bytes), self._find("utf-8", end_bytes)
        start_of_first_bytes = self._sums_of("utf-8")[first]
        blocks = b"".join(self._blocks[first : last + 1])
        return blocks[start_bytes - start_of_first_bytes : end_bytes - start_of_first_bytes]

    def replace(self, start_bytes: int, end_bytes: int, new: bytes) -> None:
        """Put `new` in the place of what is between two offsets; both must be where characters begin."""
        first, last = self._find("utf-8", start_bytes), self._find("utf-8", end_bytes)
        starts_bytes = self._sums_of("utf-8")
        changed = self._blocks[first][: start_bytes - starts_bytes[first]] + new
        changed += self._blocks[last][end_bytes - starts_bytes[last] :]
        while last + 1 < len(self._blocks) and _belong_together(changed, self._blocks[last + 1]):
            last += 1
            changed += self._blocks[last]
        while first > 0 and _belong_together(self._blocks[first - 1], changed):
            first -= 1
            changed = self._blocks[first] + changed
        blocks = _cut(changed)
        self._blocks[first : last + 1] = blocks
        for measure, counts in self._counts.items():
            counts[first : last + 1] = map(_COUNT[measure], blocks)
        self._sums.clear()

    def line_start(self, line: int) -> int:
        """Where a line begins, in bytes."""
        return self._line_break(line - 1)[1] if line > 0 else 0

    def line_end(self, line: int) -> int:
        """Where a line ends, before its line break, in bytes."""
        return self._line_break(line)[0] if line < self.n_lines - 1 else self.n_bytes

    def line_at(self, offset_bytes: int) -> int:
        """The line that holds an offset; a line break belongs to the line that it ends."""
        i = self._find("utf-8", offset_bytes)
        column_bytes = offset_bytes - self._sums_of("utf-8")[i]
        is_inside_break = self._blocks[i][max(0, column_bytes - 1) : column_bytes + 1] == _LINE_BREAK
        return self._sums_of("breaks")[i] + _n_breaks(self._blocks[i][: column_bytes - is_inside_break])

    def units_before(self, offset_bytes: int, *, encoding: PositionEncoding) -> int:
        """How many units of an encoding are before an offset where a character begins."""
        i = self._find("utf-8", offset_bytes)
        head = self._blocks[i][: offset_bytes - self._sums_of("utf-8")[i]]
        return self._sums_of(encoding)[i] + _COUNT[encoding](head)

    def offset_after(self, n_units: int, *, encoding: PositionEncoding) -> int:
        """Where this many units of an encoding end, in bytes; inside a character it is the start of the character.

        With utf-8 it is what was given, as far as the text goes.
        """
        i = self._find(encoding, n_units)
        n_units -= self._sums_of(encoding)[i]
        return self._sums_of("utf-8")[i] + _n_bytes_of_units(self._blocks[i], n_units, encoding=encoding)

    def _line_break(self, number: int) -> tuple[int, int]:
        """Start and end, in bytes, of the line break that this many others are before."""
        i = self._find("breaks", number)
        lines = self._blocks[i].splitlines(keepends=True)[: number - self._sums_of("breaks")[i] + 1]
        end_bytes = self._sums_of("utf-8")[i] + sum(map(len, lines))
        return end_bytes - len(lines[-1]) + len(lines[-1].rstrip(_LINE_BREAK)), end_bytes

    def _find(self, measure: _Measure, count: int) -> int:
        """The block before whose end this much is exceeded; the last block when it nowhere is."""
        return min(bisect_right(self._sums_of(measure), count), len(self._blocks)) - 1

    def _sums_of(self, measure: _Measure) -> list[int]:
        """How much is before each block, and in all of them."""
        if measure not in self._sums:
            self._sums[measure] = list(accumulate(self._counts[measure], initial=0))
        return self._sums[measure]


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


def _cut(text: bytes) -> list[bytes]:
    """Blocks of at most twice the usual length; one, empty, of an empty text."""
    blocks: list[bytes] = []
    start = 0
    while len(text) - start > 2 * BLOCK_BYTES:
        end = character_start(text, start + BLOCK_BYTES)
        if text[end - 1 : end + 1] == _LINE_BREAK:
            end -= 1
        blocks.append(text[start:end])
        start = end
    return [*blocks, text[start:]]


def _belong_together(block: bytes, following: bytes) -> bool:
    """Whether two blocks must, or had better, be one."""
    return (
        len(block) < BLOCK_BYTES // 2
        or len(following) < BLOCK_BYTES // 2
        or (block.endswith(b"\r") and following.startswith(b"\n"))
    )


def _n_breaks(text: bytes) -> int:
    n_feeds = text.count(b"\n")
    return n_feeds if b"\r" not in text else n_feeds + text.count(b"\r") - text.count(_LINE_BREAK)


def _n_characters(text: bytes) -> int:
    return len(text) if text.isascii() else len(text.translate(None, _CONTINUATION_BYTES))


def _n_utf16_units(text: bytes) -> int:
    if text.isascii():
        return len(text)
    n_pairs = len(text) - len(text.translate(None, _FIRST_BYTES_OF_PAIRS))
    return _n_characters(text) + n_pairs


def _n_bytes_of_units(text: bytes, n_units: int, *, encoding: PositionEncoding) -> int:
    if encoding == "utf-8" or text.isascii():
        return min(n_units, len(text))
    if encoding == "utf-32":
        return len(text.decode()[:n_units].encode())
    units = text.decode().encode("utf-16-le")[: 2 * n_units]
    # "ignore" drops the half of a surrogate pair that the cut has left at the end
    return len(units.decode("utf-16-le", errors="ignore").encode())


_COUNT: Mapping[_Measure, Callable[[bytes], int]] = {
    "utf-8": len,
    "utf-16": _n_utf16_units,
    "utf-32": _n_characters,
    "breaks": _n_breaks,
}
