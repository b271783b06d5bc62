"""Syntax trees of documents, each parsed anew only where its text differs from the one parsed before.

Nobody tells what was edited: the edit is the difference of two texts, so that a tree cannot drift from its text. Knows
nothing of what the trees mean.
"""

from __future__ import annotations

from collections import OrderedDict

from tree_sitter import Parser, Tree

from byte_fim.sequences import common_beginning, common_end
from lsp_server.syntax.vocabulary import Grammar


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


def _is_within_character(old: bytes, new: bytes, old_at: int, new_at: int | None = None) -> bool:
    new_at = old_at if new_at is None else new_at
    return any(text[at : at + 1] and 0x80 <= text[at] < 0xC0 for text, at in ((old, old_at), (new, new_at)))


def _point(text: bytes, at: int) -> tuple[int, int]:
    return text.count(b"\n", 0, at), at - (text.rfind(b"\n", 0, at) + 1)
