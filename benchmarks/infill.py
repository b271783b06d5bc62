"""How often is what was cut out of a program found again? Tasks in the format of OpenAI's human-eval-infilling; several
ways of asking side by side, task by task.

Greedy. The middle is taken as the model ends it, with nothing trimmed by syntax; at most as many tokens as the true
hole has, and 16 more. Exact match: middle and hole are equal, blanks and line breaks at their ends aside. Begins right:
the middle begins with the hole, so that it would match if something else had ended it. Edit similarity: 1 less the
Levenshtein distance in characters over the longer of the two. Pass at 1, with --execute only: the program with the
middle in it, as the model ended it, passes the task's tests, in a sandbox. Shares with 95 % intervals by Wilson; pairs
of ways with the exact sign test.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
from infilling_tasks import DATASET, BadDataset, Task, read_tasks
from intervals import Paired, paired, share
from report import finish, make_parser, show_table
from sandbox import SandboxUnavailable, run_contained
from ways import Way, add_way_options, ask, choose_ways

from byte_fim.errors import ModelError
from byte_fim.generate import Alternative
from lsp_server.model.loading import LoadedModel, load_model

MARGIN_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Score:
    """What became of one task."""

    is_exact: bool
    begins_right: bool
    edit_similarity: float
    """in [0, 1]"""
    ended_itself: bool
    """by a token of the model that ends the middle"""
    has_passed: bool | None
    """None when it was not run"""


def main() -> None:
    parser = make_parser(__doc__ or "", limit=164, counted="tasks")
    parser.add_argument("dataset", nargs="?", type=Path, default=DATASET, help="FILE.jsonl or FILE.jsonl.gz")
    parser.add_argument("--execute", action="store_true", help="run the programs, in a sandbox")
    add_way_options(parser)
    arguments = parser.parse_args()
    try:
        tasks = draw(read_tasks(arguments.dataset), arguments.limit, seed=arguments.seed)
        if arguments.execute:
            run_contained("")
        loaded = load_model(arguments.model)
        scores = measure_infilling(loaded, tasks, choose_ways(arguments, loaded), execute=arguments.execute)
    except (BadDataset, SandboxUnavailable, ModelError) as error:
        raise SystemExit(str(error)) from error
    if not arguments.json:
        show(scores)
    figures = {str(way): sum_up(found) for way, found in scores.items()}
    first = next(iter(figures.values()))
    finish({**first, "ways": figures, "pairs": compare(scores)})


def draw(tasks: Sequence[Task], limit: int, *, seed: int) -> list[Task]:
    """All in their order, or `limit` of them by chance."""
    return list(tasks) if len(tasks) <= limit else random.Random(seed).sample(tasks, limit)


def measure_infilling(
    loaded: LoadedModel, tasks: Sequence[Task], ways: Sequence[Way], *, execute: bool
) -> dict[Way, list[Score]]:
    """One score per way and task. Raises SandboxUnavailable where programs are to be run and cannot be contained."""
    scores: dict[Way, list[Score]] = {way: [] for way in ways}
    for n, task in enumerate(tasks, 1):
        max_tokens = len(loaded.model.tokenize(task.hole.encode())) + MARGIN_TOKENS
        for way in ways:
            found = ask(loaded, way, task.prefix.encode(), task.suffix.encode(), max_tokens=max_tokens)
            scores[way].append(judge(task, found, execute=execute))
        if n % 40 == 0:
            print(f"{n} of {len(tasks)} tasks", file=sys.stderr)
    return scores


def judge(task: Task, found: Alternative, *, execute: bool) -> Score:
    middle = found.middle.decode("utf-8", "replace")
    return Score(
        is_exact=middle.rstrip() == task.hole.rstrip(),
        begins_right=middle.startswith(task.hole.rstrip()),
        edit_similarity=edit_similarity(middle, task.hole),
        ended_itself=found.stop_reason == "end",
        has_passed=run_contained(task.program(middle)) == "passed" if execute else None,
    )


def edit_similarity(a: str, b: str) -> float:
    """1: equal; 0: nothing in common. Two empty texts are equal."""
    left, right = (np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32) for text in (a, b))
    if not len(left) or not len(right):
        return float(len(left) == len(right))
    columns = np.arange(len(right) + 1)
    row = columns
    for n, character in enumerate(left, 1):
        without_insertion = np.concatenate(([n], np.minimum(row[1:] + 1, row[:-1] + (right != character))))
        row = np.minimum.accumulate(without_insertion - columns) + columns
    return 1.0 - float(row[-1]) / max(len(left), len(right))


def sum_up(scores: Sequence[Score]) -> dict[str, object]:
    passed = [score.has_passed for score in scores if score.has_passed is not None]
    exact = share([score.is_exact for score in scores])
    return {
        "n": len(scores),
        "exact_match": exact.share,
        "exact_match_interval": exact.interval,
        "begins_right": share([score.begins_right for score in scores]).share,
        "edit_similarity": float(np.mean([score.edit_similarity for score in scores])),
        "ended_itself": share([score.ended_itself for score in scores]).share,
        "pass_at_1": share(passed).share if passed else None,
        "pass_at_1_interval": share(passed).interval if passed else None,
    }


def compare(scores: Mapping[Way, Sequence[Score]]) -> list[dict[str, object]]:
    """Every two ways: tasks that only the one gets right, only the other, and how likely that is by chance."""
    pairs: list[dict[str, object]] = []
    for (a, of_a), (b, of_b) in combinations(scores.items(), 2):
        for figure in ("is_exact", "begins_right", "has_passed"):
            if getattr(of_a[0], figure) is not None:
                found = _pair(of_a, of_b, figure)
                counts = {"only_a": found.only_a, "only_b": found.only_b, "p_value": found.p_value}
                pairs.append({"a": str(a), "b": str(b), "figure": figure, **counts})
    return pairs


def _pair(of_a: Sequence[Score], of_b: Sequence[Score], figure: str) -> Paired:
    return paired([getattr(score, figure) for score in of_a], [getattr(score, figure) for score in of_b])


def show(scores: Mapping[Way, Sequence[Score]]) -> None:
    show_table(HEADER, [[str(way), len(found), *row(found)] for way, found in scores.items()])
    print()
    pairs = [
        [value if isinstance(value, str) else f"{value:.3g}" for value in pair.values()] for pair in compare(scores)
    ]
    if pairs:
        show_table(["A", "B", "figure", "only A", "only B", "p"], pairs)


HEADER = ("way", "tasks", "exact match", "begins right", "edit similarity", "ended itself", "pass at 1")


def row(scores: Sequence[Score]) -> list[str]:
    """What stands in a table, from the exact match on."""
    passed = [score.has_passed for score in scores if score.has_passed is not None]
    return [
        str(share([score.is_exact for score in scores])),
        str(share([score.begins_right for score in scores])),
        f"{np.mean([score.edit_similarity for score in scores]):.3f}",
        str(share([score.ended_itself for score in scores])),
        str(share(passed)) if passed else "not run",
    ]


if __name__ == "__main__":
    main()
