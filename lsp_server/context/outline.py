"""What of the text above a cut window is worth keeping: its imports, and the headers of the blocks it stands in.

Goes by indentation and by the first word of a line, in any language. Knows no grammar, no model and no tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lsp_server.context.words import words_of

_IMPORT = re.compile(
    rb"(?:import|from|package|use|using|require|require_relative|include|extern crate|#\s*include|#\s*import)\b"
    rb"|(?:const|let|var)\b.*\brequire\("
)
_COMMENT = re.compile(rb"(?:#(?!\[)|//|/\*|\*|--|;|%|\"\"\"|''')")
_DECORATOR = (b"@", b"#[")
_LONGEST_HEADER_LINES = 12  # a bracket that closes further away than this closes no signature
_LONGEST_IMPORT_LINES = 40
_LONGEST_LINE_BYTES = 240  # longer are lines that no person wrote


def find_outline(skipped: bytes, kept: bytes, n_bytes: int) -> bytes:
    """Lines of `skipped` to stand in front of `kept`, which followed it: whole lines in their order, at most `n_bytes`.

    As far as there is room: the headers of the blocks, the innermost first, then imports of which `kept` has a word.
    Empty when `kept` begins inside a line.
    """
    if not skipped.endswith(b"\n"):
        return b""
    lines = skipped.splitlines(keepends=True)
    known = words_of(kept)
    used = (found for found in _find_imports(lines) if known & _bound_words(lines, found))
    chosen: set[int] = set()
    n_left = n_bytes
    for found in (*_find_headers(lines, kept), *used):
        n = sum(len(lines[i]) for i in found if i not in chosen)
        if n <= n_left and all(len(lines[i]) <= _LONGEST_LINE_BYTES for i in found):
            chosen.update(found)
            n_left -= n
    return b"".join(lines[i] for i in sorted(chosen))


def _find_headers(lines: Sequence[bytes], kept: bytes) -> Iterator[range]:
    """Headers of the blocks that the first line of `kept` stands in, the innermost first."""
    first = next((line for line in kept.splitlines() if line.strip()), b"")
    limit = _indentation(first)
    i = len(lines) - 1
    while limit > 0 and i >= 0:
        if _is_code(lines[i]) and _indentation(lines[i]) < limit:
            limit = _indentation(lines[i])
            found = _whole_header(lines, i)
            yield found
            i = found.start
        i -= 1


def _whole_header(lines: Sequence[bytes], last: int) -> range:
    """With the lines of a signature that ends in `last`, and the decorators above it."""
    first, indentation = last, _indentation(lines[last])
    if lines[last].lstrip().startswith((b")", b"]")) or lines[last].strip() == b"{":
        for i in range(last - 1, max(-1, last - 1 - _LONGEST_HEADER_LINES), -1):
            if _is_code(lines[i]) and _indentation(lines[i]) <= indentation:
                first = i
                break
    while first > 0 and lines[first - 1].lstrip().startswith(_DECORATOR) and first > last - _LONGEST_HEADER_LINES:
        first -= 1
    return range(first, last + 1)


def _find_imports(lines: Sequence[bytes]) -> Iterator[range]:
    """Imports that are not indented, each with the lines up to the bracket that closes it."""
    i = 0
    while i < len(lines):
        end = i + 1
        if _IMPORT.match(lines[i]):
            n_open = _n_open(lines[i])
            while n_open > 0 and end < min(len(lines), i + _LONGEST_IMPORT_LINES):
                n_open += _n_open(lines[end])
                end += 1
            if n_open <= 0:
                yield range(i, end)
        i = end


def _bound_words(lines: Sequence[bytes], found: range) -> frozenset[bytes]:
    return words_of(b"".join(lines[i] for i in found)) - {b"import", b"from", b"as", b"use", b"const"}


def _n_open(line: bytes) -> int:
    return sum(map(line.count, (b"(", b"{", b"["))) - sum(map(line.count, (b")", b"}", b"]")))


def _is_code(line: bytes) -> bool:
    stripped = line.strip()
    return bool(stripped) and not _COMMENT.match(stripped)


def _indentation(line: bytes) -> int:
    """Width in columns; a tab counts as one, since a file uses either."""
    return len(line) - len(line.lstrip(b" \t"))
