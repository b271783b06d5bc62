"""Two next-byte laws side by side as an SVG bar chart. Knows nothing of models or files.

The colours are of middle lightness and the background is left open, so that the picture reads on light and dark pages.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from byte_fim.model import Float64Array
from lsp_server.command_line.explain import likeliest_outcomes, outcome_label

N_OUTCOMES_SHOWN = 16  # as many as a person reads at a glance
WIDTH, LABEL_WIDTH, VALUE_WIDTH, MARGIN = 720, 64, 58, 20  # pixels
HEAD_HEIGHT, FOOT_HEIGHT = 88, 46
BAR_HEIGHT, BAR_GAP, ROW_GAP = 11, 2, 10
PLOT_WIDTH = WIDTH - LABEL_WIDTH - VALUE_WIDTH - 2 * MARGIN
PLOT_LEFT = MARGIN + LABEL_WIDTH
ROW_HEIGHT = 2 * BAR_HEIGHT + BAR_GAP + ROW_GAP
COLOURS = ("#3b82c4", "#d9822b")
SANS = "font-family='system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'"
MONO = "font-family='ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace'"
INK = "#7a828c"  # middle grey, for everything that is no bar


@dataclass(frozen=True, slots=True)
class Series:
    """One law to draw."""

    name: str
    logp: Float64Array
    """(257,) natural log; index = byte value, or 256 for END."""


def render_svg(first: Series, second: Series, *, title: str, subtitle: str) -> str:
    """A whole SVG document: the likeliest outcomes by either law, both probabilities, on an axis from 0 to 1."""
    outcomes = likeliest_outcomes([first.logp, second.logp], n=N_OUTCOMES_SHOWN)
    height = HEAD_HEIGHT + ROW_HEIGHT * len(outcomes) + FOOT_HEIGHT
    bottom = height - FOOT_HEIGHT
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}' "
        f"role='img' aria-label={quoteattr(f'{title}: {first.name} and {second.name}')}>",
        _text(MARGIN, 28, title, size=17, weight=600),
        _text(MARGIN, 49, subtitle, size=13, font=MONO),
        *_legend(first.name, second.name),
        *_grid(bottom),
        *(line for row, outcome in enumerate(outcomes) for line in _row(row, outcome, first=first, second=second)),
        _text(PLOT_LEFT + PLOT_WIDTH / 2, height - 8, "probability of the next byte", size=12, anchor="middle"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _legend(*names: str) -> Iterator[str]:
    left = float(PLOT_LEFT)
    for name, colour in zip(names, COLOURS, strict=True):
        yield _bar(left, 63, 12, colour)
        yield _text(left + 18, 73, name, size=13)
        left += 46 + 7.5 * len(name)


def _grid(bottom: float) -> Iterator[str]:
    top = HEAD_HEIGHT - 4
    for step in range(6):
        x, strength = PLOT_LEFT + PLOT_WIDTH * step / 5, 0.7 if step == 0 else 0.25
        yield f"<line x1='{x:g}' y1='{top}' x2='{x:g}' y2='{bottom:g}' stroke='{INK}' stroke-opacity='{strength}'/>"
        yield _text(x, bottom + 17, f"{step / 5:g}", size=12, anchor="middle")


def _row(row: int, outcome: int, *, first: Series, second: Series) -> Iterator[str]:
    top = HEAD_HEIGHT + row * ROW_HEIGHT
    yield _text(PLOT_LEFT - 10, top + BAR_HEIGHT + 6, outcome_label(outcome), size=15, anchor="end", font=MONO)
    for i, (series, colour) in enumerate(zip((first, second), COLOURS, strict=True)):
        p = min(math.exp(series.logp[outcome]), 1.0)  # rounding may leave 1 + 1e-16
        y = top + i * (BAR_HEIGHT + BAR_GAP)
        yield _bar(PLOT_LEFT, y, p * PLOT_WIDTH, colour)
        yield _text(PLOT_LEFT + p * PLOT_WIDTH + 6, y + BAR_HEIGHT - 1, _probability(p), size=11)


def _bar(x: float, y: float, width: float, colour: str) -> str:
    return f"<rect x='{x:g}' y='{y:g}' width='{width:.2f}' height='{BAR_HEIGHT}' rx='2' fill='{colour}'/>"


def _text(
    x: float, y: float, text: str, *, size: int, anchor: str = "start", font: str = SANS, weight: int = 400
) -> str:
    style = f"font-size='{size}' font-weight='{weight}' text-anchor='{anchor}' fill='{INK}' {font}"
    return f"<text x='{x:.1f}' y='{y:.1f}' {style} xml:space='preserve'>{escape(text)}</text>"


def _probability(p: float) -> str:
    if p == 0:
        return "0"
    return f"{p:.3f}" if p >= 0.0005 else f"{p:.0e}"
