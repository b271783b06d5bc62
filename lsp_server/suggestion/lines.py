"""Lines, their indentation, and which of them say the same. Pure functions on bytes; knows no syntax."""

from __future__ import annotations

import re

from lsp_server.suggestion.seams import BLANKS, WHITE

TAB_COLUMNS = 4  # only to compare lines of a file that has both
_BLANKS = re.compile(rb"[ \t]+")
_WORD = re.compile(rb"[ \t]*([@#]?\w+|[^\w\s])")
_FEW_LINES = 8


def width(line: bytes) -> int:
    """Columns of white space at the start of a line."""
    columns = 0
    for byte in line:
        if byte == 0x20:
            columns += 1
        elif byte == 0x09:
            columns += TAB_COLUMNS - columns % TAB_COLUMNS
        else:
            break
    return columns


def line_before(text: bytes) -> bytes:
    """What stands between the last line break and the end."""
    return text[text.rfind(b"\n") + 1 :]


def last_line_with_text(text: bytes) -> bytes:
    """The last line that is not blank, without its line break; empty when all are."""
    whole = text.rstrip(WHITE)
    return line_before(whole)


def first_lines_with_text(text: bytes, n: int = _FEW_LINES) -> list[bytes]:
    """The first lines that are not blank, without line breaks; at most `n`."""
    found: list[bytes] = []
    start = 0
    while len(found) < n and start < len(text):
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        if text[start:end].strip(WHITE):
            found.append(text[start:end])
        start = end + 1
    return found


def first_word(line: bytes) -> bytes:
    """The word or the sign that a line begins with, behind its indentation."""
    found = _WORD.match(line)
    return found.group(1) if found else b""


def sameness(line: bytes) -> bytes:
    """What two lines have in common that differ in white space only."""
    return _BLANKS.sub(b" ", line.strip(WHITE))


def indentation(line: bytes) -> bytes:
    """The blanks that a line begins with."""
    return line[: len(line) - len(line.lstrip(BLANKS))]
