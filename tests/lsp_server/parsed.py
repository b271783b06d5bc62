"""Texts with their trees, for tests of syntax: `▮` is the cursor."""

from __future__ import annotations

from tree_sitter import Parser, Tree

from lsp_server.syntax.grammars import find_grammar
from lsp_server.syntax.tokens import Token, open_at_end, tokens_between
from lsp_server.syntax.vocabulary import Grammar

CURSOR = "▮"


def grammar_of(language: str) -> Grammar:
    """The grammar of a language that has one."""
    grammar = find_grammar(language)
    assert grammar is not None
    return grammar


def parse(language: str, text: bytes) -> Tree:
    """A tree from scratch."""
    return Parser(grammar_of(language).language).parse(text)


def tokens(language: str, text: str) -> list[Token]:
    """All tokens of a text; those behind the cursor where it has one."""
    before, bar, after = text.partition(CURSOR)
    raw = (before + after).encode()
    start = len(before.encode()) if bar else 0
    return tokens_between(parse(language, raw), raw, start, len(raw), grammar_of(language))


def pairs(language: str, text: str) -> str:
    """The openers and closers of a text, the former with `+`, the latter with `-`; and what is taken as one."""
    signs: list[str] = []
    for token in tokens(language, text):
        if token.is_opener or token.is_closer:
            signs.append(("+" if token.is_opener else "-") + token.kind)
        elif token.kind in ("string", "comment", "text", "open string") or token.is_tag:
            signs.append(token.kind)
    return " ".join(signs)


def opened(language: str, text: str) -> str:
    """What is open at the end of a text, the innermost last."""
    raw = text.encode()
    return " ".join(token.kind for token in open_at_end(parse(language, raw), raw, grammar_of(language)))
