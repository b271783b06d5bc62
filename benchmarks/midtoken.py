"""How often is the rest of the line right? Held-out source, cursors of each class, exact beside healing and naive.

The rest of the cursor's line is hidden, the lines after it are the suffix. `--layouts` compares the orders of prompt in
which the model can be asked, all with exact conditioning: what a model's layout is chosen by.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cursors import CLASSES, Cursor, sample_cursors
from held_out import fetch_held_out
from report import finish, make_parser, show_table

from byte_fim.complete import CompleteOptions, complete
from byte_fim.conditioning import Conditioning
from byte_fim.fim import CutPolicy, Layout
from lsp_server.model.loading import LoadedModel, load_model

N_TOKENS = 24
WINDOW_BYTES = (1500, 500)


@dataclass(frozen=True, slots=True)
class Way:
    """How the model is asked."""

    layout: Layout
    cut: CutPolicy
    conditioning: Conditioning = "exact"

    def __str__(self) -> str:
        return (
            f"{self.layout} {self.cut} {self.conditioning}"
            if self.layout == "psm"
            else f"{self.layout} {self.conditioning}"
        )


def main() -> None:
    parser = make_parser(__doc__ or "", limit=210)
    parser.add_argument("folder", nargs="?", type=Path, help="Python source that the model has not seen")
    parser.add_argument("--layouts", action="store_true", help="compare layouts instead of conditionings")
    arguments = parser.parse_args()
    loaded = load_model(arguments.model)
    ways = [Way(loaded.layout, loaded.cut, how) for how in ("exact", "healing", "naive")]
    if arguments.layouts:
        ways = [Way("plain", "word"), Way("spm", "word"), *(Way("psm", cut) for cut in ("anchor", "word", "cursor"))]
    cursors = sample_cursors(arguments.limit, seed=arguments.seed, folder=arguments.folder or fetch_held_out())
    cursors = [cursor for cursor in cursors if rest_of_line(cursor).strip()]
    right: dict[str, dict[str, list[bool]]] = {str(way): defaultdict(list) for way in ways}
    for cursor in cursors:
        for way in ways:
            right[str(way)][cursor.kind].append(ask(loaded, cursor, way) == rest_of_line(cursor).rstrip())
    share = {way: {kind: mean(found) for kind, found in kinds.items()} for way, kinds in right.items()}
    overall = {way: mean([hit for found in kinds.values() for hit in found]) for way, kinds in right.items()}
    if not arguments.json:
        names = list(right)
        rows: list[list[object]] = [
            [kind, len(right[names[0]][kind]), *(f"{share[way].get(kind, 0.0):.1%}" for way in names)]
            for kind in CLASSES
            if kind in share[names[0]]
        ]
        rows.append(["all", len(cursors), *(f"{overall[way]:.1%}" for way in names)])
        show_table(["rest of line right", "cursors", *names], rows)
    finish({"n": len(cursors), "exact_match": overall, "exact_match_by_class": share})


def ask(loaded: LoadedModel, cursor: Cursor, way: Way) -> bytes:
    """The first line of the completion, without blanks at its end."""
    line_end = cursor.text.find(b"\n", cursor.offset_bytes)
    suffix = cursor.text[line_end:][: WINDOW_BYTES[1]] if line_end >= 0 else b""
    options = CompleteOptions(layout=way.layout, cut=way.cut, conditioning=way.conditioning, max_tokens=N_TOKENS)
    completion = complete(
        loaded.model, loaded.fim, cursor.prefix[-WINDOW_BYTES[0] :], suffix, options=options, find_end=end_of_line
    )
    return completion.alternatives[0].middle.rstrip()


def rest_of_line(cursor: Cursor) -> bytes:
    return cursor.suffix.partition(b"\n")[0]


def end_of_line(middle: bytes) -> int | None:
    end = middle.find(b"\n")
    return None if end < 0 else end


def mean(hits: list[bool]) -> float:
    return sum(hits) / max(1, len(hits))


if __name__ == "__main__":
    main()
