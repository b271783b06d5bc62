"""A cursor given by numbers in the bytes of a file: what stands before and after it. Knows no editor and no model.

The same rules as for an editor's cursor. Lines end at `\\n`, `\\r\\n` or `\\r`; the text for a model has `\\n` only. Of
a character in which the cursor stands, the bytes before it are given and the rest is open.
"""

from __future__ import annotations

from dataclasses import dataclass

from byte_fim.utf8 import unfinished_character
from lsp_server.suggestion.seams import LINE_BREAK


class CursorOutsideText(Exception):
    """The place does not exist; the message is one sentence with the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A place between two bytes."""

    prefix: bytes
    """up to the cursor, with `\\n` line breaks; may end inside a character"""
    suffix: bytes
    """from the cursor on, with `\\n` line breaks, without the rest of a character in which the cursor stands"""
    open_character: bytes
    """the bytes before the cursor of the character in which it stands; mostly empty"""
    n_replaced_bytes: int
    """how many bytes after the cursor belong to that character"""
    line_break: bytes
    """the one that the file has first; `\\n` when it has none"""

    def as_in_file(self, middle: bytes) -> bytes:
        """The bytes to write into the file for a middle with `\\n` line breaks."""
        return middle.replace(b"\n", self.line_break)


def place_cursor(text: bytes, offset: int) -> Cursor:
    """The cursor before byte `offset`, counted from 0; the length of the text is its end. Raises CursorOutsideText."""
    if not 0 <= offset <= len(text):
        raise CursorOutsideText(
            f"Offset {offset} is outside the file, which has {len(text)} bytes; give 0 to {len(text)}."
        )
    before, after = text[:offset], text[offset:]
    open_character = unfinished_character(before)
    n_replaced = _n_bytes_to_finish(open_character, after) if open_character else 0
    first_break = LINE_BREAK.search(text)
    return Cursor(
        prefix=_with_line_feeds(before),
        suffix=_with_line_feeds(after[n_replaced:]),
        open_character=open_character,
        n_replaced_bytes=n_replaced,
        line_break=first_break.group() if first_break else b"\n",
    )


def find_offset(text: bytes, *, line: int, column_bytes: int) -> int:
    """Byte offset of a line, counted from 1, and a byte column, counted from 0. Raises CursorOutsideText."""
    breaks = list(LINE_BREAK.finditer(text))
    n_lines = len(breaks) + 1
    if not 1 <= line <= n_lines:
        raise CursorOutsideText(f"Line {line} is outside the file, which has {n_lines} lines; give 1 to {n_lines}.")
    start = breaks[line - 2].end() if line > 1 else 0
    n_bytes = (breaks[line - 1].start() if line < n_lines else len(text)) - start
    if not 0 <= column_bytes <= n_bytes:
        raise CursorOutsideText(
            f"Column {column_bytes} is outside line {line}, which has {n_bytes} bytes; give 0 to {n_bytes}."
        )
    return start + column_bytes


def _n_bytes_to_finish(character: bytes, after: bytes) -> int:
    """How many of the bytes after the cursor finish the character; 0 when they do not."""
    for n in range(1, min(3, len(after)) + 1):
        try:
            (character + after[:n]).decode()
        except UnicodeDecodeError:
            continue
        return n
    return 0


def _with_line_feeds(text: bytes) -> bytes:
    return LINE_BREAK.sub(b"\n", text)
