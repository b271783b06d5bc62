"""How deep the next line may stand, by what the lines above it say: a guess from how lines end, in any language.

Pure functions on bytes. Knows no syntax tree: brackets, a few words, and the signs with which lines usually end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, filterfalse, islice

from lsp_server.suggestion.lines import indentation
from lsp_server.suggestion.seams import BLANKS, WHITE

FARTHEST_HEAD_LINES = 100  # above the end of a statement, to find where it begins
FARTHEST_LEVEL_LINES = 2000  # above that, to find the levels that it stands in
NEAR_BYTES = 2000  # in which a language that ends statements with `;` does so

_TAB = b"\t"
_STRING = re.compile(rb"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_LONG_STRING = re.compile(rb"\"\"\"|'''|`")
_COMMENT_AT_END = re.compile(rb"[ \t]+(?:#|//|--[ \t]|/\*).*\Z")
_COMMENT = re.compile(rb"(?:#|//|/\*|\*|--[ \t]|<!--)(?!.*\{\Z)")  # or a preprocessor's line; but `#main {` is none
_PAIRS = (b"()", b"[]", b"{}")
_BLOCK_SIGNS = (b"{", b"(", b"[", b":", b">")  # a line that ends otherwise has opened its brackets in its midst

_OPENS = re.compile(
    rb"""[{(\[:\\+\-*/%&|^=<?.~]\Z | [-=]>\Z
    | \b(?:do|then|else|begin|try|finally|ensure|of|where|with|in|loop|repeat|and|or|not)\Z
    | <[A-Za-z][\w.:-]*(?:\s[^<>]*)?(?<!/)>\Z | ['}]>\Z | \A>\Z  # start tags, of one line and of several
    | \A(?:if|elif|elsif|else|while|until|unless|for|foreach|case|when|rescue|class|module|def|(?:local\ )?function)\b
      (?!.*(?:[;}]|\b(?:end|fi|done|esac))\Z)""",
    re.VERBOSE,
)
_MAY_OPEN = re.compile(
    rb"""[-*+]\  | \d+[.)]\  | .*,\Z  # an entry of a list
    | [^\s:=][^:=]*:(?!=)  # `all: a.o`, `case 1: x`
    | \[.*\]\Z | (?:[A-Z_]{2,}|(?i:select|from|set|values))\Z  # `[section]`; `SELECT`; the end of `<<EOF`""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Above:
    """What the lines above say."""

    opens: bool
    """the next line stands deeper as a rule"""
    may_open: bool
    """it may"""
    levels: tuple[int, ...]
    """the depth of the statement above, and of all that it stands in, in columns"""


def look_above(text: bytes, *, tab: int) -> Above | None:
    """What the lines of a text say about the one below it; None where they say nothing.

    They do not when there is none, and below a bracket or a string that a line has opened in its midst. `tab`: columns
    that a tab stands for.
    """
    lines = _lines_upwards(text)
    nearest = next(filterfalse(_is_comment, lines), b"")
    code = _code(nearest)
    if not code or (_n_open(code) > 0 and code[-1:] not in _BLOCK_SIGNS) or len(_LONG_STRING.findall(nearest)) % 2:
        return None
    head = _find_head(nearest, lines)
    if head is None:
        return None
    is_unfinished = b";\n" in text[-NEAR_BYTES:] and code[-1:] not in b";}>"
    may_open = is_unfinished or _MAY_OPEN.match(code) is not None
    return Above(opens(nearest), may_open, tuple(_levels(head, lines, tab)))


def opens(line: bytes) -> bool:
    """True when the line below this one stands deeper as a rule."""
    return _OPENS.search(_code(line)) is not None


def columns(blanks: bytes, tab: int) -> int:
    """How deep blanks and tabs reach; to compare depths, so tabs do not snap to stops."""
    return blanks.count(b" ") + tab * blanks.count(_TAB)


def _lines_upwards(text: bytes) -> Iterator[bytes]:
    """The lines that are not blank, the last first."""
    end = len(text)
    while end > 0:
        start = text.rfind(b"\n", 0, end - 1) + 1
        line = text[start:end].rstrip(WHITE)
        if line:
            yield line
        end = start


def _is_comment(line: bytes) -> bool:
    return _COMMENT.match(line.lstrip(BLANKS)) is not None


def _code(line: bytes) -> bytes:
    """A line without indentation, what its strings say, and a comment at its end."""
    return _COMMENT_AT_END.sub(b"", _STRING.sub(b"''", line.strip(WHITE))).rstrip(BLANKS)


def _n_open(code: bytes, pairs: Sequence[bytes] = _PAIRS) -> int:
    """Brackets that are open behind it; negative when it closes more than it opens."""
    return sum(code.count(pair[:1]) - code.count(pair[1:]) for pair in pairs)


def _find_head(nearest: bytes, lines: Iterator[bytes]) -> bytes | None:
    """The line that begins the statement which `nearest` ends; takes what it passes from the lines above."""
    pairs = _PAIRS if _n_open(_code(nearest), _PAIRS[:1]) >= 0 else _PAIRS[:1]  # `-h | --help)` closes no brace
    n_open = 0
    for line in islice(chain((nearest,), filterfalse(_is_comment, lines)), FARTHEST_HEAD_LINES):
        code = _code(line)
        n_open += _n_open(code, pairs)
        if n_open >= 0 or code.startswith((b")", b"]", b"}")):  # a closer stands as deep as what it closes
            return line
    return None


def _levels(head: bytes, lines: Iterator[bytes], tab: int) -> Iterator[int]:
    depth = columns(indentation(head), tab)
    yield depth
    for line in islice(lines, FARTHEST_LEVEL_LINES):
        if depth == 0:
            return
        further = columns(indentation(line), tab)
        if further < depth and not _is_comment(line):
            depth = further
            yield depth
