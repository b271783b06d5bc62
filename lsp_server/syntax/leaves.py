"""The leaves of a syntax tree between two offsets, as far as they can be relied on.

Strings, comments and text of markup come whole, each as one leaf; a string with interpolations in pieces around them.
Where a string or comment is open, the tree reads what follows as code: such leaves are left out here. Knows no pairs
of brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node, Tree, TreeCursor

from lsp_server.syntax import quotes
from lsp_server.syntax.vocabulary import Grammar

OPEN = "open string"
TAGS = frozenset(
    (
        "start_tag",
        "end_tag",
        "self_closing_tag",
        "erroneous_end_tag",
        "jsx_opening_element",
        "jsx_closing_element",
        "jsx_self_closing_element",
    )
)

_TEXT = frozenset(("text", "raw_text", "jsx_text"))
_NOT_WHOLE = TAGS | {"colon_block", "switch_block"}  # they open what is closed behind them
_FAR_BYTES = 64  # no child without a node, such as a line break, is longer
_BARE_BREAK = re.compile(rb"(?<!\\)\r?\n")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf, or what is taken for one."""

    start: int
    end: int
    kind: str
    """type of the node; or "string", "comment", "text", "open string" """
    node: Node
    parent: Node | None


def leaves_between(tree: Tree, text: bytes, start: int, end: int, grammar: Grammar) -> Iterator[Leaf]:
    """All that end after `start` and begin before `end`. Tags that begin there are one leaf each.

    An open string is a leaf that reaches to the end of its line, or, when it may go on, to the end of the text; with it
    the leaves end. One that begins before `start` is not seen.
    """
    return _Walk(tree, text, start, end, grammar, is_sparse=False).leaves()


def unbalanced_leaves(tree: Tree, text: bytes, start: int, end: int, grammar: Grammar) -> Iterator[Leaf]:
    """As leaves_between, without those in nodes that are whole: such nodes close what they open.

    Nodes that hold `start`, or reach to `end`, are gone through.
    """
    return _Walk(tree, text, start, end, grammar, is_sparse=True).leaves()


def unfinished_from(tree: Tree, text: bytes, grammar: Grammar) -> int:
    """Where the string or comment begins that is open at the end of the text; also one in whose interpolation it ends.

    The length of the text when there is none. Leaves behind this text can be told from here on.
    """
    walk = _Walk(tree, text, 0, len(text), grammar, is_sparse=True)
    found = len(text)
    for leaf in walk.leaves():
        if leaf.kind == OPEN and leaf.end == len(text):
            found = leaf.start
    return found if walk.quote_start is None else walk.quote_start


class _Walk:
    def __init__(self, tree: Tree, text: bytes, start: int, end: int, grammar: Grammar, *, is_sparse: bool) -> None:
        self._root = tree.root_node
        self._text = text
        self._start = start
        self._end = end
        self._last = len(text[:end].rstrip())
        self._grammar = grammar
        self._is_sparse = is_sparse
        self._has_heredocs = "heredoc_body" in grammar.string_types
        self._at = start  # where the leaf before ends
        self._resume = 0  # what begins before stands in an open string, or in a piece of one
        self._pieces_end = 0  # how far the pieces of a string reach that stand side by side in an error
        self._code_start: int | None = None  # the bracket of an interpolation that is open
        self._n_braces = 0  # open in it
        self.quote_start: int | None = None  # of the string that the interpolation is in
        self._heredoc_start: int | None = None  # of one that is open
        self._is_over = False

    def leaves(self) -> Iterator[Leaf]:
        yield from self._below(self._root, None)
        if self._is_over:
            return
        if self._heredoc_start is not None and self._start <= self._heredoc_start < self._end:
            yield Leaf(self._heredoc_start, len(self._text), OPEN, self._root, None)
        elif self._root.has_error:
            yield from self._find_in_gap(self._root, None, min(self._end, len(self._text)))

    def _below(self, top: Node, parent: Node | None) -> Iterator[Leaf]:
        """Those of a node, depth first; with a cursor, since trees may be deeper than calls."""
        cursor = top.walk()
        path: list[Node | None] = [parent]
        node = top
        while not self._is_over and node.start_byte < self._end:
            if self._is_passed_over(node):
                self._at = max(self._at, node.end_byte)
            elif self._is_one(node):
                yield from self._take(node, path[-1])
            elif self._goto_first_child(cursor, node):
                if node.type == "heredoc_redirect":
                    self._heredoc_start = quotes.find_open_heredoc(node, self._text)
                path.append(node)
                node = _node(cursor.node)
                continue
            while not cursor.goto_next_sibling():
                if len(path) == 1 or not cursor.goto_parent():
                    return
                path.pop()
            node = _node(cursor.node)

    def _goto_first_child(self, cursor: TreeCursor, node: Node) -> bool:
        """To the first one that ends after `start`; False when there is none."""
        if node.start_byte >= self._start:
            return cursor.goto_first_child()
        for at in range(self._start, min(node.end_byte, self._start + _FAR_BYTES)):
            if cursor.goto_first_child_for_byte(at) is not None:  # None, too, where a hidden child is
                return True
        return False

    def _is_passed_over(self, node: Node) -> bool:
        start, end = node.start_byte, node.end_byte
        if end <= self._start or start == end:
            return True
        if not self._is_sparse or node.has_error or start < self._start or end >= self._last:
            return False
        if not node.child_count or node.type in _NOT_WHOLE or quotes.is_string(node, self._grammar):
            return False
        return not self._has_heredocs or self._text.find(b"<<", start, end) < 0

    def _is_one(self, node: Node) -> bool:
        kind = node.type
        if kind in TAGS:
            return node.start_byte >= self._start and not node.has_error
        return not node.child_count or quotes.is_string(node, self._grammar) or kind in self._grammar.comment_types

    def _take(self, node: Node, parent: Node | None) -> Iterator[Leaf]:
        start, kind = node.start_byte, node.type
        if self._heredoc_start is not None and start >= self._heredoc_start:
            yield Leaf(self._heredoc_start, len(self._text), OPEN, node, parent)
            self._is_over = True
        elif quotes.is_string(node, self._grammar):
            yield from self._take_string(node, parent)
        elif kind in self._grammar.comment_types:
            end = start + len(self._text[start : node.end_byte].rstrip(b"\r\n"))
            yield from self._emit(Leaf(start, end, "comment", node, parent))
        elif kind in TAGS or kind in _TEXT:
            yield from self._take_trimmed(node, parent, "text" if kind in _TEXT else kind)
        elif start < self._pieces_end and (quotes.is_stray(node) or self._is_closing_quote(node)):
            yield from self._emit(Leaf(start, node.end_byte, "string", node, parent))
        elif start >= self._resume and quotes.opens(node, parent, self._text, self._grammar):
            yield from self._take_quote(node, parent)
        elif start >= self._resume and quotes.is_stray(node):
            self._is_over = True
        elif kind in ("string", "comment", "text") and parent is not None:  # a type of that name
            yield from self._take_trimmed(node, parent, parent.type)
        else:
            yield from self._take_trimmed(node, parent, kind)

    def _is_closing_quote(self, node: Node) -> bool:
        return self._code_start is None and node.end_byte == self._pieces_end

    def _take_trimmed(self, node: Node, parent: Node | None, kind: str) -> Iterator[Leaf]:
        said = self._text[node.start_byte : node.end_byte]
        start, end = node.end_byte - len(said.lstrip()), node.start_byte + len(said.rstrip())
        if start < end:  # not so of a line break that is a token
            yield from self._emit(Leaf(start, end, kind, node, parent))

    def _take_string(self, node: Node, parent: Node | None) -> Iterator[Leaf]:
        start = node.start_byte
        line_start = self._text.rfind(b"\n", 0, start) + 1
        if node.type == "heredoc_body" and line_start and not self._text[line_start:start].strip():
            start = line_start - 1  # behind the line that announces it nothing can be cut
        if not quotes.is_closed(node) or quotes.begins_comment(self._text, start, self._grammar):
            yield from self._open(start, node, parent)
            return
        for inner in quotes.code_within(node, self._grammar):
            yield from self._take_piece(start, inner.start_byte, node, parent)
            yield from self._below(inner, node)
            start = inner.end_byte
        yield from self._take_piece(start, node.end_byte, node, parent)

    def _take_piece(self, start: int, end: int, node: Node, parent: Node | None) -> Iterator[Leaf]:
        if start == end or end <= self._start or start >= self._end:
            return
        if _BARE_BREAK.search(self._text, start, end) and not self._may_span(node.start_byte):
            yield from self._open(start, node, parent)
        else:
            yield from self._emit(Leaf(start, end, "string", node, parent))

    def _take_quote(self, quote: Node, parent: Node | None) -> Iterator[Leaf]:
        if quote.type == "heredoc_start":  # what it announces begins on the next line
            line_end = self._text.find(b"\n", quote.end_byte)
            self._heredoc_start = None if line_end < 0 else line_end
            yield from self._emit(Leaf(quote.start_byte, quote.end_byte, quote.type, quote, parent))
            return
        is_lost = parent is not None and parent.is_error
        found = quotes.find_end_of_pieces(quote, self._text, self._grammar) if is_lost else None
        if found is None:
            yield from self._open(quote.start_byte, quote, parent)
            return
        self._pieces_end, self._code_start = found
        self._n_braces = 0
        if self._code_start is not None and self.quote_start is None:
            self.quote_start = quote.start_byte
        yield from self._emit(Leaf(quote.start_byte, quote.end_byte, "string", quote, parent))

    def _open(self, start: int, node: Node, parent: Node | None) -> Iterator[Leaf]:
        """A string or comment that goes on from here and does not end, at least not where it may."""
        spans = node.type == "heredoc_body" or self._may_span(node.start_byte) or self._may_span(start)
        line_end = self._text.find(b"\n", start)
        end = len(self._text) if spans or line_end < 0 else line_end
        yield from self._emit(Leaf(start, end, OPEN, node, parent))
        self._resume = max(self._resume, end)
        has_swallowed = quotes.is_string(node, self._grammar) and node.end_byte > end
        self._is_over = self._is_over or has_swallowed or end == len(self._text)

    def _emit(self, leaf: Leaf) -> Iterator[Leaf]:
        if leaf.start >= self._resume and not self._is_over:
            yield from self._find_in_gap(leaf.node, leaf.parent, leaf.start)
        if self._is_over:
            return
        if leaf.start < self._resume:
            self._is_over = leaf.end > self._resume  # it has swallowed a line break
            return
        self._at = max(self._at, leaf.end)
        yield leaf
        if self._code_start is not None and leaf.start >= self._code_start:
            yield from self._leave_code(leaf)

    def _leave_code(self, leaf: Leaf) -> Iterator[Leaf]:
        """Behind the bracket that closes an interpolation the string goes on, though the tree does not know."""
        said = self._text[leaf.start : leaf.end]
        self._n_braces += (leaf.kind in self._grammar.openers) - (leaf.kind in self._grammar.closers)
        if self._n_braces == 0 and said in (b"}", b")"):
            self._code_start = None
            yield from self._open(leaf.end, leaf.node, leaf.parent)
            if not self._is_over:
                self.quote_start = None

    def _find_in_gap(self, node: Node, parent: Node | None, before: int) -> Iterator[Leaf]:
        at, self._at = self._at, before
        if parent is not None and not parent.is_error:
            return
        start = quotes.find_in_gap(self._text, at, before, self._grammar)
        if start is None:
            return
        line_end = self._text.find(b"\n", start)
        end = len(self._text) if self._may_span(start) or line_end < 0 else line_end
        self._resume, self._is_over = end, end == len(self._text)
        yield Leaf(start, end, OPEN, node, parent)

    def _may_span(self, start: int) -> bool:
        return quotes.may_span(self._text, start, self._grammar)


def _node(node: Node | None) -> Node:
    assert node is not None  # a cursor stands on one
    return node
