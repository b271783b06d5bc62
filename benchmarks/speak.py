"""When to speak: is a suggestion as likely to be right as its confidence says, and from which confidence on to show it?

Held-out source; the rest of the cursor's line is hidden, and a suggestion is right when it is exactly that. Where
nothing is left of the line, no suggestion is. Three answers: a table of reliability (what was predicted beside what was
observed); what each threshold shows; and the exponent that would make the confidences of one half of the cursors fit
best, judged on the other half.

The threshold is chosen by F2: of all suggestions that are right the share that is shown counts twice as much as the
share of the shown ones that are right, because a wrong one is typed over and a missing one is typed.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cursors import CLASSES, Cursor, sample_cursors
from held_out import fetch_held_out
from report import finish, make_parser, show_table

from byte_fim.complete import CompleteOptions, complete
from lsp_server.documents.request import CompletionRequest
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.settings import DEFAULTS
from lsp_server.suggestion.answer import Answer, judge
from lsp_server.suggestion.trimming import Trimmer

EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
THRESHOLDS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
EXPONENTS = tuple(round(0.5 + 0.05 * i, 2) for i in range(31))
BETA = 2.0
LEAST_DOUBT = 1e-4  # nothing is so sure that a single surprise may outweigh all else

Figures = Mapping[str, float | int | None]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One that could be shown."""

    kind: str
    confidence: float
    is_right: bool


def main() -> None:
    parser = make_parser(__doc__ or "", limit=600)
    parser.add_argument("folder", nargs="?", type=Path, help="Python source that the model has not seen")
    arguments = parser.parse_args()
    loaded = load_model(arguments.model)
    cursors = sample_cursors(arguments.limit, seed=arguments.seed, folder=arguments.folder or fetch_held_out())
    found: list[Suggestion] = []
    for cursor in cursors:
        answer = ask(loaded, cursor)
        if answer.middle:
            is_right = answer.middle.rstrip() == rest_of_line(cursor).rstrip()
            found.append(Suggestion(cursor.kind, answer.confidence, is_right))
    reliability = [figures for edges in pairwise(EDGES) if (figures := measure_bin(found, *edges))]
    thresholds = [measure_threshold(found, threshold) for threshold in THRESHOLDS]
    best = max(thresholds, key=lambda figures: figures["f2"] or 0.0)
    exponent, *losses = judge_exponent(found)
    kinds = {kind: of_kind for kind in CLASSES if (of_kind := [one for one in found if one.kind == kind])}
    by_class = {kind: measure_threshold(of_kind, best["threshold"] or 0.0) for kind, of_kind in kinds.items()}
    if not arguments.json:
        show(reliability)
        show(thresholds)
        show([{"class": kind, **figures} for kind, figures in by_class.items()])
        print(f"exponent {exponent}: log loss {losses[0]:.4f} as it is, {losses[1]:.4f} fitted, on the other half")
        print(f"threshold by F2: {best['threshold']}; in force: {DEFAULTS.min_confidence}")
    finish(
        {
            "cursors": len(cursors),
            "suggestions": len(found),
            "right": sum(one.is_right for one in found),
            "reliability": reliability,
            "thresholds": thresholds,
            "by_class": by_class,
            "exponent": exponent,
            "log_loss": {"as_it_is": losses[0], "fitted": losses[1]},
            "chosen": best,
        }
    )


def ask(loaded: LoadedModel, cursor: Cursor) -> Answer:
    """What the server would make of it."""
    line_end = cursor.text.find(b"\n", cursor.offset_bytes)
    suffix = cursor.text[line_end:][: DEFAULTS.n_suffix_bytes] if line_end >= 0 else b""
    request = CompletionRequest(
        uri=cursor.path.as_uri(),
        version=1,
        language="python",
        prefix=cursor.prefix[-DEFAULTS.n_prefix_bytes :],
        suffix=suffix,
        cursor_offset_bytes=cursor.offset_bytes,
        line=0,
        replace_start=0,
        replace_end=0,
        is_invoked=True,
    )
    cut = Trimmer().of(request, max_tokens=DEFAULTS.max_tokens)
    options = CompleteOptions(layout=loaded.layout, cut=loaded.cut, max_tokens=DEFAULTS.max_tokens)
    completion = complete(
        loaded.model,
        loaded.fim,
        request.prefix,
        suffix,
        options=options,
        find_end=cut.find_end,
    )
    return judge(request, completion, cut, timings_ms={}, memory={})


def rest_of_line(cursor: Cursor) -> bytes:
    return cursor.suffix.partition(b"\n")[0]


def measure_bin(found: Sequence[Suggestion], low: float, high: float) -> Figures | None:
    """Predicted and observed among the confidences in [low, high), 1 in the last; None when there are none."""
    inside = [one for one in found if low <= one.confidence < high or one.confidence == high == EDGES[-1]]
    if not inside:
        return None
    return {
        "from": low,
        "to": high,
        "n": len(inside),
        "predicted": fmean(one.confidence for one in inside),
        "observed": fmean(one.is_right for one in inside),
    }


def measure_threshold(found: Sequence[Suggestion], threshold: float) -> Figures:
    """What is shown from this confidence on."""
    shown = [one for one in found if one.confidence >= threshold]
    n_right = sum(one.is_right for one in shown)
    precision = n_right / len(shown) if shown else None
    recall = n_right / n_all if (n_all := sum(one.is_right for one in found)) else None
    return {
        "threshold": threshold,
        "n": len(found),
        "shown": len(shown) / len(found) if found else None,
        "right_of_shown": precision,
        "shown_of_right": recall,
        "f2": f_beta(precision, recall) if precision and recall else None,
    }


def f_beta(precision: float, recall: float) -> float:
    return (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)


def judge_exponent(found: Sequence[Suggestion]) -> tuple[float, float, float]:
    """The exponent that fits one half best, and the log loss of the other half without it and with it."""
    fitted_on, judged_on = found[::2], found[1::2]
    exponent = min(EXPONENTS, key=partial(log_loss, fitted_on))
    return exponent, log_loss(judged_on, 1.0), log_loss(judged_on, exponent)


def log_loss(found: Sequence[Suggestion], exponent: float) -> float:
    """Mean surprise in nats."""
    losses: list[float] = []
    for one in found:
        p = min(max(one.confidence**exponent, LEAST_DOUBT), 1 - LEAST_DOUBT)
        losses.append(-math.log(p if one.is_right else 1 - p))
    return sum(losses) / max(1, len(losses))


def show(rows: Sequence[Mapping[str, object]]) -> None:
    """The figures under their names."""
    show_table(
        [name.replace("_", " ") for name in rows[0]],
        [["-" if value is None else value for value in row.values()] for row in rows],
    )
    print()


if __name__ == "__main__":
    main()
