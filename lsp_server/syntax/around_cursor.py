"""The document around one cursor, as trimming asks about it: what is open there, what a continuation consists of.

With a grammar the answers come from syntax trees; without one from brackets, quotes and indentation alone. Offsets in
what is said count from the cursor. Knows nothing of suggestions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from tree_sitter import Parser, Tree

from lsp_server.syntax.errors import count_errors
from lsp_server.syntax.items import Part
from lsp_server.syntax.leaves import unfinished_from
from lsp_server.syntax.plain import plain_open_at_end, plain_tokens
from lsp_server.syntax.situation import Situation, situation_at
from lsp_server.syntax.tokens import Token, find_closer, open_at_end, tokens_between
from lsp_server.syntax.trees import Trees, reparse
from lsp_server.syntax.vocabulary import Grammar

_QUOTE = re.compile(rb"[\"'`]")
_ANY_MARKS = (b"#", b"//", b"/*", b"--", b";", b"%", b"<!--")
_ANY_CONTINUES = frozenset(
    (b"else", b"elif", b"elsif", b"elseif", b"except", b"catch", b"finally", b"rescue", b"ensure")
)


class ParsedAround:
    """A cursor between `before` and `after`, which are the document or a part of it: by syntax trees."""

    def __init__(self, trees: Trees, uri: str, grammar: Grammar, part: Part) -> None:
        self.before = part.before
        self.after = part.after
        self._is_at_end = part.is_at_end
        self.goes_by_indentation = grammar.kind == "indentation"
        self.continues = grammar.continues
        self.block_openers = grammar.block_openers
        self.closing_words = grammar.closing_words
        self.comment_marks = grammar.comment_marks
        self._grammar = grammar
        self._trees = trees
        self._uri = uri
        self._said = b""
        self._tree_said: Tree | None = None

    @cached_property
    def _tree(self) -> Tree:
        """Of the document."""
        return self._trees.parse(self._uri, self._grammar, self.before + self.after)

    @cached_property
    def _tree_before(self) -> Tree:
        return reparse(self._grammar, self._tree, self.before + self.after, self.before)

    @cached_property
    def situation(self) -> Situation:
        """Whether the cursor stands in a string, a comment or an import."""
        text = self.before + self.after
        cut = situation_at(self._tree_before, self.before, len(self.before), self._grammar)
        whole = situation_at(self._tree, text, len(self.before), self._grammar)
        return cut.also(whole)

    @cached_property
    def open_before(self) -> Sequence[Token]:
        """Openers before the cursor that nothing before it closes, the innermost last; offsets in `before`."""
        return open_at_end(self._tree_before, self.before, self._grammar)

    def tokens_of(self, said: bytes) -> Sequence[Token]:
        """The tokens of a continuation; the first may begin before the cursor. They end where nothing is certain."""
        known = self._tree_said or self._tree_before
        text = self.before + said
        self._tree_said = reparse(self._grammar, known, self.before + self._said, text)
        self._said = said
        found = tokens_between(self._tree_said, text, self._tokens_from, len(text), self._grammar)
        start = len(self.before)
        tokens = [token.moved(-start) for token in found if token.end > start]
        return _as_far_as_seen(said, tokens)

    @cached_property
    def _tokens_from(self) -> int:
        """The cursor, or where the string begins that it is in."""
        return unfinished_from(self._tree_before, self.before, self._grammar)

    def is_closed_below(self, opener: Token) -> bool:
        """True when the text after the cursor closes an opener before it.

        A closer at the start of a line that is less indented than the opener's is another's.
        """
        text = self.before + self.after
        closer = find_closer(self._tree, text, opener, self._grammar)
        if closer is None or closer < len(self.before):
            return False
        return not _belongs_further_out(text, opener.start, closer)

    def count_errors(self, said: bytes, *, is_afresh: bool = False) -> int:
        """How many errors of syntax the document has with the continuation.

        At the very end of a document what is said may be unfinished. `is_afresh`: parsed from scratch, which takes
        longer; of broken text there may be several trees, and that is the one that counts.
        """
        text = self.before + said + self.after
        if is_afresh:
            tree = Parser(self._grammar.language).parse(text)
        else:
            tree = reparse(self._grammar, self._tree, self.before + self.after, text)
        span = (len(self.before), len(text)) if said and self._is_at_end else None
        return count_errors(tree, within=span)


class PlainAround:
    """By brackets and quotes, for languages without a grammar."""

    goes_by_indentation = True
    continues = _ANY_CONTINUES
    block_openers = frozenset((b":", b"do", b"then", b"else", b"begin", b"where", b"of"))
    closing_words = frozenset((b"end", b"done", b"fi", b"endif", b"endfunction"))
    comment_marks = _ANY_MARKS

    def __init__(self, before: bytes, after: bytes) -> None:
        self.before = before
        self.after = after

    @cached_property
    def situation(self) -> Situation:
        """See ParsedAround. Only a string that is open on this line can be told."""
        line_start = self.before.rfind(b"\n") + 1
        last = plain_tokens(self.before, line_start, len(self.before))[-1:]
        return Situation(in_string=bool(last) and last[0].kind == "open string", in_comment=False, in_import=False)

    @cached_property
    def open_before(self) -> Sequence[Token]:
        """See ParsedAround."""
        return plain_open_at_end(self.before)

    def tokens_of(self, said: bytes) -> Sequence[Token]:
        """See ParsedAround."""
        return plain_tokens(said, 0, len(said))

    def is_closed_below(self, opener: Token) -> bool:
        """See ParsedAround."""
        n_open = 1
        for token in plain_tokens(self.after, 0, len(self.after)):
            n_open += token.is_opener - token.is_closer
            if n_open == 0:
                text = self.before + self.after
                return not _belongs_further_out(text, opener.start, len(self.before) + token.start)
        return False

    def count_errors(self, said: bytes, *, is_afresh: bool = False) -> int:
        """Nothing tells."""
        return 0


AroundCursor = ParsedAround | PlainAround


def _as_far_as_seen(said: bytes, tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens up to quotes that the tree has lost: half a string, where nothing is certain."""
    at = 0
    for i, token in enumerate(tokens):
        if _QUOTE.search(said, at, max(at, token.start)):
            return [*tokens[:i], _lost(said, at)]
        at = max(at, token.end)
    return [*tokens, _lost(said, at)] if _QUOTE.search(said, at) else tokens


def _lost(said: bytes, start: int) -> Token:
    return Token(start, len(said), "open string", said[start:], False, False, parent="", is_broken=True)


def _belongs_further_out(text: bytes, opener: int, closer: int) -> bool:
    line_start = text.rfind(b"\n", 0, closer) + 1
    if text[line_start:closer].strip():
        return False
    opener_line = text[text.rfind(b"\n", 0, opener) + 1 : opener]
    n_blanks = len(opener_line) - len(opener_line.lstrip())
    return closer - line_start < n_blanks
