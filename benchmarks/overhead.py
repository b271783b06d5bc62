"""What exactness costs: exact beside naive at the same cursors, interleaved in one run.

Two settings. `cold`: nothing is in the KV cache, as when a file is opened. `warm`: the text up to the start of the
cursor's line has been evaluated, as while typing; there the extra work weighs most. Only pairs that generated the
same number of tokens are compared.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cursors import Cursor, sample_cursors
from report import finish, make_parser, show_table

from byte_fim.complete import CompleteOptions, Completion, complete
from byte_fim.conditioning import Conditioning
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.system.percentiles import percentile

N_TOKENS = 16
WARM_PREFIX_BYTES = 1000
WARM_SUFFIX_BYTES = 300


@dataclass(frozen=True, slots=True)
class Pair:
    exact_ms: float
    naive_ms: float
    cover_rows: int
    extra_calls: int
    is_comparable: bool


def main() -> None:
    arguments = make_parser(__doc__ or "", limit=200).parse_args()
    loaded = load_model(arguments.model)
    cursors = sample_cursors(arguments.limit, seed=arguments.seed)
    settings = {"cold": measure(loaded, cursors, warm=False), "warm": measure(loaded, cursors, warm=True)}
    result: dict[str, object] = {}
    rows: list[list[object]] = []
    for name, pairs in settings.items():
        used = [pair for pair in pairs if pair.is_comparable]
        ratios = [pair.exact_ms / pair.naive_ms for pair in used]
        figures = {
            "median_latency_ratio": statistics.median(ratios),
            "p95_latency_ratio": percentile(ratios, 0.95),
            "cover_rows_mean": statistics.mean(pair.cover_rows for pair in used),
            "decode_calls_extra_mean": statistics.mean(pair.extra_calls for pair in used),
            "decode_calls_extra_max": max(pair.extra_calls for pair in used),
            "exact_median_ms": statistics.median(pair.exact_ms for pair in used),
            "naive_median_ms": statistics.median(pair.naive_ms for pair in used),
            "pairs": len(used),
        }
        rows.append([name, *figures.values()])
        result |= figures if name == "cold" else {f"warm_{key}": value for key, value in figures.items()}
    if not arguments.json:
        show_table(
            ["setting", "ratio p50", "ratio p95", "rows", "extra calls", "max", "exact ms", "naive ms", "pairs"], rows
        )
    finish(result)


def measure(loaded: LoadedModel, cursors: list[Cursor], *, warm: bool) -> list[Pair]:
    pairs: list[Pair] = []
    for i, cursor in enumerate(cursors):
        done: dict[Conditioning, tuple[Completion, float]] = {}
        orders: list[list[Conditioning]] = [["exact", "naive"], ["naive", "exact"]]
        for conditioning in orders[i % 2]:  # neither side always comes second
            done[conditioning] = ask(loaded, cursor, conditioning, warm=warm)
        (exact, exact_ms), (naive, naive_ms) = done["exact"], done["naive"]
        n_exact, n_naive = (c.alternatives[0].n_generated_tokens for c in (exact, naive))
        extra = exact.counts.decode_calls - naive.counts.decode_calls
        pairs.append(Pair(exact_ms, naive_ms, exact.n_contexts, extra, n_exact == n_naive))
    return pairs


def ask(loaded: LoadedModel, cursor: Cursor, conditioning: Conditioning, *, warm: bool) -> tuple[Completion, float]:
    options = CompleteOptions(layout=loaded.layout, cut=loaded.cut, conditioning=conditioning, max_tokens=N_TOKENS)
    model, prefix, suffix = loaded.model, cursor.prefix, cursor.suffix
    model.forget()
    if warm:
        # a window that fits the context, so that truncation does not move the prompt's start between the two requests
        prefix, suffix = prefix[-WARM_PREFIX_BYTES:], suffix[:WARM_SUFFIX_BYTES]
        line = prefix.rfind(b"\n") + 1
        complete(model, loaded.fim, prefix[:line], suffix, options=options, should_stop=lambda: "cancelled")
    start = time.perf_counter()
    completion = complete(model, loaded.fim, prefix, suffix, options=options)
    return completion, (time.perf_counter() - start) * 1e3


if __name__ == "__main__":
    main()
