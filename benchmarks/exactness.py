"""Is the fast law the law? On real weights, at real cursors of every class, mid-character ones included.

Comparisons, each as total variation over 257 outcomes. `reference`: one batch against one context at a time with an
empty cache. `advance`: advanced by the document's own bytes against computed afresh, every context evaluated whole,
so that it judges the recursion alone. `cached`: the same with the KV cache of the bytes before, as in use; what this
adds is the runtime's own noise (weights in 8 bits round activations to 8 bits too, where a difference in the last
place of a sum can flip a step). `naive`: for scale, no promise.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cursors import CLASSES, Cursor, sample_cursors
from report import finish, make_parser, show_table

from byte_fim.anchor import Anchors
from byte_fim.complete import CompleteOptions
from byte_fim.next_byte import next_byte_law, one_by_one
from byte_fim.state import ByteState, Evaluate
from lsp_server.model.loading import LoadedModel, load_model

WINDOW_BYTES = (600, 150)  # of prefix and suffix; keeps the slow reference affordable
N_ADVANCED_BYTES = 3


@dataclass(frozen=True, slots=True)
class Comparison:
    kind: str
    tv_reference: float
    tv_advance: float
    tv_cached: float
    tv_naive: float
    pruned: float
    n_contexts: int


def main() -> None:
    arguments = make_parser(__doc__ or "", limit=500).parse_args()
    loaded = load_model(arguments.model)
    compared: list[Comparison] = []
    for cursor in sample_cursors(arguments.limit, seed=arguments.seed):
        compared.append(compare(loaded, cursor))
        if not arguments.json and len(compared) % 50 == 0:
            print(f"{len(compared)} of {arguments.limit} cursors", file=sys.stderr)
    if not arguments.json:
        header = [
            "cursor",
            "n",
            "fast vs reference",
            "advance vs fresh",
            "cached vs fresh",
            "pruned",
            "naive off by (mean)",
            "contexts",
        ]
        show_table(header, rows(compared))
    finish(
        {
            "cursors": len(compared),
            "max_tv_fast_vs_reference": max(c.tv_reference for c in compared),
            "max_tv_advance_vs_fresh": max(c.tv_advance for c in compared),
            "max_tv_cached_vs_fresh": max(c.tv_cached for c in compared),
            "share_cached_above_1e-3": statistics.mean(c.tv_cached > 1e-3 for c in compared),
            "pruned_max": max(c.pruned for c in compared),
            "mean_tv_naive_vs_exact": statistics.mean(c.tv_naive for c in compared),
            "contexts_mean": statistics.mean(c.n_contexts for c in compared),
            "contexts_max": max(c.n_contexts for c in compared),
        }
    )


def rows(compared: list[Comparison]) -> list[list[object]]:
    table: list[list[object]] = []
    for kind in CLASSES:
        those = [c for c in compared if c.kind == kind]
        if those:
            figures = [(c.tv_reference, c.tv_advance, c.tv_cached, c.pruned) for c in those]
            worst = [max(column) for column in zip(*figures, strict=True)]
            means = [statistics.mean(c.tv_naive for c in those), statistics.mean(c.n_contexts for c in those)]
            table.append([kind, len(those), *worst, *means])
    return table


def compare(loaded: LoadedModel, cursor: Cursor) -> Comparison:
    model, fim, layout = loaded.model, loaded.fim, loaded.layout
    prefix, suffix = cursor.prefix[-WINDOW_BYTES[0] :], cursor.suffix[: WINDOW_BYTES[1]]
    model.forget()
    fast = next_byte_law(model, fim, prefix, suffix, layout=layout)
    slow = next_byte_law(model, fim, prefix, suffix, layout=layout, conditioning="reference")
    naive = next_byte_law(model, fim, prefix, suffix, layout=layout, conditioning="naive")
    return Comparison(
        kind=cursor.kind,
        tv_reference=fast.distribution.total_variation(slow.distribution),
        tv_advance=fast.distribution.total_variation(
            advanced(loaded, prefix, suffix, evaluate=one_by_one(model)).byte_law()
        ),
        tv_cached=fast.distribution.total_variation(advanced(loaded, prefix, suffix, evaluate=None).byte_law()),
        tv_naive=fast.distribution.total_variation(naive.distribution),
        pruned=fast.distribution.missing_mass.pruned,
        n_contexts=fast.n_contexts,
    )


def advanced(loaded: LoadedModel, prefix: bytes, suffix: bytes, *, evaluate: Evaluate | None) -> ByteState:
    """The state at the cursor, reached from a few bytes before it."""
    earlier, typed = prefix[:-N_ADVANCED_BYTES], prefix[-N_ADVANCED_BYTES:]
    options = CompleteOptions(layout=loaded.layout, cut=loaded.cut, max_tokens=0)
    prompt = Anchors().lay_out(loaded.model, loaded.fim, earlier, suffix, options.scheme(loaded.model))
    state = ByteState.start(loaded.model, prompt.stem, prompt.tail, evaluate=evaluate)
    for byte in typed:
        state = state.advance(byte)
    return state


if __name__ == "__main__":
    main()
