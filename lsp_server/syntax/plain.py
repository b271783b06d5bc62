"""Tokens of text in a language without a grammar: brackets, quotes that end on their line, words. A rough guess."""

from __future__ import annotations

import re

from lsp_server.syntax.tokens import Token

_TOKEN = re.compile(
    rb"""(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`\n]*`)|(?P<sign>[()\[\]{}])|(?P<open>["`])"""
)
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_NEAR_BYTES = 4096


def plain_tokens(text: bytes, start: int, end: int) -> list[Token]:
    """Brackets and strings of a part. An apostrophe alone is none: it stands in prose and in comments."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text, start, end):
        kind = {"string": "string", "open": "open string"}.get(
            match.lastgroup or "", match.group().decode(errors="replace")
        )
        found.append(
            Token(
                start=match.start(),
                end=match.end(),
                kind=kind,
                text=match.group(),
                is_opener=kind in _PAIRS,
                is_closer=kind in _PAIRS.values(),
                parent="",
                is_broken=False,
                closed_by=(_PAIRS[kind],) if kind in _PAIRS else (),
                is_argument_list=kind == "(",
            )
        )
    return found


def plain_open_at_end(text: bytes) -> list[Token]:
    """Brackets near the end that are open there, the innermost last."""
    stack: list[Token] = []
    for token in plain_tokens(text, max(0, len(text) - _NEAR_BYTES), len(text)):
        if token.is_opener:
            stack.append(token)
        elif token.is_closer and stack:
            stack.pop()
    return stack
