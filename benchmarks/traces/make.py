"""Makes the typing traces beside this file, always the same ones, from the example documents.

Parts of a document are cut out and typed again, with pauses as people make them, typing errors that are noticed a few
keys later, and looks at the suggestion. Between two parts the cursor goes back and forth. A part ends at a line's end.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from typing_trace import Event, Trace, write_trace

HERE = Path(__file__).resolve().parent
DOCUMENTS = HERE.parent.parent / "examples" / "documents"

# median and spread (of the logarithm) of the pause before a key, after what kind of character
IN_WORD, AFTER_WORD, AFTER_LINE = (120, 0.3), (220, 0.45), (650, 0.5)
THINKING, NOTICING, LOOKING, ARRIVING = (2500, 0.4), (350, 0.3), (400, 0.3), (900, 0.4)
THINKING_SHARE = 0.2  # of the beginnings of words
ERROR_SHARE = 0.08  # of the letters
LOOK_SHARE = 0.08  # of the characters inside a word
NEIGHBOURS = "qwertyuiopasdfghjklzxcvbnm"


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes a trace: parts by their first and last words, and in which order how much of each is typed."""

    name: str
    sources: tuple[str, ...]
    parts: tuple[tuple[str, str], ...]
    visits: tuple[tuple[int, int | None], ...]
    """part, and how many of its lines; None: all that are left"""


PLANS = (
    Plan(
        "cart",
        ("cart.js",),
        (("const item = this.items.find(", "item.quantity += quantity;"), ("let total", "total = 0;")),
        ((0, 2), (1, None), (0, None)),
    ),
    Plan(
        "inventory",
        ("inventory.py",),
        (("result = []", "if tag in item.tags:"), ('print(f"{item.name}:', '.quantity}")')),
        ((0, 2), (1, None), (0, None)),
    ),
    Plan(
        "menu",
        ("menu.py",),
        (("entry = DRINKS", "is None:"), ('print("🍵 Drinks")', "for name in DRINKS:")),
        ((1, 1), (0, None), (1, None)),
    ),
    Plan(
        "module",  # longer than the context of the embedded model
        ("inventory.py", "tree.py"),
        (("data = [asdict", "self.items.values()]"), ("print(os.path.abspath", "abspath(path))")),
        ((0, None), (1, None)),
    ),
    Plan(
        "tree",
        ("tree.py",),
        (("Printing", "Printing"), ("is_last =", "else BRANCH")),
        ((1, 1), (0, None), (1, None)),
    ),
)


class Part:
    """A part of the final text, and how much of it stands in the document already."""

    def __init__(self, text: str, first: str, last: str) -> None:
        self.start = text.index(first)
        self.text = text[self.start : text.index(last, self.start) + len(last)]
        self.n_typed = 0

    def take(self, n_lines: int | None) -> str:
        """The next lines; from here on they count as typed."""
        left = self.text[self.n_typed :]
        lines = left.splitlines(keepends=True)
        taken = "".join(lines if n_lines is None else lines[:n_lines])
        if len(taken) < len(left):
            taken = taken.removesuffix("\n")  # the break belongs to the line that it begins
        self.n_typed += len(taken)
        return taken


def make_trace(plan: Plan) -> Trace:
    """The trace of a plan; the same whenever and wherever it is made."""
    text = "\n\n".join((DOCUMENTS / name).read_text(encoding="utf-8") for name in plan.sources)
    hand = Hand(random.Random(plan.name))
    parts = [Part(text, first, last) for first, last in plan.parts]
    document = "".join(_standing(text, parts))
    events: list[Event] = []
    for which, n_lines in plan.visits:
        events.append(hand.jump(_cursor_bytes(text, parts, parts[which])))
        events += hand.type(parts[which].take(n_lines))
    return Trace(plan.name, document, tuple(events))


class Hand:
    """Somebody's way of typing."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def jump(self, to: int) -> Event:
        return Event(do="jump", to=to, pause_ms=self._pause(ARRIVING))

    def type(self, text: str) -> Iterator[Event]:
        """Some lines. After a look, nothing but the text that it announces may follow: no more errors in that line."""
        before = "\n"
        for line in _lines_with_their_break(text):
            has_looked = False
            for i, unit in enumerate(line):
                rest = "".join(line[i:])
                if not has_looked and unit.isalpha() and self._chance.random() < ERROR_SHARE:
                    yield from self._correct_an_error(line[i : i + self._chance.randrange(3)])
                elif i > 1 and before.isalpha() and self._chance.random() < LOOK_SHARE:
                    has_looked = True
                    yield Event(do="accept", text=rest, pause_ms=self._pause(LOOKING))
                yield Event(do="type", text=unit, pause_ms=self._pause(self._rhythm(before, unit)))
                before = unit

    def _correct_an_error(self, typed_on: Sequence[str]) -> Iterator[Event]:
        for character in (self._chance.choice(NEIGHBOURS), *typed_on):
            yield Event(do="type", text=character, pause_ms=self._pause(IN_WORD))
        for i in range(1 + len(typed_on)):
            yield Event(do="delete", n=1, pause_ms=self._pause(IN_WORD if i else NOTICING))

    def _rhythm(self, before: str, unit: str) -> tuple[int, float]:
        if before.startswith("\n"):
            return AFTER_LINE
        if before.isalnum() == unit.isalnum():
            return IN_WORD
        return THINKING if unit.isalnum() and self._chance.random() < THINKING_SHARE else AFTER_WORD

    def _pause(self, rhythm: tuple[int, float]) -> int:
        median_ms, spread = rhythm
        return round(self._chance.lognormvariate(math.log(median_ms), spread))


def _lines_with_their_break(text: str) -> Iterator[list[str]]:
    """Each line as what one key enters: single characters, and the line break with the indentation that follows."""
    for i, line in enumerate(text.split("\n")):
        indentation = line[: len(line) - len(line.lstrip(" "))]
        yield ["\n" + indentation, *line[len(indentation) :]] if i else list(line)


def _standing(text: str, parts: Sequence[Part]) -> Iterator[str]:
    """The pieces of the final text that are in the document now."""
    at = 0
    for part in sorted(parts, key=lambda part: part.start):
        yield text[at : part.start + part.n_typed]
        at = part.start + len(part.text)
    yield text[at:]


def _cursor_bytes(text: str, parts: Sequence[Part], part: Part) -> int:
    before = [earlier for earlier in parts if earlier.start < part.start]
    missing = sum(len(earlier.text[earlier.n_typed :].encode()) for earlier in before)
    return len(text[: part.start + part.n_typed].encode()) - missing


def main() -> None:
    for plan in PLANS:
        trace = make_trace(plan)
        (HERE / f"{plan.name}.json").write_text(write_trace(trace), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
