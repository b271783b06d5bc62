"""When VS Code draws an inline completion item: its rules, as they are written, for one line. Knows no server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Drawn:
    """An item on the cursor's line; columns in code points."""

    text: str
    start: int
    end: int


def is_shown_by_vscode(line: str, cursor: int, item: Drawn, *, popup: str = "") -> bool:
    """True when nothing keeps VS Code from drawing the item; what breaks a rule is silently not drawn.

    `line` is the cursor's, without its line break; `popup` the text of the selected entry of the menu. What stands in
    the range left of the cursor must begin the item, letter by letter; what stands there right of it must be found in
    the rest, in this order but not necessarily side by side; several lines need all of the line's end; and something
    must change.
    """
    if not 0 <= item.start <= cursor <= item.end <= len(line):
        return False
    left, right = line[item.start : cursor], line[cursor : item.end]
    if not left.strip():  # indentation may be replaced
        left = left if item.text.startswith(left) else ""
    changes_something = item.text != line[item.start : item.end]
    reaches_end = "\n" not in item.text or item.end == len(line)
    return (
        changes_something
        and reaches_end
        and item.text.startswith(left)
        and _is_subsequence(right, item.text[len(left) :])
        and item.text.startswith(popup)
    )


def _is_subsequence(wanted: str, text: str) -> bool:
    rest = iter(text)
    return all(character in rest for character in wanted)
