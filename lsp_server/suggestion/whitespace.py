"""White space of a suggestion: how deep its first line stands, tabs or blanks, blanks at line ends (rules 34-37, 39).

Pure functions on bytes with line breaks `\\n`. Knows no syntax: where the lines above (levels.py) do not plainly
say how deep the next one stands, nothing is judged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from lsp_server.suggestion.levels import columns, look_above, opens
from lsp_server.suggestion.lines import indentation, last_line_with_text, line_before
from lsp_server.suggestion.seams import BLANKS, WHITE

Range = tuple[int, int]
"""[start, end) in bytes"""
Edit = tuple[int, int, bytes]
"""[start, end) of the original, and what stands there now"""

EVIDENCE_BYTES = 32 * 1024  # of a text, to tell its style: some 800 lines, half a millisecond
MOST_OF_OTHER_KIND = 1 / 5  # of the indented lines; with more of it a file has no style
LARGEST_UNIT = 8  # blanks; what is deeper is aligned with something
TAB_COLUMNS = 8  # where neither the file nor the middle says otherwise

_TAB = b"\t"
_INDENTED = re.compile(rb"^(\t+|  +)(?=[^ \t\n])", re.MULTILINE)
_LINE_START = re.compile(rb"^[ \t]*(?=[^ \t\n])", re.MULTILINE)
_BLANKS_AT_LINE_END = re.compile(rb"[ \t]+(?=\n)")

_GOES_ON = re.compile(rb"\.(?![.\d])|\?|:|&&|\|\||[|+%=]|/(?![/*])|(?:and|or)\b")  # with the line above: `.map(f)`
_CLOSES = re.compile(rb"[)\]}]|</|(?:end|fi|done|esac)\b")


@dataclass(frozen=True, slots=True)
class Fit:
    """What becomes of the indentation that a suggestion begins with."""

    n_dropped: int = 0
    """bytes at its start that go, all of them blanks"""
    is_allowed: bool = True
    """False: the cursor itself stands deeper than anything may, and nothing is offered"""


@dataclass(frozen=True, slots=True)
class Style:
    """How the lines of a file are indented."""

    unit: bytes
    """one level: a tab, or blanks"""

    @property
    def is_tabs(self) -> bool:
        """True for tabs, False for blanks."""
        return self.unit == _TAB


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A text of which some white space was replaced."""

    text: bytes
    edits: tuple[Edit, ...] = ()
    """in their order"""

    def n_read_bytes(self, n_bytes: int) -> int:
        """How far into the original the first `n_bytes` of the text reach; past a replaced part once they enter it."""
        shift = 0
        for start, end, new in self.edits:
            if n_bytes <= start + shift:
                break
            shift += len(new) - (end - start)
            if n_bytes < end + shift:
                return end
        return n_bytes - shift

    def moved(self, ranges: Iterable[Range]) -> list[Range]:
        """Ranges of the original that no edit has touched, as ranges of the text."""
        return [(self._moved(start), self._moved(end)) for start, end in ranges]

    def _moved(self, offset: int) -> int:
        return offset + sum(len(new) - (end - start) for start, end, new in self.edits if end <= offset)


def fit_first_line(before: bytes, middle: bytes, *, style: Style | None = None) -> Fit:
    """34, 35: which blanks at the start of the middle go, so that its first line stands as deep as the text allows.

    For a cursor on a blank line, not in a string or comment. Allowed is the depth of the statement above, a unit more
    when it opens something, and that of all it stands in. In a block at 4, `    |` and `    return x`: 4 go; behind
    `    if x:` none; `        |` without an opener above: not allowed. Not judged: column 0, where the middle carries
    its own indentation; a middle that begins with a line break or goes on with the line above (`.map(f)`); what is
    below a bracket or string that a line has opened in its midst. `style`: of the file; None: as in `before`.
    """
    line, lead = line_before(before), indentation(middle)
    said = middle[len(lead) :]
    if not line or line.strip(BLANKS) or said[:1] in (b"", b"\n") or _GOES_ON.match(said):
        return Fit()
    style = style or indentation_style(before[-EVIDENCE_BYTES:])
    tab, said_tab = _tab_columns(style, middle)
    above = look_above(before[: len(before) - len(line)], tab=tab)
    if above is None:
        return Fit()
    own, foot = columns(line, tab), above.levels[0]
    allowed = {0, *above.levels}
    if above.opens and style is not None:
        allowed.add(foot + columns(style.unit, tab))
    if own > foot and (above.opens or above.may_open):
        allowed.add(own)  # the editor, or its user, has decided
    elif above.opens and style is None:
        allowed.add(own + columns(lead, said_tab))
    is_closer = _CLOSES.match(said) is not None
    if is_closer and own < foot and not above.opens:
        allowed.discard(foot)  # what is closed stands less deep than what is in it
    n_dropped = next((n for n in _cuts(line, lead) if own + columns(lead[n:], said_tab) in allowed), None)
    if n_dropped is None:
        return Fit(is_allowed=is_closer or own < max(allowed))
    leaves_block = above.opens and own + columns(lead[n_dropped:], said_tab) <= foot < own + columns(lead, said_tab)
    return Fit() if leaves_block else Fit(n_dropped)  # what it says belongs into the block


def indentation_style(text: bytes) -> Style | None:
    """How the lines of a text are indented; None when none is, or when some have tabs and some have blanks.

    The unit of blanks is the commonest step inwards from one line to the next. A line that is one blank deep, such as
    ` * ` in comments, says nothing. Long texts are judged by their beginning.
    """
    text = text[:EVIDENCE_BYTES]
    leads = _INDENTED.findall(text)
    n_tabs = sum(lead.startswith(_TAB) for lead in leads)
    if not leads or min(n_tabs, len(leads) - n_tabs) > len(leads) * MOST_OF_OTHER_KIND:
        return None
    if 2 * n_tabs > len(leads):
        return Style(_TAB)
    depths = (found.end() - found.start() for found in _LINE_START.finditer(text))
    steps = Counter(b - a for a, b in pairwise(chain((0,), depths)) if 2 <= b - a <= LARGEST_UNIT)
    return Style(b" " * min(steps, key=lambda step: (-steps[step], step), default=4))


def as_in_file(middle: bytes, style: Style | None, *, before: bytes, protected: Sequence[Range] = ()) -> Rewritten:
    """36: the middle, its lines indented in the kind that the file has, when all of them are of the other kind.

    The first line only where nothing but blanks stands before it on the cursor's line, at the end of `before`. The unit
    of blanks is found from the middle's own lines, or, when they are equally deep, from the level at the cursor; while
    it is unknown, all stays. What is left beyond whole units stays blanks. `protected`, the strings and comments of the
    middle, neither changes nor counts.
    """
    line = line_before(before)
    leads = [
        (start, end)
        for start, end in (found.span() for found in _LINE_START.finditer(middle))
        if (start > 0 or not line.strip(BLANKS)) and not _touches(start, end, protected)
    ]
    telling = [(start, end) for start, end in leads if end - start > 1 or middle[start:end] == _TAB]
    if style is None or not telling or not all(_is_of_other_kind(middle[start:end], style) for start, end in telling):
        return Rewritten(middle)
    if not style.is_tabs:
        return _apply(middle, [(start, end, middle[start:end].replace(_TAB, style.unit)) for start, end in telling])
    # the first line goes on behind what stands there
    depths = {end - start for start, end in leads if end > 0 or not line}
    n_blanks = _blanks_per_level(depths, 1 if line and b"\n" not in middle else _n_tabs_below(before, middle))
    if not n_blanks:
        return Rewritten(middle)
    levels = ((start, end, *divmod(end - start, n_blanks)) for start, end in telling)
    return _apply(middle, [(start, end, _TAB * n + b" " * rest) for start, end, n, rest in levels if n])


def without_trailing_blanks(middle: bytes, *, protected: Sequence[Range] = ()) -> Rewritten:
    """37, 39: the middle without blanks at line ends, other than in `protected`, and without white space at its end."""
    n = len(middle.rstrip(WHITE))
    blanks = (found.span() for found in _BLANKS_AT_LINE_END.finditer(middle, 0, n))
    edits = [(start, end, b"") for start, end in blanks if not _touches(start, end, protected)]
    return _apply(middle, [*edits, (n, len(middle), b"")] if n < len(middle) else edits)


def _cuts(line: bytes, lead: bytes) -> Iterator[int]:
    """How much of `lead` may go: nothing; what stands there already, when it says the indentation anew; as little as
    possible.
    """
    yield 0
    if lead.startswith(line):
        yield len(line)
    yield from range(1, len(lead) + 1)


def _tab_columns(style: Style | None, middle: bytes) -> tuple[int, int]:
    """How many columns a tab of the file and one of the middle stand for, where they may be of different kinds."""
    if style is None or not style.is_tabs:
        return TAB_COLUMNS, len(style.unit) if style else TAB_COLUMNS
    tab = _blanks_per_level({len(found) for found in _LINE_START.findall(middle)}, 0) or TAB_COLUMNS
    return tab, tab


def _blanks_per_level(depths: set[int], n_levels: int) -> int:
    """The unit of lines that are so many blanks deep; 0 when it is unknown. `n_levels`: how deep they are at least."""
    plain = sorted(depth for depth in depths if depth != 1 and (depth < 3 or depth - 1 not in depths))  # no ` * `
    steps = [b - a for a, b in pairwise(plain) if 2 <= b - a <= LARGEST_UNIT]
    if steps:
        return min(steps)
    unit, rest = divmod(plain[0], max(1, n_levels)) if len(plain) == 1 else (0, 0)
    return unit if not rest and 2 <= unit <= LARGEST_UNIT else 0


def _n_tabs_below(before: bytes, middle: bytes) -> int:
    """How many tabs deep, in a file of tabs, the line behind the middle's first one is."""
    line = line_before(before)
    if not line:
        above = last_line_with_text(before)
        return indentation(above).count(_TAB) + opens(above)
    return indentation(line).count(_TAB) + opens(line + middle.partition(b"\n")[0])


def _is_of_other_kind(lead: bytes, style: Style) -> bool:
    return _TAB not in lead if style.is_tabs else lead.startswith(_TAB) and _TAB not in lead.lstrip(_TAB)


def _touches(start: int, end: int, ranges: Sequence[Range]) -> bool:
    return any(a < end and start < b for a, b in ranges)


def _apply(text: bytes, edits: Sequence[Edit]) -> Rewritten:
    pieces: list[bytes] = []
    at = 0
    for start, end, new in edits:
        pieces += (text[at:start], new)
        at = end
    return Rewritten(b"".join((*pieces, text[at:])), tuple(edits))
