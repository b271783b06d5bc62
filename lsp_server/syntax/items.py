"""Which part of a document is enough to be parsed with every token: the top-level items around the cursor.

Where items begin is told by a tree of the whole document, which is parsed only when the text has changed in too large a
stretch since. Knows nothing of what is asked about the part.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from dataclasses import dataclass

from tree_sitter import Parser

from lsp_server.syntax.trees import common_beginning, common_end
from lsp_server.syntax.vocabulary import Grammar

WHOLE_BYTES = 8 * 1024  # smaller documents are parsed as they are
MOST_BYTES = 32 * 1024  # with a larger part the items are looked for anew
N_ABOVE = 2  # items before that of the cursor


@dataclass(frozen=True, slots=True)
class _Known:
    grammar: Grammar
    text: bytes
    starts: list[int]
    """of items, at the start of a line"""


class Items:
    """The items of the documents asked about last."""

    def __init__(self, n_kept: int = 8) -> None:
        self._n_kept = n_kept
        self._kept: OrderedDict[str, _Known] = OrderedDict()

    def around(self, uri: str, grammar: Grammar, before: bytes, after: bytes) -> tuple[bytes, bytes]:
        """The ends of both that hold the items around the cursor; all of them where items cannot be told."""
        if len(before) + len(after) <= WHOLE_BYTES:
            return before, after
        text = before + after
        known = self._kept.get(uri)
        found = None if known is None or known.grammar is not grammar else _choose(known, text, len(before))
        if found is None or found[1] - found[0] > MOST_BYTES:
            self._kept[uri] = known = _Known(grammar, text, _find_starts(grammar, text))
            found = _choose(known, text, len(before))
        self._kept.move_to_end(uri)
        while len(self._kept) > self._n_kept:
            self._kept.popitem(last=False)
        start, end = found or (0, len(text))
        return (grammar.preface if start else b"") + before[start:], after[: end - len(before)]


def _choose(known: _Known, text: bytes, cursor: int) -> tuple[int, int] | None:
    """Start and end of the part, by items in what has not changed; None where too much has."""
    old = known.text
    n_same = common_beginning(old, text)
    n_same_end = common_end(old[n_same:], text[n_same:])
    line_start = text.rfind(b"\n", 0, cursor) + 1
    above = bisect_left(known.starts, min(n_same, line_start))
    start = known.starts[above - N_ABOVE] if above >= N_ABOVE else 0
    shift = len(text) - len(old)
    below = bisect_right(known.starts, max(len(old) - n_same_end, cursor - shift))
    end = known.starts[below] + shift if below < len(known.starts) else len(text)
    return (start, end) if start <= cursor <= end else None


def _find_starts(grammar: Grammar, text: bytes) -> list[int]:
    tree = Parser(grammar.language).parse(text)
    return [
        node.start_byte
        for node in tree.root_node.children
        if node.start_point[1] == 0 and node.is_named and not node.is_error and not node.is_extra
    ]
