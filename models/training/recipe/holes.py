"""Where to cut a hole into a text that a model learns to fill in. Knows neither tokens nor files.

How often what is cut is decided here alone. The engine asks at any byte, mostly for the rest of a line; a model meets
in training what it will be asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import Literal

Layout = Literal["plain", "suffix first", "spm"]

HOLE_SHARE = 0.8
"""Of all pieces; the others teach to go on from left to right. With 0.6 a small model did not learn to fill in."""
SUFFIX_FIRST_SHARE = 0.9
"""Of the pieces with a hole. With a mark at the hole a small model can learn where to stop; contiguous SPM, which has
none, teaches it only to those that recognise the suffix: two runs, of 25 and 39 M tokens, never did. Some SPM all the
same, or that would be a stranger.
"""

STARTS_ANYWHERE = 0.5
"""Of all holes: between any two characters, also inside a word, for that is where a cursor mostly is."""
STARTS_ON_A_LINE = 0.2
"""Where a line's text begins, behind its indentation: a line that somebody is about to write."""
# the others start where a word begins or ends: mostly a border of tokens

ENDS_WITH_THE_LINE = 0.6
"""Of all holes: most, so that the model learns to stop, and to stop there."""
ENDS_WITH_A_LATER_LINE = 0.15
"""At the end of one of the next lines: the rest of a statement or of a block."""
ENDS_WITHIN_THE_LINE = 0.15
"""The suffix goes on in the same line: an argument, a name, a bracket's content."""
# the others are spans of any characters

N_LATER_LINES = (1, 1, 2, 2, 3, 4, 6, 8)
"""How many lines further, each as likely as the other entries: mostly few."""
LONGEST_PART_CHARS = 40
LONGEST_SPAN_CHARS = 200
_N_TRIES = 4
"""A hole of blanks alone teaches little; where a text is mostly blank it has to do."""

_WORD_BORDER = re.compile(r"\b")


@dataclass(frozen=True, slots=True)
class Hole:
    """A text in three parts; together they are the text, and each of them may be empty."""

    prefix: str
    middle: str
    suffix: str


def draw_layout(rng: Random) -> Layout:
    """In which order a piece is laid out, `plain` being one without a hole."""
    if rng.random() >= HOLE_SHARE:
        return "plain"
    return "suffix first" if rng.random() < SUFFIX_FIRST_SHARE else "spm"


def cut_hole(text: str, rng: Random) -> Hole:
    """A hole somewhere in the text."""
    start = end = 0
    for _ in range(_N_TRIES):
        start = _draw_start(text, rng)
        end = _draw_end(text, start, rng)
        if text[start:end].strip():
            break
    return Hole(text[:start], text[start:end], text[end:])


def _draw_start(text: str, rng: Random) -> int:
    anywhere = rng.randint(0, len(text))
    kind = rng.random()
    if kind < STARTS_ANYWHERE:
        return anywhere
    if kind < STARTS_ANYWHERE + STARTS_ON_A_LINE:
        return _line_text_start(text, anywhere)
    border = _WORD_BORDER.search(text, anywhere)
    return border.start() if border else anywhere


def _draw_end(text: str, start: int, rng: Random) -> int:
    line_end = _line_end(text, start)
    kind = rng.random()
    if kind < ENDS_WITH_THE_LINE:
        return line_end
    kind -= ENDS_WITH_THE_LINE
    if kind < ENDS_WITH_A_LATER_LINE:
        for _ in range(rng.choice(N_LATER_LINES)):
            line_end = _line_end(text, line_end + 1)
        return line_end
    kind -= ENDS_WITH_A_LATER_LINE
    if kind < ENDS_WITHIN_THE_LINE:
        return min(line_end, start + rng.randint(1, LONGEST_PART_CHARS))
    return min(len(text), start + rng.randint(1, LONGEST_SPAN_CHARS))


def _line_end(text: str, position: int) -> int:
    """Before the line break; the text's end on its last line and behind it."""
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _line_text_start(text: str, position: int) -> int:
    start, end = text.rfind("\n", 0, position) + 1, _line_end(text, position)
    while start < end and text[start] in " \t":
        start += 1
    return start
