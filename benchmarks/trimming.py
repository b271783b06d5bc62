"""Where trimming ends a suggestion, against where the author of the file ended the block; and what the looking costs.

Block-shaped holes in held-out files (holes.py). Offered is a model that writes the true text and never stops: what was
cut out and the next 30 lines of the file, piece by piece. Right is exactly what was cut out, but for blanks at line
ends; with nothing behind the cursor (`alone`), that and what closes the block. Pieces are runs of white space and up to
four bytes of anything else, about as long as tokens. `late` counts the pieces that were asked for behind the cut.

`--cost`: what a check costs in a file of 5,000 lines. `--with-model`: how suggestions of several lines by the model
end, and whether they leave the document whole.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from held_out import OTHERS
from holes import KINDS, Hole, sample_holes
from report import finish, make_parser, show_table
from trimming_cost import measure_cost
from trimming_with_model import measure_model

from lsp_server.settings import DEFAULTS
from lsp_server.suggestion.trimming import Trimmed, Trimmer
from lsp_server.system.percentiles import percentile

LANGUAGES = ("python", *OTHERS)
_PIECE = re.compile(rb"\s+|\S{1,4}")
_BLANKS_AT_LINE_END = re.compile(rb"[ \t]+(?=\n|\Z)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a hole."""

    hole: Hole
    is_alone: bool
    """nothing stood behind the cursor"""
    trimmed: Trimmed
    is_right: bool
    n_late_pieces: int | None
    """None when it was not stopped before all was said"""
    n_late_bytes: int | None


def main() -> None:
    parser = make_parser(__doc__ or "", limit=90, counted="holes or cursors in each language")
    parser.add_argument("--languages", nargs="*", choices=LANGUAGES, default=LANGUAGES, metavar="LANGUAGE")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print the first N failures of each language")
    parser.add_argument("--cost", action="store_true", help="measure time instead")
    parser.add_argument("--with-model", action="store_true", help="measure suggestions of the model instead")
    arguments = parser.parse_args()
    if arguments.cost:
        finish(measure_cost(seed=arguments.seed, is_silent=arguments.json))
    elif arguments.with_model:
        shown, asked = arguments.show, (arguments.model, arguments.limit)
        finish(measure_model(*asked, seed=arguments.seed, n_shown=shown, is_silent=arguments.json))
    else:
        finish(measure_holes(arguments.languages, arguments.limit, arguments.seed, arguments.show, arguments.json))


def measure_holes(
    languages: Sequence[str], n_holes: int, seed: int, n_shown: int, is_silent: bool
) -> Mapping[str, object]:
    outcomes: list[Outcome] = []
    by_language: dict[str, Mapping[str, object]] = {}
    trimmer = Trimmer()
    for language in languages:
        holes = sample_holes(language, n_holes, seed=seed)
        of_language = [outcome for hole in holes for outcome in try_both(trimmer, hole)]
        by_language[language] = sum_up(of_language)
        outcomes += of_language
        for outcome in [outcome for outcome in of_language if not outcome.is_right][:n_shown]:
            print(draw(outcome))
    by_kind = {kind: sum_up([outcome for outcome in outcomes if outcome.hole.kind == kind]) for kind in KINDS}
    total = sum_up(outcomes)
    failures = {
        place: dict(Counter(name_failure(one) for one in wrong).most_common(12))
        for place, wrong in (
            ("in_place", [one for one in outcomes if not one.is_right and not one.is_alone]),
            ("alone", [one for one in outcomes if not one.is_right and one.is_alone]),
        )
    }
    if not is_silent:
        rows = [*by_language.items(), *by_kind.items(), ("all", total)]
        show_table(["holes in", *(name.replace("_", " ") for name in total)], [[n, *r.values()] for n, r in rows])
        for place, kinds in failures.items():
            print()
            show_table([f"failures, {place.replace('_', ' ')}", "n"], [[kind, n] for kind, n in kinds.items()])
    return {"all": total, "by_language": by_language, "by_kind": by_kind, "failures": failures}


def try_both(trimmer: Trimmer, hole: Hole) -> Iterable[Outcome]:
    """The hole where it is, and with nothing behind it where the end of the block is among what is offered."""
    yield try_hole(trimmer, hole, hole.suffix, (hole.end,))
    if max(hole.ends_without_suffix) <= hole.start + len(hole.offered):
        yield try_hole(trimmer, hole, b"", hole.ends_without_suffix)


def try_hole(trimmer: Trimmer, hole: Hole, suffix: bytes, ends: Sequence[int]) -> Outcome:
    """What is offered when a model says what stands in the file, and goes on."""
    n_prefix, n_suffix = DEFAULTS.n_prefix_bytes, DEFAULTS.n_suffix_bytes
    cut = trimmer.at(
        hole.prefix[-n_prefix:],
        suffix[:n_suffix],
        language=hole.language,
        uri=hole.path.as_uri(),
        above=hole.prefix[:-n_prefix],
        below=suffix[n_suffix:],
    )
    offered = hole.offered
    pieces = [piece.end() for piece in _PIECE.finditer(offered)]
    for n_pieces, said in enumerate(pieces, 1):
        if (n_kept := cut.find_end(offered[:said])) is not None:
            trimmed = cut.trim(offered[:n_kept], is_whole=True)
            n_late_pieces = sum(n_kept < end for end in pieces[:n_pieces])
            n_late_bytes = said - n_kept
            break
    else:
        trimmed = cut.trim(offered, is_whole=hole.text.endswith(offered))
        n_late_pieces = n_late_bytes = None
    is_right = any(tidy(trimmed.middle) == tidy(hole.text[hole.start : end]) for end in ends)
    return Outcome(hole, not suffix, trimmed, is_right, n_late_pieces, n_late_bytes)


def tidy(text: bytes) -> bytes:
    """Without blanks at line ends and white space at the end."""
    return _BLANKS_AT_LINE_END.sub(b"", text).rstrip()


def sum_up(outcomes: Sequence[Outcome]) -> Mapping[str, object]:
    in_place = [outcome for outcome in outcomes if not outcome.is_alone]
    alone = [outcome for outcome in outcomes if outcome.is_alone]
    stopped = [outcome for outcome in in_place if outcome.n_late_pieces is not None]
    late = [outcome.n_late_pieces for outcome in stopped if outcome.n_late_pieces is not None]
    late_bytes = [outcome.n_late_bytes for outcome in stopped if outcome.n_late_bytes is not None]
    return {
        "n": len(in_place),
        "exact_%": percent(in_place),
        "n_alone": len(alone),
        "alone_exact_%": percent(alone),
        "not_stopped": len(in_place) - len(stopped),
        "late_p50": percentile(late, 0.5) if late else None,
        "late_p95": percentile(late, 0.95) if late else None,
        "late_max": max(late, default=None),
        "late_bytes_p50": percentile(late_bytes, 0.5) if late_bytes else None,
        "late_bytes_p95": percentile(late_bytes, 0.95) if late_bytes else None,
    }


def percent(outcomes: Sequence[Outcome]) -> float | None:
    return 100 * sum(outcome.is_right for outcome in outcomes) / len(outcomes) if outcomes else None


def name_failure(outcome: Outcome) -> str:
    """How it went wrong, and what trimming says of it."""
    hole, trimmed = outcome.hole, outcome.trimmed
    ends = hole.ends_without_suffix if outcome.is_alone else (hole.end,)
    kept, rights = tidy(trimmed.middle), [tidy(hole.text[hole.start : end]) for end in ends]
    if not kept:
        how = "nothing"
    elif any(right.startswith(kept + b"\n") for right in rights):
        how = "lines missing"
    elif any(right.startswith(kept) for right in rights):
        how = "cut within a line"
    elif any(kept.startswith(right + b"\n") for right in rights):
        how = "lines too many"
    elif any(kept.startswith(right) for right in rights):
        how = "line goes on"
    else:
        how = "other text"
    return f"{how}: {trimmed.reason} (rule {trimmed.rule})"


def draw(outcome: Outcome) -> str:
    """The place, what was offered in brackets, and how far it should have gone."""
    hole = outcome.hole
    end = hole.ends_without_suffix[0] if outcome.is_alone else hole.end
    after = b"" if outcome.is_alone else hole.suffix[:150]
    parts = hole.prefix[-300:], outcome.trimmed.middle, hole.text[hole.start : end], after
    before, kept, right, after = (part.decode(errors="replace") for part in parts)
    line = hole.prefix.count(b"\n") + 1
    alone = ", alone" if outcome.is_alone else ""
    title = f"{hole.language}, {hole.kind}, {hole.construct}, {hole.path.name}:{line}{alone}"
    return f"=== {title}: {name_failure(outcome)}\n{before}⟦{kept}⟧\n--- right\n⟦{right}⟧{after}\n"


if __name__ == "__main__":
    main()
