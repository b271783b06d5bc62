"""Strings and comments in a syntax tree: their pieces, and whether they are closed. Looks at nodes near by only.

Where a quote is not closed, a tree has it as a leaf in an error and reads what follows as code, or the reverse.
"""

from __future__ import annotations

import re

from tree_sitter import Node

from lsp_server.syntax.vocabulary import Grammar

_QUOTE = re.compile(r"""["'`]$|_start$|_quote$|^\[\[$|^%[wi]\($""")  # types of leaves that begin strings
_CONTENT = re.compile(r"_content$|_fragment$")
_PIECE = re.compile(
    r"_content$|_fragment$|^escape_|interpolation$|_substitution$|expansion$|^variable_name$|(subscript|access)_expression$"
)
_UNREAD = re.compile(rb"[@$\w]{0,3}#*[\"'`]")  # text that could not be read at all, or of a token without a node
_F_STRING = re.compile(rb"[fFtT]")


def is_string(node: Node, grammar: Grammar) -> bool:
    """True for a string with its quotes."""
    return node.is_named and node.type in grammar.string_types  # `string` is a type in TypeScript


def is_stray(node: Node) -> bool:
    """True for what stands in strings only, and so shows, anywhere else, that the tree believes to be in one."""
    return _CONTENT.search(node.type) is not None


def may_span(text: bytes, start: int, grammar: Grammar) -> bool:
    """True when the string, or block comment, that begins here may go on over line breaks."""
    return grammar.spanning.match(text, start) is not None or begins_comment(text, start, grammar)


def begins_comment(text: bytes, start: int, grammar: Grammar) -> bool:
    """True when a comment that goes on over line breaks begins here."""
    return bool(grammar.block_comment) and text.startswith(grammar.block_comment, start)


def is_closed(string: Node) -> bool:
    """False for a string whose end is missing, so far as itself tells; a shell's heredocs do not."""
    last = string.child(string.child_count - 1) if string.child_count else None
    return last is None or not (last.is_missing or (last.type == "heredoc_end" and last.end_byte == last.start_byte))


def find_open_heredoc(redirect: Node, text: bytes) -> int | None:
    """Where the body begins of a shell's heredoc that does not end; the line break in front of it. None if it ends."""
    said = {child.type: child for child in redirect.children}
    word, end = said.get("heredoc_start"), said.get("heredoc_end")
    if word is None:
        return None
    announced = re.sub(rb"[\"'\\]", b"", text[word.start_byte : word.end_byte])
    if end is not None and text[end.start_byte : end.end_byte].strip() == announced:
        return None
    line_end = text.find(b"\n", word.end_byte)
    return None if line_end < 0 else line_end


def code_within(string: Node, grammar: Grammar) -> list[Node]:
    """The interpolations of a whole string with their brackets. In PHP brackets and code are children side by side."""
    found: list[Node] = []
    is_in_braces = False
    for child in string.children:
        if child.child_count:
            is_code = child.child(0).type.strip() in (*grammar.openers, "interpolation_brace")
            if is_in_braces or is_code:
                found.append(child)
        elif child.type in "{}" or is_in_braces:
            found.append(child)
            is_in_braces = child.type != "}"
    return found


def opens(leaf: Node, parent: Node | None, text: bytes, grammar: Grammar) -> bool:
    """True when a leaf outside of whole strings and comments begins one."""
    if begins_comment(text, leaf.start_byte, grammar):
        return True
    if leaf.type == "ERROR":
        is_code = grammar.no_quote.match(text, leaf.start_byte)
        return not is_code and _UNREAD.match(text, leaf.start_byte) is not None
    if leaf.type == "regex_pattern":
        return parent is None or parent.type != "regex"
    is_lost = parent is not None and parent.is_error
    is_code = leaf.type in grammar.openers or grammar.no_quote.match(text, leaf.start_byte)
    return is_lost and not is_code and _QUOTE.search(leaf.type) is not None


def find_in_gap(text: bytes, start: int, end: int, grammar: Grammar) -> int | None:
    """Where a string or comment begins in text that has no leaves, as behind Rust's `r#"`."""
    gap = text[start:end]
    if not gap.strip():
        return None
    comment = gap.find(grammar.block_comment) if grammar.block_comment else -1
    quote = next((q.start() for q in _UNREAD.finditer(gap) if not grammar.no_quote.match(gap, q.end() - 1)), -1)
    found = [at for at in (comment, quote) if at >= 0]
    return start + min(found) if found else None


def find_end_of_pieces(quote: Node, text: bytes, grammar: Grammar) -> tuple[int, int | None] | None:
    """Of a string in pieces side by side in an error: where they end, and where the code begins that they end with.

    They end at the closing quote, or at an interpolation that is open. None when they do neither: the string is open.
    """
    at, node = quote.end_byte, quote.next_sibling
    if quote.type == "interpolation_start" and node is not None:
        at, node = node.end_byte, node.next_sibling
    while node is not None and not text[at : node.start_byte].strip():
        if node.type == "{" and (closing := _closing_brace(node)) is not None:  # PHP
            node = closing
        elif not _PIECE.search(node.type):
            break
        at, node = node.end_byte, node.next_sibling
    if node is None or text[at : node.start_byte].strip():
        return None
    is_same = node.type == quote.type and not quote.type.endswith("_start")
    if is_same or node.type.endswith("_end"):
        return node.end_byte, None
    if not _opens_code(node, quote, text, grammar):
        return None
    may_be_open = may_span(text, quote.start_byte, grammar) or text.find(b"\n", quote.end_byte) < 0
    return (node.start_byte, node.start_byte) if may_be_open else None


def _opens_code(node: Node, quote: Node, text: bytes, grammar: Grammar) -> bool:
    if node.type == "{":
        prefix = text[quote.start_byte : quote.end_byte]
        return "encapsed_string" in grammar.string_types or _F_STRING.search(prefix) is not None
    return node.type.strip() in ("${", "#{", "$(") or node.type == "interpolation_brace"


def _closing_brace(brace: Node) -> Node | None:
    n_open, node = 1, brace.next_sibling
    while node is not None:
        n_open += (node.type == "{") - (node.type == "}")
        if n_open == 0:
            return node
        node = node.next_sibling
    return None
