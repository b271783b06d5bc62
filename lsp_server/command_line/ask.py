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
from byte_fim.ensemble import EnsembleCompletion
from byte_fim.fim import Layout
from byte_fim.generate import Alternative, FindEnd
from byte_fim.next_byte import NextByteLaw, next_byte_law
from byte_fim.vocab import Vocab
from lsp_server.command_line import explain, plot
from lsp_server.command_line.answers_as_json import Offer, law_as_json, offer_as_json
from lsp_server.command_line.ask_several import JointLaw, complete_together, joint_options, law_together
from lsp_server.command_line.cursor import Cursor, find_offset, place_cursor
from lsp_server.context.outline import find_outline
from lsp_server.model.load_params import LoadParams, read_loras
from lsp_server.model.loading import LoadedModel
from lsp_server.model.loading_several import load_all
from lsp_server.model.several_models import BYTES_PER_TOKEN
from lsp_server.settings import DEFAULTS, Settings
from lsp_server.suggestion.trimming import Cut, Trimmer
from lsp_server.syntax.grammars import language_of

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


def run_complete(arguments: argparse.Namespace) -> int:
    """`bytefim complete`."""
    watch = Stopwatch()
    cursor = _read_cursor(arguments)
    watch.stage_done("read")
    models = _load(arguments)
    watch.stage_done("load")
    most_steps = arguments.max_tokens * (BYTES_PER_TOKEN if len(models) > 1 else 1)
    cut = Trimmer().at(cursor.prefix, cursor.suffix, language=language_of(arguments.file), max_tokens=most_steps)
    find_end = _never_ends if arguments.no_trim else cut.find_end
    completion = _complete(models, cursor, arguments, find_end)
    watch.stage_done("complete")
    alternatives = completion.alternatives if arguments.no_trim else _trimmed(completion.alternatives, cut)
    offer = Offer(
        completion=completion,
        alternatives=alternatives,
        cursor=cursor,
        model_name=_name(models),
        timings_ms=watch.timings_ms,
    )
    if arguments.json:
        print(json.dumps(offer_as_json(offer)))
        return 0
    _print_offer(offer)
    if arguments.explain:
        print()
        _print_explanation(offer, models[0].model.vocab)
    return 0


def run_next_byte(arguments: argparse.Namespace) -> int:
    """`bytefim next-byte`."""
    cursor = _read_cursor(arguments)
    models = _load(arguments)
    suffix = cursor.suffix if arguments.suffix else b""
    law: NextByteLaw
    if len(models) > 1:
        law = law_together(models, cursor.prefix, suffix, _settings(arguments))
    else:
        law = _ask_law(models[0], cursor.prefix, suffix, arguments, conditioning=arguments.conditioning)
    if arguments.plot:
        shown = law, arguments.conditioning
        if arguments.conditioning == "naive":
            shown = _ask_law(models[0], cursor.prefix, suffix, arguments, conditioning="exact"), "exact"
        naive = _ask_law(models[0], cursor.prefix, suffix, arguments, conditioning="naive")
        _write_plot(arguments.plot, *shown, naive, cursor)
    name, layout = _name(models), _layout(models[0], arguments)
    if arguments.json:
        print(json.dumps(law_as_json(law, model_name=name, layout=layout, conditioning=arguments.conditioning)))
        return 0
    print(f"model      {name}, layout {layout}, conditioning {arguments.conditioning}")
    if isinstance(law, JointLaw):
        print(explain.explain_members(law))
    print(explain.explain_evidence(law, models[0].model.vocab))
    print(explain.explain_missing_mass(law.cover_missing_mass))
    print(explain.explain_missing_mass(law.distribution.missing_mass, of="next byte"))
    print("next byte")
    print(explain.explain_outcomes(law.distribution.logp))
    return 0


def _read_cursor(arguments: argparse.Namespace) -> Cursor:
    text = sys.stdin.buffer.read() if arguments.file == "-" else Path(arguments.file).read_bytes()
    if arguments.offset is not None:
        return place_cursor(text, arguments.offset)
    return place_cursor(text, find_offset(text, line=arguments.line, column_bytes=arguments.column))


def _load(arguments: argparse.Namespace) -> Sequence[LoadedModel]:
    params = LoadParams(loras=read_loras(arguments.lora))
    return load_all(arguments.models or [None], params=params, require_fim=arguments.layout != "plain")


def _name(models: Sequence[LoadedModel]) -> str:
    return " + ".join(model.name for model in models)


def _layout(loaded: LoadedModel, arguments: argparse.Namespace) -> Layout:
    return loaded.layout if arguments.layout == "auto" else arguments.layout


def _settings(arguments: argparse.Namespace) -> Settings:
    """As a server would be told what the arguments say."""
    return replace(DEFAULTS, layout=arguments.layout, weights=arguments.weights, ensemble=arguments.ensemble)


def _complete(
    models: Sequence[LoadedModel], cursor: Cursor, arguments: argparse.Namespace, find_end: FindEnd
) -> Completion:
    how = {"n_alternatives": arguments.n, "temperature": arguments.temperature, "seed": arguments.seed}
    if len(models) > 1:
        settings = replace(_settings(arguments), max_tokens=arguments.max_tokens)
        return complete_together(models, cursor, settings, options=joint_options(settings, **how), find_end=find_end)
    (loaded,) = models
    options = CompleteOptions(
        layout=_layout(loaded, arguments),
        cut=loaded.cut,
        conditioning=arguments.conditioning,
        max_tokens=arguments.max_tokens,
        **how,
    )
    return complete(
        loaded.model,
        loaded.fim,
        cursor.prefix,
        cursor.suffix,
        options=options,
        find_end=find_end,
        anchors=Anchors(find_outline),
    )


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
    if isinstance(completion, EnsembleCompletion):
        print(explain.explain_members(completion))
    print(explain.explain_evidence(completion, vocab))
    print(explain.explain_missing_mass(completion.missing_mass))
    print(f"answer     probability {math.exp(offer.best.logp):.3g}, ended by: {offer.best.stop_reason}")
    print(explain.explain_numbers(offer.token_counts, offer.timings_ms))


def _ask_law(
    loaded: LoadedModel, prefix: bytes, suffix: bytes, arguments: argparse.Namespace, *, conditioning: LawKind
) -> NextByteLaw:
    layout = _layout(loaded, arguments)
    return next_byte_law(
        loaded.model, loaded.fim, prefix, suffix, layout=layout, cut=loaded.cut, conditioning=conditioning
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


def _wants_colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
