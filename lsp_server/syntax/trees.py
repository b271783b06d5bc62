"""Syntax trees of documents, each parsed anew only where its text differs from the one parsed before.

Nobody tells what was edited: the edit is the difference of two texts, so that a tree cannot drift from its text. Of a
document that is too large, a window around the cursor is parsed. Knows nothing of what the trees mean.
"""

from __future__ import annotations

import re
from collections import OrderedDict

from tree_sitter import Parser, Tree

from lsp_server.syntax.grammars import words_within_items
from lsp_server.syntax.vocabulary import Grammar

_LONGEST_LINE_BYTES = 20_000
_DEEPEST = 200  # brackets of a kind that are not closed
_PAIRS = (b"(", b")"), (b"[", b"]"), (b"{", b"}")
PARSE_BUDGET_BYTES = 512 * 1024  # some 50 ms from scratch; mostly only what differs is parsed

_MOST_BYTES_BEYOND_EDGE = 64 * 1024  # how far from the edge of a window the line is looked for at which it begins
_LINE = re.compile(rb"(?<=\n)(?=[^\n])")
_WORD = re.compile(rb"[\w@#]+|</?|[^\s)\]}]")  # at the start of a line that is not indented and closes nothing
_DEFINITION = re.compile(
    rb"@\w|#\[|#(?:include|define|if)|(?:async|class|const|def|enum|export|fn|func|function|impl|import|interface|local"
    rb"|module|mod|namespace|package|private|protected|pub|public|static|struct|template|trait|type|typedef|use|using"
    rb"|var)\b"
)


class Trees:
    """The trees of the documents asked about last, one for each."""

    def __init__(self, n_kept: int = 8) -> None:
        self._n_kept = n_kept
        self._kept: OrderedDict[str, tuple[Grammar, bytes, Tree]] = OrderedDict()

    def parse(self, uri: str, grammar: Grammar, text: bytes) -> Tree:
        """The tree of `text`, which is what the document `uri` says now. Trees given before stay as they were."""
        known = self._kept.pop(uri, None)
        if known is None or known[0] is not grammar:
            tree = Parser(grammar.language).parse(text)
        else:
            tree = reparse(grammar, known[2], known[1], text)
        self._kept[uri] = grammar, text, tree
        while len(self._kept) > self._n_kept:
            self._kept.popitem(last=False)
        return tree


def reparse(grammar: Grammar, tree: Tree, old: bytes, new: bytes) -> Tree:
    """The tree of `new`, where `tree` is that of `old` and stays so. Costs little when they differ in one place."""
    if old == new:
        return tree
    start = common_beginning(old, new)
    n_end = common_end(old[start:], new[start:])
    while start and _is_within_character(old, new, start):
        start -= 1
    while n_end and _is_within_character(old, new, len(old) - n_end, len(new) - n_end):
        n_end -= 1
    old_end, new_end = len(old) - n_end, len(new) - n_end
    edited = tree.copy()
    edited.edit(start, old_end, new_end, _point(old, start), _point(old, old_end), _point(new, new_end))
    return Parser(grammar.language).parse(new, edited)


def may_be_parsed(before: bytes, after: bytes) -> bool:
    """False for what no person wrote: a very long line, or brackets very deep; there a parser may take minutes."""
    text = before + after
    if any(len(line) > _LONGEST_LINE_BYTES for line in text.split(b"\n")):
        return False
    return all(abs(text.count(opener) - text.count(closer)) < _DEEPEST for opener, closer in _PAIRS)


def window(before: bytes, after: bytes) -> tuple[bytes, bytes]:
    """Both sides of a cursor, whole when the parse budget allows, else the parts around it, half the budget each.

    They begin and end where a top-level item begins: a line in column 0 that closes nothing and goes on with nothing,
    if possible with a definition behind a blank line; where there is none near, at the least indented line.
    """
    if len(before) + len(after) <= PARSE_BUDGET_BYTES:
        return before, after
    half = PARSE_BUDGET_BYTES // 2
    n_before = min(len(before), max(half, PARSE_BUDGET_BYTES - len(after)))
    n_after = min(len(after), max(half, PARSE_BUDGET_BYTES - len(before)))
    start = 0 if n_before == len(before) else _find_item(before, len(before) - n_before, is_last=False)
    end = len(after) if n_after == len(after) else _find_item(after, n_after, is_last=True)
    return before[start:], after[:end]


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


def common_beginning(old: bytes, new: bytes) -> int:
    """How many bytes two texts begin with alike."""
    low, high = 0, min(len(old), len(new))
    if old[:high] == new[:high]:
        return high
    while high - low > 1:  # equal up to low, not up to high
        middle = (low + high) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle
    return low


def common_end(old: bytes, new: bytes) -> int:
    """How many bytes two texts end with alike."""
    low, high = 0, min(len(old), len(new))
    if old[len(old) - high :] == new[len(new) - high :]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if old[len(old) - middle : len(old) - low] == new[len(new) - middle : len(new) - low]:
            low = middle
        else:
            high = middle
    return low


def _is_within_character(old: bytes, new: bytes, old_at: int, new_at: int | None = None) -> bool:
    new_at = old_at if new_at is None else new_at
    return any(text[at : at + 1] and 0x80 <= text[at] < 0xC0 for text, at in ((old, old_at), (new, new_at)))


def _point(text: bytes, at: int) -> tuple[int, int]:
    return text.count(b"\n", 0, at), at - (text.rfind(b"\n", 0, at) + 1)
