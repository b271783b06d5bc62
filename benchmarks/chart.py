"""Charts as SVG: bars in groups with their intervals, and lines on logarithmic axes. Knows nothing of what they show.

As in `lsp_server/command_line/plot.py`, colours are of middle lightness and the background is left open, so that the
pictures read on light and dark pages.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

COLOURS = ("#3b82c4", "#4c9f70", "#d9822b")  # of a first, second and third series
INK = "#7a828c"  # middle grey, for everything that is no datum
WIDTH, MARGIN = 720, 20  # pixels
HEAD_HEIGHT, FOOT_HEIGHT = 92, 48
LABEL_WIDTH, VALUE_WIDTH = 130, 50
BAR_HEIGHT, BAR_GAP, GROUP_GAP = 12, 2, 12
LINES_HEIGHT = 300
N_STEPS = 5  # of a linear axis
FONT = "font-family='system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'"


@dataclass(frozen=True, slots=True)
class Bar:
    """A value with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Line:
    """Points from left to right, both coordinates above 0."""

    name: str
    colour: str
    points: Sequence[tuple[float, float]]


def bar_chart(
    groups: Sequence[str], series: Sequence[tuple[str, Sequence[Bar]]], *, title: str, subtitle: str, axis: str
) -> str:
    """A whole SVG document; each series has one bar for each group, values at least 0."""
    left, width = MARGIN + LABEL_WIDTH, WIDTH - LABEL_WIDTH - VALUE_WIDTH - 2 * MARGIN
    top = _nice(max(bar.high for _, bars in series for bar in bars))
    group_height = len(series) * (BAR_HEIGHT + BAR_GAP) + GROUP_GAP
    bottom = HEAD_HEIGHT + group_height * len(groups)

    def marks() -> Iterator[str]:
        for step in range(N_STEPS + 1):
            x = left + width * step / N_STEPS
            yield _line(x, HEAD_HEIGHT - 4, x, bottom, opacity=0.25 if step else 0.7)
            yield _text(x, bottom + 17, f"{top * step / N_STEPS:.3g}", size=12, anchor="middle")
        for row, group in enumerate(groups):
            y = HEAD_HEIGHT + row * group_height
            middle = y + (group_height - GROUP_GAP) / 2
            yield _text(left - 10, middle + 4, group, size=13, anchor="end")
            for i, (_, bars) in enumerate(series):
                yield from _bar(bars[row], left, y + i * (BAR_HEIGHT + BAR_GAP), width / top, COLOURS[i])
        yield _text(left + width / 2, bottom + 38, axis, size=12, anchor="middle")

    names = [(name, colour) for (name, _), colour in zip(series, COLOURS, strict=False)]
    return _document([*_head(title, subtitle, names), *marks()], title=title, height=bottom + FOOT_HEIGHT)


def line_chart(lines: Sequence[Line], *, title: str, subtitle: str, x_axis: str, y_axis: str) -> str:
    """A whole SVG document, both axes logarithmic, from power to power of ten."""
    left, width = MARGIN + 50, WIDTH - 80 - 2 * MARGIN  # half of the last label stands right of the lines
    bottom = HEAD_HEIGHT + LINES_HEIGHT
    (x_low, x_high), (y_low, y_high) = (
        _decades([point[i] for line in lines for point in line.points]) for i in range(2)
    )

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            left + width * (math.log10(x) - x_low) / (x_high - x_low),
            bottom - LINES_HEIGHT * (math.log10(y) - y_low) / (y_high - y_low),
        )

    def marks() -> Iterator[str]:
        for power in range(x_low, x_high + 1):
            x, _ = place(10.0**power, 10.0**y_low)
            yield _line(x, HEAD_HEIGHT, x, bottom, opacity=0.25)
            yield _text(
                x, bottom + 17, f"{10**power:,}" if power >= 0 else f"{10.0**power:g}", size=12, anchor="middle"
            )
        for power in range(y_low, y_high + 1):
            _, y = place(10.0**x_low, 10.0**power)
            yield _line(left, y, left + width, y, opacity=0.25)
            yield _text(left - 8, y + 4, f"{10.0**power:g}", size=12, anchor="end")
        for line in lines:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in line.points))
            yield f"<polyline points='{path}' fill='none' stroke='{line.colour}' stroke-width='2'/>"
            for x, y in (place(*point) for point in line.points):
                yield f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3.5' fill='{line.colour}'/>"
        yield _text(left + width / 2, bottom + 38, x_axis, size=12, anchor="middle")
        yield _text(MARGIN, HEAD_HEIGHT - 8, y_axis, size=12)

    names = [(line.name, line.colour) for line in lines]
    return _document([*_head(title, subtitle, names), *marks()], title=title, height=bottom + FOOT_HEIGHT)


def _document(parts: Sequence[str], *, title: str, height: float) -> str:
    opening = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height:g}' width='{WIDTH}' height='{height:g}' "
        f"role='img' aria-label={quoteattr(title)}>"
    )
    return "\n".join([opening, *parts, "</svg>"]) + "\n"


def _head(title: str, subtitle: str, names: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield _text(MARGIN, 24, title, size=16, weight=600)
    yield _text(MARGIN, 44, subtitle, size=12)
    x = float(MARGIN)
    for name, colour in names:
        yield f"<rect x='{x:g}' y='55' width='12' height='12' rx='2' fill='{colour}'/>"
        yield _text(x + 18, 66, name, size=13)
        x += 46 + 7.5 * len(name)


def _bar(bar: Bar, left: float, y: float, scale: float, colour: str) -> Iterator[str]:
    middle = y + BAR_HEIGHT / 2
    size = f"width='{bar.value * scale:.2f}' height='{BAR_HEIGHT}'"
    yield f"<rect x='{left:g}' y='{y:g}' {size} rx='2' fill='{colour}'/>"
    yield _line(left + bar.low * scale, middle, left + bar.high * scale, middle, opacity=1)
    yield _text(left + bar.high * scale + 6, y + BAR_HEIGHT - 2, f"{bar.value:.2f}", size=11)


def _line(x1: float, y1: float, x2: float, y2: float, *, opacity: float) -> str:
    ends = f"x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}'"
    return f"<line {ends} stroke='{INK}' stroke-opacity='{opacity:g}'/>"


def _text(x: float, y: float, text: str, *, size: int, anchor: str = "start", weight: int = 400) -> str:
    style = f"font-size='{size}' font-weight='{weight}' text-anchor='{anchor}' fill='{INK}' {FONT}"
    return f"<text x='{x:.1f}' y='{y:.1f}' {style}>{escape(text)}</text>"


def _nice(value: float) -> float:
    """The least of a few round numbers that is not below the value."""
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next(step * power for step in (1.0, 1.5, 2.0, 2.5, 5.0, 7.5, 10.0, 15.0) if step * power >= value)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low = math.floor(math.log10(min(values)) + 1e-9)
    return low, max(low + 1, math.ceil(math.log10(max(values)) - 1e-9))
