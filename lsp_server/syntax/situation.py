"""What kind of text a place in a document is in: a string, a comment, an import. Knows no brackets."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Tree

from lsp_server.syntax.leaves import OPEN, Leaf, unbalanced_leaves
from lsp_server.syntax.vocabulary import Grammar


@dataclass(frozen=True, slots=True)
class Situation:
    """What a place is in."""

    in_string: bool
    """not in the code of an interpolation"""
    in_comment: bool
    in_import: bool

    @property
    def is_one_line(self) -> bool:
        """True where a continuation is no more than a line."""
        return self.in_string or self.in_comment or self.in_import

    def also(self, other: Situation) -> Situation:
        """What either says."""
        return Situation(
            in_string=self.in_string or other.in_string,
            in_comment=self.in_comment or other.in_comment,
            in_import=self.in_import or other.in_import,
        )


def situation_at(tree: Tree, text: bytes, offset: int, grammar: Grammar) -> Situation:
    """What the offset is strictly inside of, in the tree of `text`, a document or the part before a cursor.

    The end of a line comment, and of a string that is open there, is inside, too. An import is also told by how its
    line begins.
    """
    in_string = in_comment = False
    for leaf in unbalanced_leaves(tree, text, 0, offset + 1, grammar):
        goes_on = leaf.kind == OPEN and leaf.node.end_byte == leaf.start  # behind an interpolation
        if leaf.end < offset or leaf.start >= offset + goes_on:
            continue
        if leaf.kind == OPEN:
            is_comment = bool(grammar.block_comment) and text.startswith(grammar.block_comment, leaf.start)
            in_comment, in_string = in_comment or is_comment, in_string or not is_comment
        elif leaf.kind == "comment":
            in_comment = in_comment or offset < leaf.end or _is_line_comment(text, leaf, grammar)
        elif leaf.kind == "string":
            in_string = in_string or offset < leaf.end or leaf.end < leaf.node.end_byte  # in front of `{x}`
    return Situation(in_string, in_comment, _is_in_import(tree, text, offset, grammar))


def _is_line_comment(text: bytes, leaf: Leaf, grammar: Grammar) -> bool:
    return not grammar.block_comment or not text.startswith(grammar.block_comment, leaf.start)


def _is_in_import(tree: Tree, text: bytes, offset: int, grammar: Grammar) -> bool:
    line = text[text.rfind(b"\n", 0, offset) + 1 : offset].lstrip()
    if grammar.import_line.match(line) and not line.rstrip().endswith(b";"):
        return True
    cursor = tree.walk()  # from the top: `Node.parent` of what is missing may end the process
    while (node := cursor.node) is not None and node.start_byte < offset <= node.end_byte:
        if node.type in grammar.import_types:
            return offset < node.end_byte
        if cursor.goto_first_child_for_byte(offset - 1) is None:
            break
    return False
