"""Which grammar reads which language.

A grammar comes from a wheel of its own, imported when its language is met first; without the wheel the language has no
grammar. Knows no documents.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import PurePath

from tree_sitter import Language

from lsp_server.syntax.languages import ROWS
from lsp_server.syntax.vocabulary import Grammar

_log = logging.getLogger(__name__)

_SAME_AS = {"javascriptreact": "javascript", "jsonc": "json", "sh": "shellscript", "bash": "shellscript"}

_EXTENSIONS: Mapping[str, str] = {
    extension: language
    for language, extensions in {
        "python": "py pyi pyw",
        "javascript": "js mjs cjs",
        "javascriptreact": "jsx",
        "typescript": "ts mts cts",
        "typescriptreact": "tsx",
        "go": "go",
        "rust": "rs",
        "c": "c h",
        "cpp": "cpp cc cxx c++ hpp hh hxx h++ ipp",
        "java": "java",
        "csharp": "cs csx",
        "php": "php phtml",
        "ruby": "rb rake gemspec",
        "lua": "lua",
        "shellscript": "sh bash",
        "html": "html htm",
        "css": "css",
        "json": "json",
        "jsonc": "jsonc",
    }.items()
    for extension in extensions.split()
}


def find_grammar(language: str) -> Grammar | None:
    """The grammar of a language, by its id in LSP; None when there is none or its wheel does not load."""
    return _load(_SAME_AS.get(language, language))


def language_of(path: str) -> str:
    """The id in LSP of the language that a file is in, by its extension; empty when it is not known."""
    return _EXTENSIONS.get(PurePath(path).suffix[1:].lower(), "")


@cache
def words_within_items() -> frozenset[bytes]:
    """Words and signs that, in column 0, close a top-level item or go on with one, in any of the languages."""
    found: set[bytes] = {b"{", b"</"}
    for row in ROWS.values():
        vocabulary = row.grammar.keywords
        found |= vocabulary.get("continues", frozenset[bytes]())
        openers: Mapping[str, tuple[str, ...]] = vocabulary.get("openers", {})
        found |= {closer.encode() for closers in openers.values() for closer in closers}
    return frozenset(found)


@cache
def _load(language: str) -> Grammar | None:
    row = ROWS.get(language)
    if row is None:
        return None
    try:
        pointer: object = getattr(import_module(row.module), row.function)()
        return row.grammar(name=language, language=Language(pointer))
    except (ImportError, AttributeError, ValueError) as error:
        _log.warning("no grammar for language=%s module=%s: %s", language, row.module, error)
        return None
