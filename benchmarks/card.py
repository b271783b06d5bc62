"""The part of a model's card that is written by `model_tables`: the Markdown of measured tables, and its place between
two marker lines. Knows no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

BEGIN = "<!-- measured: begin (benchmarks/model_tables.py --write replaces what stands between these two lines) -->"
END = "<!-- measured: end -->"


class BadCard(Exception):
    """There is no place for tables; the message is one sentence with the remedy."""


def read_card(path: Path) -> tuple[str, str]:
    """What stands before and after the tables. Raises BadCard."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadCard(f"{path} cannot be read ({error.strerror}); name a card behind --write.") from error
    before, begin, rest = text.partition(f"{BEGIN}\n")
    _, end, after = rest.partition(f"{END}\n")
    if not begin or not end:
        raise BadCard(f"{path} has no place for tables; put these two lines where they shall stand:\n{BEGIN}\n{END}")
    return before, after


def write_card(path: Path, tables: str) -> None:
    """Replaces the tables of a card. Raises BadCard."""
    before, after = read_card(path)
    path.write_text(f"{before}{BEGIN}\n{tables}{END}\n{after}", encoding="utf-8")


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A blank line, then the table; no text of ours holds a bar."""
    lines = [list(header), ["---"] * len(header), *rows]
    return "\n" + "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)
