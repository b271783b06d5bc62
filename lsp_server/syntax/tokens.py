"""The tokens of a text by its syntax tree: what opens, what closes, what is open at a place.

Words such as `do` count, and tags of markup; so do brackets, but none in strings and comments. Where code is broken,
which code at a cursor is, the tree has only pieces, and how they stand in their lines decides. Knows no suggestions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tree_sitter import Node, Tree

from lsp_server.syntax.leaves import OPEN, TAGS, Leaf, leaves_between, unbalanced_leaves
from lsp_server.syntax.vocabulary import Grammar

_END_TAGS = frozenset(("end_tag", "erroneous_end_tag", "jsx_closing_element"))
_VOID = frozenset(b"area base br col embed hr img input link meta param source track wbr".split())
_TAG_NAME = re.compile(rb"</?\s*([^\s/<>]*)")
_NAME_END = re.compile(rb"[\w\x80-\xff)\]>!?]")
_NO_WORD_BEHIND = (b".", b":", b"@", b"$")  # `x.end`, `:end`
_FAR_BYTES = 4096  # no `case` is longer


@dataclass(frozen=True, slots=True)
class Token:
    """A leaf of a tree, or a string, comment or tag as a whole."""

    start: int
    end: int
    kind: str
    """type of the leaf; or "string", "comment", "text", "tag:NAME", "open string" (a comment may be what is open)"""
    text: bytes
    is_opener: bool
    is_closer: bool
    parent: str = ""
    """type of the node that the leaf is in"""
    is_broken: bool = False
    """it stands in an error, so that its parent says nothing"""
    closed_by: tuple[str, ...] = ()
    """kinds of what closes it"""
    is_argument_list: bool = False
    """it opens what stands in round brackets right behind a name"""

    @property
    def is_bracket(self) -> bool:
        """True for brackets of all kinds, not for words and tags."""
        return (self.is_opener or self.is_closer) and not self.is_word and not self.is_tag

    @property
    def is_word(self) -> bool:
        """True for `do`, `end` and others that open or close as brackets do; not for tags."""
        is_spelled = self.kind.isalpha() or self.kind == ":"
        return (self.is_opener or self.is_closer) and is_spelled

    @property
    def is_tag(self) -> bool:
        """True for a start tag or an end tag."""
        return self.kind.startswith("tag:")

    def is_closed_by(self, closer: Token) -> bool:
        """True when the two are a pair."""
        return closer.is_closer and closer.kind in self.closed_by

    def moved(self, n_bytes: int) -> Token:
        """The same token in a text that begins elsewhere."""
        return replace(self, start=self.start + n_bytes, end=self.end + n_bytes)


def tokens_between(tree: Tree, text: bytes, start: int, end: int, grammar: Grammar) -> list[Token]:
    """All that end after `start` and begin before `end`, in their order; nothing that is MISSING, no white space.

    A string with interpolations is a token for each piece between them; a tag that begins before `start` comes in its
    leaves. A string or comment that is never closed, or not on its line where it must be, is an "open string": it
    reaches to the end of the line, or of the text where it may go on, and then it is the last. It is the last, too,
    where the tree has lost its way behind it. One that begins before `start` is not seen: see leaves.unfinished_from.
    Costs as many steps as there are leaves, whatever the size of the text.
    """
    return [_token(leaf, text, grammar) for leaf in leaves_between(tree, text, start, end, grammar)]


def open_at_end(tree: Tree, text: bytes, grammar: Grammar) -> list[Token]:
    """What is opened and not closed before the end of the text, the innermost last.

    Only what is broken or reaches to the end is looked into: whole nodes close what they open.
    """
    leaves = unbalanced_leaves(tree, text, 0, len(text), grammar)
    opened: list[Token] = []
    for token in (_token(leaf, text, grammar) for leaf in leaves):
        if token.is_opener:
            opened.append(token)
        elif token.is_closer:
            _close(opened, token)
    return opened


def find_closer(tree: Tree, text: bytes, opener: Token, grammar: Grammar) -> int | None:
    """Where an opener of this text is closed; None when nothing closes it."""
    opened = [opener]
    for leaf in unbalanced_leaves(tree, text, opener.end, len(text), grammar):
        token = _token(leaf, text, grammar)
        if token.is_opener:
            opened.append(token)
        elif token.is_closer and not _close(opened, token) and token.is_bracket:
            return None  # closes something further out
        if not opened:
            return token.start
    return None


def _close(opened: list[Token], closer: Token) -> bool:
    """Take from the openers the innermost that it closes, and those within, which nothing has closed."""
    for i in range(len(opened) - 1, -1, -1):
        if opened[i].is_closed_by(closer):
            del opened[i:]
            return True
    return False


def _token(leaf: Leaf, text: bytes, grammar: Grammar) -> Token:
    kind, node, parent = leaf.kind, leaf.node, leaf.parent
    closed_by: tuple[str, ...] = ()
    is_closer = False
    if tag := _tag_of(leaf):
        name = _tag_name(tag, text)
        kind = "tag:" + name.decode(errors="replace")
        closed_by = (kind,) if _opens_element(tag, name, text) else ()
        is_closer = tag.type in _END_TAGS
    elif kind not in ("string", "comment", "text", OPEN):
        if kind == "interpolation_brace":
            kind = text[leaf.start : leaf.end].decode()
        kind = kind.strip()
        if kind in grammar.openers and _opens(leaf, kind, text, grammar):
            closed_by = grammar.openers[kind]
        is_closer = kind in grammar.closers and _closes(leaf, kind, text, grammar)
    return Token(
        leaf.start,
        leaf.end,
        kind,
        text[leaf.start : leaf.end],
        is_opener=bool(closed_by),
        is_closer=is_closer,
        parent="" if parent is None else parent.type,
        is_broken=node.is_error or (parent is not None and parent.is_error),
        closed_by=closed_by,
        is_argument_list=kind == "(" and _NAME_END.match(text, max(0, leaf.start - 1)) is not None,
    )


def _opens(leaf: Leaf, kind: str, text: bytes, grammar: Grammar) -> bool:
    parent = leaf.parent
    is_word = kind.isalpha()
    if parent is not None and not parent.is_error:
        if parent.type in grammar.opens_nothing_in:
            return False
        if is_word:
            return kind != "def" or any(child.type == "end" for child in parent.children)  # `def f = 1`
    elif is_word and text[leaf.start - 1 : leaf.start] in _NO_WORD_BEHIND:
        return False
    looks = grammar.opens_only_behind.get(kind)
    return looks is None or looks.search(_line_before(text, leaf.start)) is not None


def _closes(leaf: Leaf, kind: str, text: bytes, grammar: Grammar) -> bool:
    is_lost = leaf.parent is None or leaf.parent.is_error
    if is_lost and kind.isalpha():
        return text[leaf.start - 1 : leaf.start] not in _NO_WORD_BEHIND
    return kind != ")" or "esac" not in grammar.closers or not _ends_label(leaf, text, is_lost=is_lost)


def _ends_label(leaf: Leaf, text: bytes, *, is_lost: bool) -> bool:
    """True for the bracket of `a)` in a shell's `case`."""
    if not is_lost:
        return leaf.parent is not None and leaf.parent.type == "case_item"
    line = _line_before(text, leaf.start)
    is_in_case = text.rfind(b"case", max(0, leaf.start - _FAR_BYTES), leaf.start) >= 0
    return is_in_case and bool(line.strip()) and line.count(b"(") <= line.count(b")")


def _tag_of(leaf: Leaf) -> Node | None:
    """The tag that a leaf stands for: it is one, or the last leaf of one that began before."""
    if leaf.node.type in TAGS:
        return leaf.node
    parent = leaf.parent
    is_rest = leaf.kind == ">" and parent is not None and parent.type in TAGS and parent.end_byte == leaf.end
    return parent if is_rest else None


def _tag_name(tag: Node, text: bytes) -> bytes:
    found = _TAG_NAME.match(text, tag.start_byte)
    name = found.group(1) if found else b""
    return name if tag.type.startswith("jsx_") else name.lower()


def _opens_element(tag: Node, name: bytes, text: bytes) -> bool:
    """False for end tags, for `<br>`, and for a `<li>` whose end is left to the next one."""
    if tag.type == "jsx_opening_element":
        return True
    if tag.type != "start_tag" or name in _VOID:
        return False
    element = tag.parent
    if element is None or not element.type.endswith("element"):
        return True
    has_end = element.child(element.child_count - 1).type == "end_tag"
    return has_end or not text[element.end_byte :].strip()


def _line_before(text: bytes, at: int) -> bytes:
    return text[text.rfind(b"\n", 0, at) + 1 : at]
