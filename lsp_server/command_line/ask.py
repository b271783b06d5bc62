"""One question about one file, from the command line: `bytefim complete` and `bytefim next-byte`.

Reads the file, places the cursor, asks the model, prints the answer for people or as JSON. Knows nothing of editors.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from byte_fim.anchor import Anchors
from byte_fim.complete import CompleteOptions, Completion, complete
from byte_fim.distribution import MissingMass
from byte_fim.fim import Layout
from byte_fim.generate import Alternative
from byte_fim.model import Float64Array
from byte_fim.next_byte import NextByteLaw, next_byte_law
from byte_fim.vocab import Vocab
from lsp_server.command_line import explain, plot
from lsp_server.command_line.cursor import Cursor, find_offset, place_cursor
from lsp_server.context.outline import find_outline
from lsp_server.model.load_params import LoadParams, read_loras
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.suggestion.trimming import Cut, Trimmer
from lsp_server.syntax.grammars import language_of

Json = dict[str, object]
LawKind = Literal["exact", "naive", "reference"]


@dataclass(slots=True)
class Stopwatch:
    """Milliseconds per stage, in the order of the stages."""

    timings_ms: dict[str, float] = field(default_factory=dict[str, float])
    _last_s: float = field(default_factory=time.perf_counter)

    def stage_done(self, stage: str) -> None:
        """Everything since the last call was this stage."""
        now_s = time.perf_counter()
        self.timings_ms[stage] = round(1000 * (now_s - self._last_s), 3)
        self._last_s = now_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A completion as it is offered, with what is needed to speak of it."""

    completion: Completion
    alternatives: tuple[Alternative, ...]
    """trimmed, best first, never empty"""
    cursor: Cursor
    model_name: str
    timings_ms: dict[str, float]

    @property
    def best(self) -> Alternative:
        """What an editor would show."""
        return self.alternatives[0]

    @property
    def token_counts(self) -> dict[str, int]:
        """The contract's names for the work that was done."""
        counts = self.completion.counts
        return {
            "prompt": len(self.completion.stem_tokens),
            "reused": counts.reused_tokens,
            "decoded": counts.decoded_tokens,
            "cover_rows": self.completion.n_contexts,
            "generated": self.best.n_generated_tokens,
            "decode_calls": counts.decode_calls,
        }


def run_complete(arguments: argparse.Namespace) -> int:
    """`bytefim complete`."""
    watch = Stopwatch()
    cursor = _read_cursor(arguments)
    watch.stage_done("read")
    loaded, layout = _load(arguments)
    watch.stage_done("load")
    options = CompleteOptions(
        layout=layout,
        cut=loaded.cut,
        conditioning=arguments.conditioning,
        n_alternatives=arguments.n,
        max_tokens=arguments.max_tokens,
        temperature=arguments.temperature,
        seed=arguments.seed,
    )
    language = language_of(arguments.file)
    cut = Trimmer().at(cursor.prefix, cursor.suffix, language=language, max_tokens=options.max_tokens)
    completion = complete(
        loaded.model,
        loaded.fim,
        cursor.prefix,
        cursor.suffix,
        options=options,
        find_end=_never_ends if arguments.no_trim else cut.find_end,
        anchors=Anchors(find_outline),
    )
    watch.stage_done("complete")
    alternatives = completion.alternatives if arguments.no_trim else _trimmed(completion.alternatives, cut)
    offer = Offer(
        completion=completion,
        alternatives=alternatives,
        cursor=cursor,
        model_name=loaded.name,
        timings_ms=watch.timings_ms,
    )
    if arguments.json:
        print(json.dumps(offer_as_json(offer)))
        return 0
    _print_offer(offer)
    if arguments.explain:
        print()
        _print_explanation(offer, loaded.model.vocab)
    return 0


def run_next_byte(arguments: argparse.Namespace) -> int:
    """`bytefim next-byte`."""
    cursor = _read_cursor(arguments)
    loaded, layout = _load(arguments)
    law = _ask_law(loaded, cursor, arguments, layout=layout, conditioning=arguments.conditioning)
    if arguments.plot:
        shown = law, arguments.conditioning
        if arguments.conditioning == "naive":
            shown = _ask_law(loaded, cursor, arguments, layout=layout, conditioning="exact"), "exact"
        naive = _ask_law(loaded, cursor, arguments, layout=layout, conditioning="naive")
        _write_plot(arguments.plot, *shown, naive, cursor)
    if arguments.json:
        print(json.dumps(law_as_json(law, model_name=loaded.name, layout=layout, conditioning=arguments.conditioning)))
        return 0
    print(f"model      {loaded.name}, layout {layout}, conditioning {arguments.conditioning}")
    print(explain.explain_evidence(law, loaded.model.vocab))
    print(explain.explain_missing_mass(law.cover_missing_mass))
    print(explain.explain_missing_mass(law.distribution.missing_mass, of="next byte"))
    print("next byte")
    print(explain.explain_outcomes(law.distribution.logp))
    return 0


def offer_as_json(offer: Offer) -> Json:
    """The object that `complete --json` prints."""
    best, cursor = offer.best, offer.cursor
    before, after = (len(cursor.open_character), cursor.n_replaced_bytes) if best.middle else (0, 0)
    return {
        "insert_text": _insert_text(best.middle, cursor),
        "insert_bytes_hex": cursor.as_in_file(best.middle).hex(),
        "stop_reason": best.stop_reason,
        "logp": _finite_or_none(best.logp),
        "alternatives": [
            {"insert_text": _insert_text(a.middle, cursor), "logp": _finite_or_none(a.logp)} for a in offer.alternatives
        ],
        "missing_mass": _missing_mass(offer.completion.missing_mass),
        "tokens": offer.token_counts,
        "timings_ms": offer.timings_ms,
        "model": offer.model_name,
        "layout": offer.completion.layout,
        "conditioning": offer.completion.conditioning,
        "replaced_bytes": {"before": before, "after": after},
    }


def law_as_json(law: NextByteLaw, *, model_name: str, layout: str, conditioning: str) -> Json:
    """The object that `next-byte --json` prints."""
    return {
        "logp": [_finite_or_none(x) for x in _floats(law.distribution.logp)],
        "missing_mass": _missing_mass(law.distribution.missing_mass),
        "cover_missing_mass": _missing_mass(law.cover_missing_mass),
        "covers": [{"token_ids": list(c.tokens), "bytes_hex": c.text.hex(), "logp": c.logp} for c in law.covers],
        "contexts": law.n_contexts,
        "decode_calls": law.counts.decode_calls,
        "model": model_name,
        "layout": layout,
        "conditioning": conditioning,
    }


def _read_cursor(arguments: argparse.Namespace) -> Cursor:
    text = sys.stdin.buffer.read() if arguments.file == "-" else Path(arguments.file).read_bytes()
    if arguments.offset is not None:
        return place_cursor(text, arguments.offset)
    return place_cursor(text, find_offset(text, line=arguments.line, column_bytes=arguments.column))


def _load(arguments: argparse.Namespace) -> tuple[LoadedModel, Layout]:
    params = LoadParams(loras=read_loras(arguments.lora))
    loaded = load_model(arguments.model, params=params, require_fim=arguments.layout != "plain")
    return loaded, loaded.layout if arguments.layout == "auto" else arguments.layout


def _never_ends(middle: bytes) -> int | None:
    """Leaves the end to the model and the budget."""


def _trimmed(alternatives: Sequence[Alternative], cut: Cut) -> tuple[Alternative, ...]:
    """As they would be offered; those that trimming has made equal count once."""
    kept_ones: dict[bytes, Alternative] = {}
    for a in alternatives:
        kept = cut.trim(a.middle, is_whole=a.stop_reason in ("end", "trimmed")).middle
        kept_ones.setdefault(
            kept, replace(a, middle=kept, stop_reason=a.stop_reason if kept == a.middle else "trimmed")
        )
    return tuple(kept_ones.values())


def _print_offer(offer: Offer) -> None:
    cursor, best = offer.cursor, offer.best
    print(explain.render_insertion(cursor.prefix, best.middle, cursor.suffix, in_colour=_wants_colour()))
    if not best.middle:
        print(f"Nothing to suggest here (ended by: {best.stop_reason}).")
    for i, other in enumerate(offer.alternatives[1:], start=2):
        print(f"{i}. {explain.visible(other.middle) or '(nothing)'}")


def _print_explanation(offer: Offer, vocab: Vocab) -> None:
    completion = offer.completion
    print(f"model      {offer.model_name}, layout {completion.layout}, conditioning {completion.conditioning}")
    print(explain.explain_evidence(completion, vocab))
    print(explain.explain_missing_mass(completion.missing_mass))
    print(f"answer     probability {math.exp(offer.best.logp):.3g}, ended by: {offer.best.stop_reason}")
    print(explain.explain_numbers(offer.token_counts, offer.timings_ms))


def _ask_law(
    loaded: LoadedModel, cursor: Cursor, arguments: argparse.Namespace, *, layout: Layout, conditioning: LawKind
) -> NextByteLaw:
    suffix = cursor.suffix if arguments.suffix else b""
    return next_byte_law(
        loaded.model, loaded.fim, cursor.prefix, suffix, layout=layout, cut=loaded.cut, conditioning=conditioning
    )


def _write_plot(path: str, law: NextByteLaw, name: str, naive: NextByteLaw, cursor: Cursor) -> None:
    line = cursor.prefix[cursor.prefix.rfind(b"\n") + 1 :].lstrip()[-60:]
    svg = plot.render_svg(
        plot.Series(name, law.distribution.logp),
        plot.Series("naive", naive.distribution.logp),
        title="The next byte",
        subtitle=f"after  {explain.visible(line)}",
    )
    Path(path).write_text(svg, encoding="utf-8")


def _insert_text(middle: bytes, cursor: Cursor) -> str:
    """With the whole character in which the cursor stands; nothing stays nothing."""
    return cursor.as_in_file(cursor.open_character + middle).decode("utf-8", "replace") if middle else ""


def _missing_mass(missing: MissingMass) -> Json:
    return {"noncanonical": missing.noncanonical, "pruned": missing.pruned}


def _floats(array: Float64Array) -> list[float]:
    return [float(x) for x in array]


def _finite_or_none(logp: float) -> float | None:
    """JSON has no infinity."""
    return logp if math.isfinite(logp) else None


def _wants_colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
