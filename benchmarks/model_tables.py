"""The tables of a model's card in one go: bits per byte, the rest of the line, layouts, random spans.

What each figure means is said in `bits`, `midtoken` and `infill`. All text is held out (`held_out`) but for the tasks
of HumanEval, which are public: whether a model has seen them is not known here. With --write the tables replace those
in the card. A model of 10 M parameters takes about a quarter of an hour of one processor core.
"""

from __future__ import annotations

import os
import random
import shlex
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import infill
import midtoken
from bits import WINDOW_TOKENS, bits_per_byte
from card import BadCard, markdown_table, read_card, write_card
from cursors import CLASSES
from held_out import fetch_sources
from infilling_tasks import DATASET, BadDataset, read_tasks
from intervals import share
from report import finish, make_parser
from sandbox import SandboxUnavailable, run_contained
from ways import CONDITIONINGS, Way, all_layouts

from byte_fim.errors import ModelError
from lsp_server.model.loading import LoadedModel, load_model

CARDS = Path(__file__).resolve().parent.parent / "models" / "cards"
LARGEST_TEXT_BYTES = 40_000  # in the bits per byte: so that one file is not all that is seen of a package
LANGUAGES = {"python": "Python", "javascript": "JavaScript", "typescript": "TypeScript"}


@dataclass(frozen=True, slots=True)
class Counts:
    """How much is measured."""

    n_text_bytes: int
    """per language, in equal shares of its packages"""
    n_cursors: int
    """in Python, before those are left out that hide only blanks"""
    n_other_cursors: int
    """in each other language, and for the spans"""
    n_tasks: int


FULL = Counts(n_text_bytes=160_000, n_cursors=210, n_other_cursors=105, n_tasks=164)
QUICK = Counts(n_text_bytes=3_000, n_cursors=7, n_other_cursors=7, n_tasks=3)


@dataclass(frozen=True, slots=True)
class Bits:
    """Of one language."""

    n_packages: int
    n_bytes: int
    bits_per_byte: float


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the tables say."""

    way: Way
    """what suits the model"""
    window_tokens: int
    bits: Mapping[str, Bits]
    """by language, as are `lines`"""
    lines: Mapping[str, Mapping[Way, Sequence[midtoken.Outcome]]]
    spans: Mapping[Way, Sequence[midtoken.Outcome]]
    tasks: Mapping[Way, Sequence[infill.Score]]


def main() -> None:
    parser = make_parser(__doc__ or "", limit=FULL.n_cursors, counted="cursors in Python; all else in proportion")
    parser.add_argument("--quick", action="store_true", help="a few of each, to see whether it works")
    parser.add_argument("--write", nargs="?", const="", metavar="CARD", help="into the model's card, or into this one")
    arguments = parser.parse_args()
    try:
        if arguments.write:
            read_card(Path(arguments.write))  # before the work, not after it
        run_contained("")
        loaded = load_model(arguments.model)
        card = Path(arguments.write or CARDS / f"{loaded.name.removesuffix('.gguf')}.md")
        if arguments.write is not None:
            read_card(card)
        counts = QUICK if arguments.quick else in_proportion(FULL, arguments.limit)
        figures = measure(loaded, counts, {name: fetch_sources(name) for name in LANGUAGES}, seed=arguments.seed)
        tables = write_tables(figures, command=command(sys.argv[1:]), seed=arguments.seed, day=date.today())
        if arguments.write is not None:
            write_card(card, tables)
    except (BadCard, BadDataset, SandboxUnavailable, ModelError) as error:
        raise SystemExit(str(error)) from error
    if not arguments.json:
        print(tables)
    finish({"model": loaded.name, "seed": arguments.seed, **as_json(figures)})


def in_proportion(counts: Counts, n_cursors: int) -> Counts:
    part = n_cursors / counts.n_cursors
    return Counts(
        n_text_bytes=int(counts.n_text_bytes * part),
        n_cursors=n_cursors,
        n_other_cursors=int(counts.n_other_cursors * part),
        n_tasks=max(1, int(counts.n_tasks * part)),
    )


def command(arguments: Sequence[str]) -> str:
    """As somebody would type it; of paths only the last part, for they are of this machine."""
    return shlex.join(["benchmarks/model_tables.py", *(Path(argument).name for argument in arguments)])


def measure(loaded: LoadedModel, counts: Counts, sources: Mapping[str, Sequence[Path]], *, seed: int) -> Figures:
    """`sources` by language, Python among them. Raises SandboxUnavailable and ModelError."""
    conditionings = [Way(loaded.layout, loaded.cut, how) for how in CONDITIONINGS]
    suited = conditionings[0]
    bits: dict[str, Bits] = {}
    lines: dict[str, Mapping[Way, Sequence[midtoken.Outcome]]] = {}
    for language, paths in sources.items():
        tell(f"bits per byte in {language}")
        bits[language] = measure_bits(loaded, paths, counts.n_text_bytes, seed=seed)
        ways = [*conditionings, *([replace(suited, has_suffix=False)] if suited.layout != "plain" else [])]
        n_cursors = counts.n_other_cursors
        if language == "python":
            ways, n_cursors = [*ways, *(way for way in all_layouts(loaded) if way != suited)], counts.n_cursors
        tell(f"the rest of the line in {language}, asked in {len(ways)} ways")
        lines[language] = midtoken.measure(loaded, midtoken.sample_hidden(paths, "line", n_cursors, seed=seed), ways)
    tell("spans in python")
    hidden = midtoken.sample_hidden(sources["python"], "span", counts.n_other_cursors, seed=seed)
    spans = midtoken.measure(loaded, hidden, conditionings)
    tell("tasks of HumanEval")
    drawn = infill.draw(read_tasks(DATASET), counts.n_tasks, seed=seed)
    tasks = infill.measure_infilling(loaded, drawn, conditionings, execute=True)
    return Figures(suited, min(loaded.model.n_context_tokens, WINDOW_TOKENS), bits, lines, spans, tasks)


def measure_bits(loaded: LoadedModel, paths: Sequence[Path], n_bytes: int, *, seed: int) -> Bits:
    packages = choose_texts(paths, n_bytes, seed=seed)
    texts = [text for of_package in packages for text in of_package]
    found = bits_per_byte(loaded.model, loaded.fim, texts)
    return Bits(len(packages), sum(map(len, texts)), found)


def choose_texts(paths: Sequence[Path], n_bytes: int, *, seed: int) -> list[list[bytes]]:
    """Files by package, none very large; an equal share of the bytes of each package that has so many, the last file
    cut short. A package is a folder below what all paths have in common.
    """
    root = Path(os.path.commonpath(paths)) if len(paths) > 1 else paths[0].parent
    packages: defaultdict[str, list[Path]] = defaultdict(list)
    for path in paths:
        if path.stat().st_size <= LARGEST_TEXT_BYTES:
            packages[path.relative_to(root).parts[0]].append(path)
    chosen: list[list[bytes]] = []
    for name, of_package in sorted(packages.items()):
        random.Random(f"{seed} {name}").shuffle(of_package)
        n_left = n_bytes // len(packages)
        texts: list[bytes] = []
        while of_package and n_left:
            texts.append(of_package.pop().read_bytes()[:n_left])
            n_left -= len(texts[-1])
        chosen.append(texts)
    return chosen


def tell(what: str) -> None:
    print(what, file=sys.stderr)


def write_tables(figures: Figures, *, command: str, seed: int, day: date) -> str:
    """Markdown for the card; ends with a line break."""
    return "".join(
        (
            f"Measured on {day.isoformat()} by `{command}` (seed {seed}), greedy; in brackets 95 % intervals.\n"
            "What the words mean is said at the head of `benchmarks/bits.py`, `midtoken.py` and `infill.py`.\n",
            write_bits(figures),
            write_lines(figures),
            write_differences(figures),
            write_layouts(figures),
            write_spans(figures),
        )
    )


def write_bits(figures: Figures) -> str:
    rows = [
        [LANGUAGES[language], of.n_packages, f"{of.n_bytes:,}", f"{of.bits_per_byte:.3f}"]
        for language, of in figures.bits.items()
    ]
    header = ["held-out packages", "n", "bytes", f"bits per byte, left to right, windows of {figures.window_tokens}"]
    return markdown_table(header, rows)


def write_lines(figures: Figures) -> str:
    ways = [replace(figures.way, conditioning=how) for how in CONDITIONINGS]
    rows: list[list[object]] = []
    for kind in CLASSES:
        of_kind = [midtoken.of_class(figures.lines["python"][way], kind) for way in ways]
        if of_kind[0]:
            rows.append([f"Python, {kind}", len(of_kind[0]), *(f"{100 * share(of).share:.1f} %" for of in of_kind)])
    for language, outcomes in figures.lines.items():
        shares = [share(midtoken.exact(outcomes[way])) for way in ways]
        rows.append([f"{LANGUAGES[language]}, all", len(outcomes[ways[0]]), *shares])
    return markdown_table([f"rest of the line right, {figures.way.layout}", "cursors", *CONDITIONINGS], rows)


def write_differences(figures: Figures) -> str:
    """At the same cursors, so that they are surer than the intervals of the shares let expect."""
    without = replace(figures.way, has_suffix=False)
    others = {f"exact beside {how}": replace(figures.way, conditioning=how) for how in CONDITIONINGS[1:]}
    others["the suffix beside none"] = without
    rows = [
        [name, *(midtoken.compare(outcomes)[figures.way, other] for outcomes in figures.lines.values())]
        for name, other in others.items()
        if other in figures.lines["python"]
    ]
    header = ["rest of the line right, the one less the other", *(LANGUAGES[language] for language in figures.lines)]
    return markdown_table(header, rows)


def write_layouts(figures: Figures) -> str:
    outcomes = figures.lines["python"]
    rows = [
        [
            str(way).removesuffix(" exact"),
            share(midtoken.exact(outcomes[way])),
            share([outcome.ended_itself for outcome in outcomes[way]]),
        ]
        for way in sorted(outcomes, key=str)
        if way.has_suffix and way.conditioning == "exact"
    ]
    return markdown_table(["layout, Python, exact", "rest of the line right", "ended itself"], rows)


def write_spans(figures: Figures) -> str:
    rows: list[list[object]] = []
    for way, outcomes in figures.spans.items():
        shares = [
            share(midtoken.exact(outcomes)),
            share([outcome.begins_right for outcome in outcomes]),
            share([outcome.ended_itself for outcome in outcomes]),
        ]
        rows.append([f"held-out Python, {way.conditioning}", len(outcomes), *shares[:2], "–", shares[2], "–"])
    for way, scores in figures.tasks.items():
        rows.append([f"HumanEval, {way.conditioning}", len(scores), *infill.row(scores)])
    return markdown_table(["random spans", *infill.HEADER[1:]], rows)


def as_json(figures: Figures) -> dict[str, object]:
    return {
        "bits_per_byte": {language: of.bits_per_byte for language, of in figures.bits.items()},
        "lines": {language: midtoken.sum_up(outcomes) for language, outcomes in figures.lines.items()},
        "spans": midtoken.sum_up(figures.spans),
        "tasks": {str(way): infill.sum_up(scores) for way, scores in figures.tasks.items()},
        "task_pairs": infill.compare(figures.tasks),
    }


if __name__ == "__main__":
    main()
