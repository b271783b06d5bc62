"""What a keystroke costs while somebody types, deletes, jumps and accepts: the traces through the real engine.

Two passes. *Counted*: every answer is awaited, nothing is fetched ahead; the work of each keystroke in tokens, free of
noise. *Paced*: with the pauses of the trace, waiting for nothing; latency, what was served by whom, what was shown.
Columns: the model's own layout and PSM, both through the engine, and PSM as most tools do it: naive conditioning at
every keystroke, with what the KV cache still holds but without the engine and without reuse of suggestions.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).resolve().parent))

from replay import Keystroke, Kind, Replay, Worker
from report import finish, make_parser, show_table
from typing_trace import Trace, read_traces

from byte_fim.complete import CompleteOptions, Completion, complete
from byte_fim.errors import ModelError
from lsp_server.command_line.bench import running_engine
from lsp_server.documents.request import CompletionRequest
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.model.work import ModelWork
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer, judge
from lsp_server.suggestion.trimming import Cut, Trimmer
from lsp_server.system.percentiles import percentile

KINDS: tuple[Kind, ...] = ("typing on", "typing anew", "deletion", "jump", "accept")
ENDLESS_MS = 60_000  # counting must not depend on a deadline

Load = Callable[[], LoadedModel]
Figures = dict[str, float | int | None]


class Naive:
    """What most tools do: the prompt as its tokens stand, the newest request, asked anew at every keystroke."""

    def __init__(self, load: Load, settings: Settings) -> None:
        self._settings = settings
        self._newest: CompletionRequest | None = None
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._loaded = self._thread.submit(load).result()

    def submit(self, request: CompletionRequest) -> Future[Answer]:
        self._newest = request
        return self._thread.submit(self._answer, request)

    def supersede(self, uri: str, *, reason: str) -> None:
        del uri, reason
        self._newest = None

    def find_followed(self, uri: str) -> CompletionRequest | None:
        del uri  # nothing goes on when the document changes

    def change(self, continued: CompletionRequest) -> None:
        del continued

    def close(self) -> None:
        self._thread.submit(self._loaded.close)
        self._thread.shutdown()

    def _answer(self, request: CompletionRequest) -> Answer:
        superseded = Answer(outcome="superseded", reason="a newer request came")
        if self._newest is not request:
            return superseded
        cut = Trimmer().of(request, max_tokens=self._settings.max_tokens)
        try:
            completion = self._complete(request, cut)
        except ModelError as error:
            return Answer(outcome="empty", reason=str(error))
        return judge(request, completion, cut, timings_ms={}, memory={}) if self._newest is request else superseded

    def _complete(self, request: CompletionRequest, cut: Cut) -> Completion:
        return complete(
            self._loaded.model,
            self._loaded.fim,
            request.prefix,
            request.suffix,
            options=CompleteOptions(layout="psm", conditioning="naive", max_tokens=self._settings.max_tokens),
            should_stop=lambda: None if self._newest is request else "cancelled",
            find_end=cut.find_end,
        )


@contextmanager
def running_here(load: Load, settings: Settings) -> Iterator[Worker]:
    """The real engine around a model in this process, ready."""
    with running_engine(lambda: ModelWork(lambda *_: load()), settings) as engine:
        yield engine


@contextmanager
def running_naive(load: Load, settings: Settings) -> Iterator[Worker]:
    """The stand-in for other tools, ready."""
    naive = Naive(load, settings)
    try:
        yield naive
    finally:
        naive.close()


def main() -> None:
    parser = make_parser(__doc__ or "", limit=len(read_traces()), counted="traces")
    parser.add_argument("--pace", type=float, default=1.0, help="factor of the pauses; 0: no paced pass (default 1)")
    arguments = parser.parse_args()
    traces = read_traces()[: arguments.limit]
    load = partial(load_model, arguments.model)
    own = load_own_layout(load)

    def load_psm() -> LoadedModel:
        return dataclasses.replace(load(), layout="psm", cut="anchor")

    columns = {
        f"{own} anchored": partial(running_here, load),
        "psm anchored": partial(running_here, load_psm),
        "psm naive": partial(running_naive, load),
    }
    layouts: dict[str, dict[str, object]] = {}
    for name, start in columns.items():
        with start(Settings(prefetch=False, deadline_ms=ENDLESS_MS)) as worker:
            counted = [key for trace in traces for key in Replay(trace, worker, Settings()).run_awaiting()]
        paced: list[Keystroke] = []
        if arguments.pace:
            with start(Settings()) as worker:
                paced = replay_paced(worker, traces, arguments.pace)
        layouts[name] = {**count_work(counted), **(measure_latency(paced) if paced else {})}
    if not arguments.json:
        show(layouts)
    finish({**layouts[f"{own} anchored"], "layouts": layouts})


def load_own_layout(load: Load) -> str:
    loaded = load()
    loaded.close()
    return loaded.layout


def replay_paced(worker: Worker, traces: Sequence[Trace], pace: float) -> list[Keystroke]:
    return [key for trace in traces for key in Replay(trace, worker, Settings()).run_paced(pace)]


def count_work(keystrokes: Sequence[Keystroke]) -> dict[str, object]:
    """Tokens evaluated beyond those generated, per keystroke while typing on, of any kind, of each kind, and of those
    that asked the model.
    """
    asked = [key for key in keystrokes if key.served_by == "model"]
    return {
        "keystrokes": len(keystrokes),
        "decoded_per_keystroke_excess_mean": _mean(key.excess_tokens for key in keystrokes if key.kind == "typing on"),
        "any_keystroke_excess_mean": _mean(key.excess_tokens for key in keystrokes),
        "model_excess_mean": _mean(key.excess_tokens for key in asked),
        "model_excess_max": max((key.excess_tokens for key in asked), default=None),
        "model_keystrokes": len(asked),
        "failures": _failures(keystrokes),
        "excess_by_kind": {kind: _by_kind([key for key in keystrokes if key.kind == kind]) for kind in KINDS},
    }


def _failures(keystrokes: Sequence[Keystroke]) -> dict[str, int]:
    """Why requests were not answered by anybody, and how often."""
    reasons = [key.answer.reason for key in keystrokes if key.answer and key.has_failed]
    return {reason: reasons.count(reason) for reason in sorted(set(reasons))}


def _by_kind(keystrokes: Sequence[Keystroke]) -> Figures:
    asked = [key for key in keystrokes if key.served_by == "model"]
    return {
        "keystrokes": len(keystrokes),
        "mean": _mean(key.excess_tokens for key in keystrokes),
        "model_keystrokes": len(asked),
        "model_mean": _mean(key.excess_tokens for key in asked),
        "model_p95": percentile([key.excess_tokens for key in asked], 0.95),
    }


def measure_latency(keystrokes: Sequence[Keystroke]) -> dict[str, object]:
    """Milliseconds from key to answer, of the requests that were answered; and what the user was shown."""
    answered = [key for key in keystrokes if key.fate != "superseded"]
    figures: dict[str, object] = {
        f"{name}_ms": percentile([key.ms for key in answered], share)
        for name, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0))
    }
    for who in ("model", "typing through", "prefetch"):
        served = [key.ms for key in answered if key.served_by == who]
        name = who.replace(" ", "_")
        figures |= {f"{name}_served": len(served), f"{name}_p95_ms": percentile(served, 0.95)}
    return figures | {
        "paced_keystrokes": len(keystrokes),
        "shown": sum(key.fate == "shown" for key in keystrokes),
        "accepted": sum(key.kind == "accept" for key in keystrokes),
        "superseded": sum(key.fate == "superseded" for key in keystrokes),
        "late": sum(key.fate == "late" for key in keystrokes),
        "stale_shown": sum(key.is_stale for key in keystrokes),
        "paced_failures": _failures(keystrokes),
    }


def show(layouts: Mapping[str, Mapping[str, object]]) -> None:
    """Tokens, then milliseconds."""

    def cell(value: object) -> object:
        return "-" if value is None else value

    rows: list[list[object]] = []
    for name, figures in layouts.items():
        kinds = figures["excess_by_kind"]
        assert isinstance(kinds, dict)
        means = [cell(kinds[kind]["mean"]) for kind in KINDS]
        counts = [figures["keystrokes"], figures["model_keystrokes"]]
        all_of_them = [figures["decoded_per_keystroke_excess_mean"], figures["model_excess_mean"]]
        rows.append([name, *counts, *map(cell, all_of_them), *means])
    show_table(["tokens in excess", "keystrokes", "model asked", "per keystroke", "when asked", *KINDS], rows)
    names = [
        *("p50_ms", "p95_ms", "max_ms", "model_served", "typing_through_served", "typing_through_p95_ms"),
        *("prefetch_served", "prefetch_p95_ms", "accepted", "superseded", "late", "stale_shown"),
    ]
    for name, figures in layouts.items():
        for kind in ("failures", "paced_failures"):
            if figures.get(kind):
                print(f"{name}, not answered: {figures[kind]}")
    if all("p50_ms" in figures for figures in layouts.values()):
        print()
        shown = [[name, *(cell(figures[key]) for key in names)] for name, figures in layouts.items()]
        show_table(["milliseconds", *(name.replace("_", " ") for name in names)], shown)


def _mean(values: Iterator[int]) -> float | None:
    found = list(values)
    return mean(found) if found else None


if __name__ == "__main__":
    main()
