"""Holes in the shape of blocks, in real source files: what somebody would write who stands at the start of a block, or
in the midst of one. Shared by benchmarks; knows neither models nor trimming.

A body is found by syntax, its extent by lines: from behind the line that opens it to before the line that closes it,
comments at either end included. Three kinds of cursor: behind the opener, on the first line of the body at its
indentation, and on the line of a later statement of the body at its indentation.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from held_out import fetch_sources
from tree_sitter import Node, Parser

from lsp_server.documents.request import with_line_feeds
from lsp_server.syntax.grammars import find_grammar

KINDS = ("behind the opener", "first line", "later statement")
N_LINES_AT_MOST = 30
N_BYTES_AT_MOST = 1500
N_LINES_OFFERED_BEHIND = 30
HOLES_PER_FILE = 12


def _types(names: str) -> frozenset[str]:
    return frozenset(names.split())


_BODIES = _types(
    "block statement_block compound_statement declaration_list field_declaration_list body_statement class_body "
    "interface_body enum_body constructor_body annotation_type_body switch_body switch_block match_block "
    "enum_variant_list enumerator_list enum_member_declaration_list then else do do_group block_body if_statement "
    "elif_clause else_clause"
)
"""Node types of all grammars together whose named children are what stands in a block."""

_GOES_ON = _types(
    "if_statement if_expression if unless try_statement begin do_statement case for_statement while_statement"
)
"""Node types that may go on behind a block of theirs, with `else`, `catch` and the like."""

_CLAUSES = _types(
    "elif_clause else_if_clause elsif elseif_statement else_clause else else_statement then except_clause "
    "except_group_clause catch_clause finally_clause rescue ensure when"
)
"""Node types of what goes on with one of these."""

_SEPARATORS = frozenset((";", ",", "\n", ""))
_CLOSERS = re.compile(rb"[)\]};,]*")


@dataclass(frozen=True, slots=True)
class Hole:
    """A part of a file that was cut out."""

    language: str
    path: Path
    kind: str
    construct: str
    """node type of what the body belongs to"""
    text: bytes
    """of the whole file, with `\\n` line breaks"""
    start: int
    """offset of the cursor"""
    end: int
    """offset where the body ends, without blanks and line breaks"""
    ends_without_suffix: tuple[int, ...]
    """offsets that are right when nothing stands behind the cursor: with the closer and `else`, with the line's rest"""

    @property
    def prefix(self) -> bytes:
        return self.text[: self.start]

    @property
    def suffix(self) -> bytes:
        return self.text[self.end :]

    @property
    def offered(self) -> bytes:
        """What was cut out, and the lines of the file that follow."""
        at = self.text.find(b"\n", self.end)
        for _ in range(N_LINES_OFFERED_BEHIND):
            if at < 0:
                return self.text[self.start :]
            at = self.text.find(b"\n", at + 1)
        return self.text[self.start : at if at >= 0 else len(self.text)]


@dataclass(frozen=True, slots=True)
class _Body:
    construct: str
    opener_end: int
    region_end: int
    ends_without_suffix: tuple[int, ...]
    statements: tuple[Node, ...]


def sample_holes(language: str, n: int, *, seed: int, paths: list[Path] | None = None) -> list[Hole]:
    """`n` holes in files of a language, or fewer when there are not as many: of all three kinds about as many, few of
    one file as long as there are others. Deterministic for a seed.
    """
    chooser = random.Random(f"{seed} {language}")
    files = paths or fetch_sources(language)
    chooser.shuffle(files)
    found: list[tuple[int, Hole]] = []
    for path in files:
        of_file = list(find_holes(language, path))
        chooser.shuffle(of_file)
        found += enumerate(of_file)
        if sum(rank < HOLES_PER_FILE for rank, _ in found) >= 3 * n:
            break
    found.sort(key=lambda ranked: ranked[0])  # so that a second dozen of a file comes when there is nothing else
    by_kind = [[hole for _, hole in found if hole.kind == kind] for kind in KINDS]
    return [hole for of_kind in by_kind for hole in of_kind[: -(-n // len(KINDS))]][:n]


def find_holes(language: str, path: Path) -> Iterator[Hole]:
    """All holes of a file that are neither too small nor too large; none in a file that does not parse."""
    return find_holes_in(with_line_feeds(path.read_bytes()), language, path)


def find_holes_in(text: bytes, language: str, path: Path) -> Iterator[Hole]:
    """The same in a text with `\\n` line breaks; `path` is only its name."""
    grammar = find_grammar(language)
    assert grammar is not None, f"no grammar for {language}"
    tree = Parser(grammar.language).parse(text)
    if tree.root_node.has_error:
        return
    for body in _find_bodies(tree.root_node, text):
        for kind, start in _cursors(body, text):
            hole = text[start : body.region_end]
            if hole.strip() and len(hole) <= N_BYTES_AT_MOST and hole.count(b"\n") <= N_LINES_AT_MOST:
                yield Hole(language, path, kind, body.construct, text, start, body.region_end, body.ends_without_suffix)


def _cursors(body: _Body, text: bytes) -> Iterator[tuple[str, int]]:
    yield KINDS[0], body.opener_end
    yield KINDS[1], _start_of_next_line(text, body.opener_end)
    for before, statement in zip(body.statements, body.statements[1:], strict=False):
        start = _start_of_next_line(text, _line_end(text, before.end_byte))
        if before.end_byte < start <= statement.start_byte and statement.end_byte <= body.region_end:
            yield KINDS[2], start


def _find_bodies(root: Node, text: bytes) -> Iterator[_Body]:
    pending = [root]
    while pending:
        node = pending.pop()
        pending.extend(node.named_children)
        if node.type in _BODIES and (body := _as_body(node, text)):
            yield body


def _as_body(node: Node, text: bytes) -> _Body | None:
    statements = _statements(node)
    if not statements:
        return None
    opener = _leaf_beside(statements[0], before=True)
    closer = _leaf_beside(statements[-1], before=False)
    first_line_end = None if opener is None else _line_end(text, opener.end_byte)
    if opener is None or first_line_end is None or text[opener.end_byte : first_line_end].strip():
        return None
    if opener.type == ":":
        end = _end_by_indentation(text, statements[0], statements[-1].end_byte)
        ends = (_chain_end(node, end),)
    elif closer is not None and not text[_line_start(text, closer.start_byte) : closer.start_byte].strip():
        end = len(text[: closer.start_byte].rstrip())
        ends = _ends_with_closer(node, closer, text)
    else:
        return None
    if _start_of_next_line(text, opener.end_byte) >= end or statements[0].start_byte < first_line_end:
        return None
    construct = node.parent.type if node.parent else ""
    return _Body(construct, opener.end_byte, end, ends, tuple(statements))


def _statements(node: Node) -> list[Node]:
    """What stands in the body, without comments and without what goes on with it."""
    children = node.children
    if node.named_child_count == 1 and node.named_children[0].type == "statement_list":  # Go
        children = node.named_children[0].children
    if node.type in ("if_statement", "elif_clause", "else_clause"):  # shell: no node for what is between
        opener = next((i for i, child in enumerate(children) if child.type in ("then", "else")), None)
        if opener is None:
            return []
        children = children[opener + 1 :]
        if children and children[0].type in (":", "block", "statement_block", "compound_statement"):
            return []  # another language, where a node holds what is between
    found: list[Node] = []
    for child in children:
        if child.type in _CLAUSES and found:
            break
        if child.is_named and child.type not in ("comment", "line_comment", "block_comment", "block_parameters"):
            found.append(child)
    return found


def _ends_with_closer(node: Node, closer: Node, text: bytes) -> tuple[int, ...]:
    """Behind the block's closer and what goes on with it; there, behind further closers, and at the line's end."""
    is_inside = closer.type in ("rescue", "ensure", "else", "elsif", "elif") and node.type == "body_statement"
    end = node.parent.end_byte if is_inside and node.parent else closer.end_byte
    end = _chain_end(node, end)
    closers = _CLOSERS.match(text, end)
    assert closers is not None
    return (end, closers.end(), _line_end(text, end))


def _chain_end(node: Node, end: int) -> int:
    """The end of what the body belongs to, `else` and the like included; at least `end`."""
    part = node if node.type in ("if_statement", "elif_clause", "else_clause") else node.parent
    while part is not None and part.type in _GOES_ON | _CLAUSES:
        end = max(end, part.end_byte)
        whole = part.parent
        if whole is None or not (part.type in _CLAUSES or _is_else_if(part, whole)):
            break
        part = whole
    return end


def _is_else_if(part: Node, whole: Node) -> bool:
    return part.type.startswith("if") and (whole.type in _CLAUSES or whole.child_by_field_name("alternative") == part)


def _end_by_indentation(text: bytes, first: Node, end: int) -> int:
    """The end of a body that has no closer: comments behind it that are indented as it is belong to it."""
    columns = first.start_point[1]
    end = _line_end(text, end)
    at = end + 1
    while at < len(text):
        line = text[at : _line_end(text, at)]
        if line.strip() and not (line.lstrip().startswith(b"#") and len(line) - len(line.lstrip()) >= columns):
            break
        at += len(line) + 1
        if line.strip():
            end = at - 1
    return len(text[:end].rstrip())


def _leaf_beside(node: Node, *, before: bool) -> Node | None:
    """The nearest leaf before or behind a node that is neither a comment nor a separator."""
    at: Node | None = node
    while at is not None:
        beside = at.prev_sibling if before else at.next_sibling
        while beside is not None and (beside.type in _SEPARATORS or "comment" in beside.type):
            beside = beside.prev_sibling if before else beside.next_sibling
        if beside is not None:
            while beside.child_count:
                beside = beside.children[-1 if before else 0]
            return beside
        at = at.parent
    return None


def _line_start(text: bytes, at: int) -> int:
    return text.rfind(b"\n", 0, at) + 1


def _line_end(text: bytes, at: int) -> int:
    end = text.find(b"\n", at)
    return end if end >= 0 else len(text)


def _start_of_next_line(text: bytes, at: int) -> int:
    """Behind the indentation of the next line with text."""
    end = _line_end(text, at)
    return end + len(text[end:]) - len(text[end:].lstrip())
