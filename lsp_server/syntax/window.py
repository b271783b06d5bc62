"""How much of a document is parsed: all of it, a window around the cursor, or nothing of what no person wrote.

Knows nothing of trees.
"""

from __future__ import annotations

import re

from lsp_server.syntax.grammars import words_within_items

PARSE_BUDGET_BYTES = 512 * 1024  # some 50 ms from scratch; mostly only what differs is parsed

_LONGEST_LINE_BYTES = 20_000
_N_STEPS = 16  # in the budget, by which the edges of a window move
_MOST_BYTES_BEYOND_EDGE = 64 * 1024  # how far from the edge of a window the line is looked for at which it begins
_LINE = re.compile(rb"(?<=\n)(?=[^\n])")
_WORD = re.compile(rb"[\w@#]+|</?|[^\s)\]}]")  # at the start of a line that is not indented and closes nothing
_DEFINITION = re.compile(
    rb"@\w|#\[|#(?:include|define|if)|(?:async|class|const|def|enum|export|fn|func|function|impl|import|interface|local"
    rb"|module|mod|namespace|package|private|protected|pub|public|static|struct|template|trait|type|typedef|use|using"
    rb"|var)\b"
)


def may_be_parsed(before: bytes, after: bytes) -> bool:
    """False with a line that no person wrote: a parser may take minutes over it."""
    return all(len(line) <= _LONGEST_LINE_BYTES for line in (before + after).split(b"\n"))


def window(before: bytes, after: bytes) -> tuple[bytes, bytes]:
    """Both sides of a cursor, whole when the parse budget allows, else the parts around it, half the budget each.

    They begin and end where a top-level item begins: a line in column 0 that closes nothing and goes on with nothing,
    if possible with a definition behind a blank line; where there is none near, at the least indented line. Typing
    moves them rarely, so that little of the window differs from the one before.
    """
    if len(before) + len(after) <= PARSE_BUDGET_BYTES:
        return before, after
    half = PARSE_BUDGET_BYTES // 2
    n_above = _in_steps(len(before) - max(half, PARSE_BUDGET_BYTES - len(after)))
    n_below = _in_steps(len(after) - max(half, PARSE_BUDGET_BYTES - len(before)))
    start = _find_item(before, n_above, is_last=False) if n_above else 0
    end = _find_item(after, len(after) - n_below, is_last=True) if n_below else len(after)
    return before[start:], after[:end]


def _in_steps(n_bytes: int) -> int:
    step = PARSE_BUDGET_BYTES // _N_STEPS
    return -(-max(0, n_bytes) // step) * step


def _find_item(text: bytes, edge: int, *, is_last: bool) -> int:
    """Where a top-level item begins: the first one behind the edge, or the last one in front of it."""
    start = max(0, edge - _MOST_BYTES_BEYOND_EDGE) if is_last else edge
    end = edge if is_last else edge + _MOST_BYTES_BEYOND_EDGE
    lines = [start + found.start() for found in _LINE.finditer(text[start:end])]
    if is_last:
        lines.reverse()
    items = [at for at in lines if _begins_item(text, at)]
    if items:
        return min(items, key=lambda at: _doubt(text, at))  # of equal ones the first
    return min(lines, key=lambda at: _n_blanks(text, at), default=edge)


def _begins_item(text: bytes, at: int) -> bool:
    word = _WORD.match(text, at)
    return word is not None and word.group() not in words_within_items()


def _doubt(text: bytes, at: int) -> int:
    """How little sure it is that code begins here, and not a line of a long string or comment."""
    return 2 * (_DEFINITION.match(text, at) is None) + (not text.endswith(b"\n\n", 0, at))


def _n_blanks(text: bytes, at: int) -> int:
    line = text[at : at + 200]
    return len(line) - len(line.lstrip(b" \t"))
