"""What every benchmark prints: a table for people, then one JSON object as the last line. Knows no benchmark."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence


def make_parser(description: str, *, limit: int, counted: str = "cursors") -> argparse.ArgumentParser:
    """The options that all benchmarks share; `limit` bounds how many of what is `counted` are tried."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    parser.add_argument("--limit", type=int, default=limit, help=f"how many {counted} (default {limit})")
    parser.add_argument("--seed", type=int, default=1, help="of what is left to chance (default 1)")
    parser.add_argument("--model", help="name in the catalogue or path of a GGUF file")
    return parser


def show_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as they need to be; numbers to the right."""
    cells = [[_text(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(header), *cells]) for i in range(len(header))]
    print("  ".join(name.ljust(width) for name, width in zip(header, widths, strict=True)))
    for source, row in zip(rows, cells, strict=True):
        aligned = [
            text.ljust(width) if isinstance(cell, str) else text.rjust(width)
            for cell, text, width in zip(source, row, widths, strict=True)
        ]
        print("  ".join(aligned))


def finish(result: Mapping[str, object]) -> None:
    """Prints the JSON line."""
    print(json.dumps(dict(result)))


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.3g}" if abs(cell) < 1 else f"{cell:.2f}"
    return str(cell)
