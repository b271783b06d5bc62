"""Which part of a document is enough to be parsed with every token: the items around the cursor.

Items are what stands at the top level; within a large one, such as a class, what stands in its body, so that of the
large one only head and foot are needed. Where they begin is told by a tree of the whole document, which is parsed only
when the text has changed in too long a stretch since. Knows nothing of what is asked about the part.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node, Parser

from byte_fim.sequences import common_beginning, common_end
from lsp_server.syntax.vocabulary import Grammar

WHOLE_BYTES = 8 * 1024  # smaller documents are parsed as they are
LARGE_BYTES = 4 * 1024  # larger items are looked into
MOST_BYTES = 24 * 1024  # with a larger part the items are looked for anew
MOST_BROKEN = 200  # items with errors
LONGEST_STRETCH_BYTES = 4 * 1024  # of changes


@dataclass(frozen=True, slots=True)
class Part:
    """What is parsed instead of the document."""

    before: bytes
    after: bytes
    is_at_end: bool
    """nothing but white space follows the cursor in the document"""


@dataclass(frozen=True, slots=True)
class _Span:
    """Items in a row, and what must stand around some of them that all makes sense."""

    starts: Sequence[int]
    """of the lines in which they begin"""
    head: tuple[int, int]
    foot: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Known:
    grammar: Grammar
    text: bytes
    top: _Span
    insides: Sequence[_Span]
    """of the large items, in their order"""
    is_hopeless: bool


class Items:
    """The items of the documents asked about last."""

    def __init__(self, n_kept: int = 8) -> None:
        self._n_kept = n_kept
        self._kept: OrderedDict[str, _Known] = OrderedDict()

    def around(self, uri: str, grammar: Grammar, before: bytes, after: bytes) -> Part | None:
        """The part around the cursor; all of the document where it is small or items cannot be told; None where the
        document is broken so often that it is hardly in this language.
        """
        is_at_end = not after.strip()
        if len(before) + len(after) <= WHOLE_BYTES:
            return Part(before, after, is_at_end)
        text = before + after
        known = self._kept.get(uri)
        found = None if known is None or known.grammar is not grammar else _choose(known, text, len(before))
        if found is None:
            self._kept[uri] = known = _find_items(grammar, text)
            found = _choose(known, text, len(before))
        assert known is not None
        self._kept.move_to_end(uri)
        while len(self._kept) > self._n_kept:
            self._kept.popitem(last=False)
        return None if known.is_hopeless else Part(*(found or (before, after)), is_at_end)


def _choose(known: _Known, text: bytes, cursor: int) -> tuple[bytes, bytes] | None:
    """Both sides of the part, by items in what has not changed; None where too much has."""
    n_same = common_beginning(known.text, text)
    n_same_end = common_end(known.text[n_same:], text[n_same:])
    changed_end = len(known.text) - n_same_end
    if max(changed_end, len(text) - n_same_end) - n_same > LONGEST_STRETCH_BYTES:
        return None
    shift = len(text) - len(known.text)
    line_start = text.rfind(b"\n", 0, cursor) + 1
    for span in (*known.insides, known.top):
        first, last = min(n_same, line_start), max(changed_end, cursor - shift)
        if not (span.head[1] <= first and last <= span.foot[0]):
            continue
        above, below = bisect_left(span.starts, first), bisect_right(span.starts, last)
        start = span.starts[above - 2] if above >= 2 else span.head[1]
        end = span.starts[below + 1] if below + 1 < len(span.starts) else span.foot[0]
        if end - start > MOST_BYTES and span is not known.top:
            continue
        head, foot = text[slice(*span.head)], text[span.foot[0] + shift : span.foot[1] + shift]
        begins_at = span.head[0] if span.head[1] else start
        preface = known.grammar.preface if begins_at else b""
        return preface + head + text[start:cursor], text[cursor : end + shift] + foot
    return None


def _find_items(grammar: Grammar, text: bytes) -> _Known:
    root = Parser(grammar.language).parse(text).root_node
    items = [node for node in root.children if node.start_point[1] == 0 and node.is_named and not node.is_extra]
    n_broken = sum(node.child_count if node.is_error else node.has_error for node in (root, *root.children))
    top = _Span([node.start_byte for node in items if not node.is_error], (0, 0), (len(text), len(text)))
    large = (node for node in items if node.end_byte - node.start_byte > LARGE_BYTES and not node.has_error)
    return _Known(
        grammar,
        text,
        top,
        [span for node in large if (span := _look_into(node, text)) is not None],
        n_broken > MOST_BROKEN,
    )


def _look_into(item: Node, text: bytes) -> _Span | None:
    """What stands in the body of a class or the like, in lines of their own, equally indented."""
    body: Node | None = item
    while body is not None and len(body.named_children) < 4:
        body = max(body.named_children, key=lambda node: node.end_byte - node.start_byte, default=None)
    if body is None or body.end_byte - body.start_byte < LARGE_BYTES:
        return None
    columns = body.named_children[0].start_point[1]
    members = [node for node in body.named_children if node.start_point[1] == columns and not node.is_extra]
    starts = [node.start_byte - columns for node in members]
    starts = [at for at in starts if not text[at : at + columns].strip()]
    if len(starts) < 2:
        return None
    return _Span(starts[1:], (item.start_byte, starts[0]), (members[-1].end_byte, item.end_byte))
