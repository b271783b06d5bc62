"""What a user of Neovim would see, as a drawing: the grid that Neovim sends to its user interfaces.

Knows cells, colours and the cursor; nothing of what is shown in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from unicodedata import east_asian_width
from xml.sax.saxutils import escape

CELL_WIDTH, CELL_HEIGHT = 8.4, 18  # of a monospaced font of 14 pixels
FONT = "14px 'DejaVu Sans Mono', Menlo, Consolas, monospace"

Cell = tuple[str, int]  # text, number of its highlight


class Screen:
    """One grid, kept up to date by the events of `nvim_ui_attach` with `ext_linegrid`."""

    def __init__(self, n_columns: int, n_rows: int) -> None:
        self.n_columns, self.n_rows = n_columns, n_rows
        self.cells: list[list[Cell]] = []
        self.cursor = (0, 0)
        """row, column"""
        self._highlights: dict[int, Mapping[str, Any]] = {}
        self._foreground, self._background = 0xFFFFFF, 0
        self._clear()

    def take(self, events: Iterable[Sequence[Any]]) -> bool:
        """What one `redraw` notification says; True when the screen is whole now."""
        is_whole = False
        for name, *calls in events:
            is_whole = name == "flush"
            handler = getattr(self, f"_{name}", None)
            for call in calls:
                if handler is not None:
                    handler(*call)
        return is_whole

    def lines(self) -> Sequence[str]:
        """The text alone."""
        return ["".join(text for text, _ in row) for row in self.cells]

    def to_svg(self) -> str:
        """The drawing."""
        width, height = self.n_columns * CELL_WIDTH, self.n_rows * CELL_HEIGHT
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}"'
            ' shape-rendering="crispEdges">',
            f'<rect width="100%" height="100%" fill="{_colour(self._background)}"/>',
            f'<g style="font: {FONT}; white-space: pre">',
        ]
        for y, row in enumerate(self.cells):
            parts += [self._draw(x, y, text, number) for x, (text, number) in enumerate(row)]
        y, x = self.cursor
        parts.append(
            f'<rect x="{x * CELL_WIDTH:.1f}" y="{y * CELL_HEIGHT}" width="2" height="{CELL_HEIGHT}" fill="#fff"/>'
        )
        return "\n".join([*filter(None, parts), "</g></svg>", ""])

    def _draw(self, x: int, y: int, text: str, number: int) -> str:
        style = self._highlights.get(number, {})
        foreground, background = style.get("foreground", self._foreground), style.get("background", self._background)
        if style.get("reverse"):
            foreground, background = background, foreground
        left, top, drawn = f"{x * CELL_WIDTH:.1f}", y * CELL_HEIGHT, ""
        n_cells = 2 if text and east_asian_width(text[0]) in "WF" else 1
        if background != self._background:
            size = f'width="{n_cells * CELL_WIDTH:.1f}" height="{CELL_HEIGHT}"'
            drawn = f'<rect x="{left}" y="{top}" {size} fill="{_colour(background)}"/>'
        if text.strip():
            slant = ' font-style="italic"' if style.get("italic") else ""
            place = f'x="{left}" y="{top + 13}" fill="{_colour(foreground)}"'
            drawn += f"<text {place}{slant}>{escape(text)}</text>"
        return drawn

    def _clear(self) -> None:
        self.cells = [[(" ", 0)] * self.n_columns for _ in range(self.n_rows)]

    def _grid_clear(self, _: int) -> None:
        self._clear()

    def _default_colors_set(self, foreground: int, background: int, *_: object) -> None:
        self._foreground, self._background = foreground, background

    def _hl_attr_define(self, number: int, style: Mapping[str, Any], *_: object) -> None:
        self._highlights[number] = style

    def _grid_cursor_goto(self, _: int, row: int, column: int) -> None:
        self.cursor = (row, column)

    def _grid_line(self, _: int, row: int, column: int, cells: Sequence[Sequence[Any]], *__: object) -> None:
        number = 0
        for text, *more in cells:
            number = more[0] if more else number
            for _i in range(more[1] if len(more) > 1 else 1):
                self.cells[row][column] = (text, number)
                column += 1

    def _grid_scroll(self, _: int, top: int, bottom: int, left: int, right: int, n_rows: int, __: int) -> None:
        rows = range(top, bottom - n_rows) if n_rows > 0 else range(bottom - 1, top - n_rows - 1, -1)
        for row in rows:
            self.cells[row][left:right] = self.cells[row + n_rows][left:right]


def _colour(number: int) -> str:
    return f"#{number:06x}"
