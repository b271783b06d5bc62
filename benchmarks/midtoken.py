"""How often is what stands after the cursor found again? Held-out source, cursors of each class, exact beside healing
and naive, or one layout beside the others.

Greedy. `line`: the rest of the cursor's line is hidden, the lines after it are the suffix, and the first line of what
the model says is right when it is that rest, blanks at the end aside. `span`: up to 60 characters and two line breaks
are hidden, wherever they end, and nothing but the model itself ends the middle (or the budget: the hole's tokens and 16
more). Ended itself: by a token of the model that ends the middle, in single lines before it broke the line.
`--suffix both` asks everything once more as if nothing stood after the cursor. Shares with 95 % intervals by Wilson,
differences at the same cursors with intervals by Agresti and Min.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cursors import CLASSES, Cursor, sample_cursors
from held_out import fetch_sources
from intervals import Paired, paired, share
from report import finish, make_parser, show_table
from ways import Way, add_way_options, all_layouts, ask, choose_ways

from lsp_server.model.loading import LoadedModel, load_model

N_TOKENS = 24  # of a line
MARGIN_TOKENS = 16  # of a span, beyond its own
WINDOW_BYTES = (1500, 500)
SPAN_CHARACTERS, SPAN_LINE_BREAKS = 60, 2
EXTENSIONS = {"python": (".py",), "javascript": (".js", ".mjs", ".jsx"), "typescript": (".ts", ".tsx")}

HoleKind = Literal["line", "span"]


@dataclass(frozen=True, slots=True)
class Hidden:
    """A cursor, and what is hidden after it."""

    cursor: Cursor
    hole: bytes
    is_line: bool
    """the hole is the rest of a line"""

    @property
    def prefix(self) -> bytes:
        return self.cursor.prefix[-WINDOW_BYTES[0] :]

    @property
    def suffix(self) -> bytes:
        return self.cursor.suffix[len(self.hole) :][: WINDOW_BYTES[1]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one hole."""

    kind: str
    """class of the cursor"""
    is_exact: bool
    begins_right: bool
    ended_itself: bool


def main() -> None:
    parser = make_parser(__doc__ or "", limit=210)
    parser.add_argument("folder", nargs="?", type=Path, help="source that the model has not seen")
    parser.add_argument("--language", choices=tuple(EXTENSIONS), default="python")
    parser.add_argument("--holes", choices=("line", "span"), default="line")
    parser.add_argument("--suffix", choices=("true", "both"), default="true", help="both: beside an empty one")
    parser.add_argument("--layouts", action="store_true", help="all layouts and cuts, exact")
    add_way_options(parser)
    arguments = parser.parse_args()
    loaded = load_model(arguments.model)
    ways = all_layouts(loaded) if arguments.layouts else choose_ways(arguments, loaded)
    if arguments.suffix == "both":
        ways += [replace(way, has_suffix=False) for way in ways if way.layout != "plain"]
    paths = source_paths(arguments.language, arguments.folder)
    outcomes = measure(loaded, sample_hidden(paths, arguments.holes, arguments.limit, seed=arguments.seed), ways)
    if not arguments.json:
        show(outcomes)
    finish(sum_up(outcomes))


def source_paths(language: str, folder: Path | None) -> list[Path]:
    """Files of the language below a folder, or held-out ones. Raises SystemExit when there are none."""
    if folder is None:
        return fetch_sources(language)
    paths = sorted(path for path in folder.rglob("*") if path.suffix in EXTENSIONS[language] and path.is_file())
    if not paths:
        raise SystemExit(f"No {language} files below {folder}; name another folder or --language.")
    return paths


def sample_hidden(paths: Sequence[Path], kind: HoleKind, limit: int, *, seed: int) -> list[Hidden]:
    """Holes at cursors of all classes, as many of each as there are; those that hide only blanks are left out."""
    cursors = sample_cursors(limit, seed=seed, paths=paths)
    lengths = random.Random(seed)
    holes = [rest_of_line(cursor) if kind == "line" else span(cursor, lengths) for cursor in cursors]
    return [Hidden(cursor, hole, kind == "line") for cursor, hole in zip(cursors, holes, strict=True) if hole.strip()]


def rest_of_line(cursor: Cursor) -> bytes:
    return cursor.suffix.partition(b"\n")[0]


def span(cursor: Cursor, lengths: random.Random) -> bytes:
    """Ends with a whole character."""
    n_continuing = len(cursor.suffix) - len(cursor.suffix.lstrip(bytes(range(0x80, 0xC0))))
    rest = cursor.suffix[n_continuing:][: 4 * SPAN_CHARACTERS].decode("utf-8", "ignore")
    lines = rest[: lengths.randint(1, SPAN_CHARACTERS)].split("\n")[: SPAN_LINE_BREAKS + 1]
    return cursor.suffix[:n_continuing] + "\n".join(lines).encode()


def end_of_line(middle: bytes) -> int | None:
    end = middle.find(b"\n")
    return None if end < 0 else end


def measure(loaded: LoadedModel, hidden: Sequence[Hidden], ways: Sequence[Way]) -> dict[Way, list[Outcome]]:
    """One outcome per way and hole; all ways at a hole before the next hole."""
    outcomes: dict[Way, list[Outcome]] = {way: [] for way in ways}
    for n, one in enumerate(hidden, 1):
        for way in ways:
            outcomes[way].append(judge(loaded, one, way))
        if n % 50 == 0:
            print(f"{n} of {len(hidden)} cursors", file=sys.stderr)
    return outcomes


def judge(loaded: LoadedModel, hidden: Hidden, way: Way) -> Outcome:
    n_tokens = N_TOKENS if hidden.is_line else len(loaded.model.tokenize(hidden.hole)) + MARGIN_TOKENS
    find_end = end_of_line if hidden.is_line else lambda middle: None
    found = ask(loaded, way, hidden.prefix, hidden.suffix, max_tokens=n_tokens, find_end=find_end)
    hole = hidden.hole.rstrip()
    return Outcome(
        kind=hidden.cursor.kind,
        is_exact=found.middle.rstrip() == hole,
        begins_right=found.middle.startswith(hole),
        ended_itself=found.stop_reason == "end",
    )


def of_class(outcomes: Sequence[Outcome], kind: str) -> list[bool]:
    return [outcome.is_exact for outcome in outcomes if outcome.kind == kind]


def exact(outcomes: Sequence[Outcome]) -> list[bool]:
    return [outcome.is_exact for outcome in outcomes]


def compare(outcomes: Mapping[Way, Sequence[Outcome]]) -> dict[tuple[Way, Way], Paired]:
    """Exact matches: the first way beside every other, and every way with its suffix beside the same without."""
    first, *_ = outcomes
    pairs = [(first, way) for way in outcomes if way != first and way.has_suffix]
    pairs += [(replace(way, has_suffix=True), way) for way in outcomes if not way.has_suffix]
    return {(a, b): paired(exact(outcomes[a]), exact(outcomes[b])) for a, b in pairs}


def show(outcomes: Mapping[Way, Sequence[Outcome]]) -> None:
    first = next(iter(outcomes.values()))
    kinds = [kind for kind in CLASSES if of_class(first, kind)]
    rows: list[list[object]] = [
        [kind, len(of_class(first, kind)), *(f"{share(of_class(of, kind)).share:.1%}" for of in outcomes.values())]
        for kind in kinds
    ]
    rows.append(["all", len(first), *(str(share(exact(of))) for of in outcomes.values())])
    rows.append(["begins right", len(first), *(str(share([o.begins_right for o in of])) for of in outcomes.values())])
    rows.append(["ended itself", len(first), *(str(share([o.ended_itself for o in of])) for of in outcomes.values())])
    show_table(["exact match", "cursors", *map(str, outcomes)], rows)
    for (a, b), difference in compare(outcomes).items():
        print(f"{a} beside {b}: {difference}; only the one {difference.only_a}, only the other {difference.only_b}")


def sum_up(outcomes: Mapping[Way, Sequence[Outcome]]) -> dict[str, object]:
    first = next(iter(outcomes.values()))
    return {
        "n": len(first),
        "exact_match": {str(way): share(exact(of)).share for way, of in outcomes.items()},
        "exact_match_interval": {str(way): share(exact(of)).interval for way, of in outcomes.items()},
        "exact_match_by_class": {
            str(way): {kind: share(of_class(of, kind)).share for kind in CLASSES if of_class(of, kind)}
            for way, of in outcomes.items()
        },
        "begins_right": {str(way): share([o.begins_right for o in of]).share for way, of in outcomes.items()},
        "ended_itself": {str(way): share([o.ended_itself for o in of]).share for way, of in outcomes.items()},
        "differences": [
            {"a": str(a), "b": str(b), "points": found.points, "interval": found.interval, "p_value": found.p_value}
            for (a, b), found in compare(outcomes).items()
        ],
    }


if __name__ == "__main__":
    main()
