"""What the node types of a language's trees mean to us. Knows no language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from tree_sitter import Language

Kind = Literal["indentation", "braces", "keywords", "markup"]
"""What shows where a block ends: its indentation, a bracket, a word such as `end`, an end tag."""

BRACKETS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("(", "$(", "<(", ">("), (")",)),
    **dict.fromkeys(("[", "#["), ("]",)),
    **dict.fromkeys(("{", "${", "#{", "\\{"), ("}",)),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Grammar:
    """A grammar and the vocabulary of its trees. Two are equal when they are the same."""

    name: str
    language: Language
    kind: Kind
    preface: bytes = b""
    """what a part of a text must begin with to be read as the whole is"""
    openers: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: BRACKETS)
    """type of a leaf that opens something -> types of the leaves that close it"""
    opens_nothing_in: frozenset[str] = frozenset()
    """parents in which a word among `openers` opens nothing: `x if y`"""
    opens_only_behind: Mapping[str, re.Pattern[bytes]] = field(default_factory=dict[str, re.Pattern[bytes]])
    """opener -> what its line must look like in front of it, where the tree does not tell"""
    string_types: frozenset[str] = frozenset()
    """nodes that are strings with their quotes; also regular expressions and the bodies of heredocs"""
    spanning: re.Pattern[bytes] = re.compile(rb"(?!)")
    """how a string begins that may go on over line breaks"""
    no_quote: re.Pattern[bytes] = re.compile(rb"(?!)")
    """what looks as if a string began and is code"""
    comment_types: frozenset[str] = frozenset(("comment",))
    block_comment: bytes = b""
    """how a comment begins that goes on over line breaks; empty when none does"""
    comment_marks: tuple[bytes, ...] = ()
    """how a comment begins"""
    import_types: frozenset[str] = frozenset()
    import_line: re.Pattern[bytes] = re.compile(rb"(?!)")
    """how a line begins that imports something, behind its indentation"""
    continues: frozenset[bytes] = frozenset()
    """words that go on with a block or statement which seemed to have ended"""
    block_openers: frozenset[bytes] = frozenset()
    """words and signs at the end of a line behind which a block begins"""

    @cached_property
    def closers(self) -> frozenset[str]:
        """Types of the leaves that close something."""
        return frozenset(closer for closers in self.openers.values() for closer in closers)

    @cached_property
    def closing_words(self) -> frozenset[bytes]:
        """The words among the closers: `end`, `fi`."""
        return frozenset(closer.encode() for closer in self.closers if closer.isalpha())
