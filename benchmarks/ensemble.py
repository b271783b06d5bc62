"""Do several models together know better than the best of them? Held-out code, a model, a small one and an n-gram.

The bits per byte of the text itself, member laws and those of ensembles at the same bytes: spans of held-out files, by
teacher forcing, each member in its own tokens and layout, the suffix shown to those that can use it. The n-gram model
has read the rest of the file: what stands before the span and after it. Then the rest of a line, completed greedily by
members and ensembles. 95 % intervals: bootstrap over files, differences paired.

The bits of a product are too low by at most what pruning hides of its scale, `product_bound_bits`. What a byte costs is
processor time behind the prompt, that of the first model completing by tokens being 1.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
from ensemble_tally import Counted, Tally, difference, draw, interval, mean, per_byte, show
from held_out import fetch_sources
from report import finish, make_parser, show_table

from byte_fim.complete import CompleteOptions, complete
from byte_fim.ensemble import Adaptation, EnsembleOptions, EnsembleState, Kind, Member, complete_ensemble
from byte_fim.ensemble.complete import done_since
from byte_fim.ensemble.member import PRUNE
from byte_fim.ngram import NgramModel
from lsp_server.model.loading import LoadedModel, load_model

SMALL = "bytefim-nano-spm"  # beside the model in question: of another kind of vocabulary
WORDS = "n-gram"
PRIORS = (0.7, 0.05, 0.25)  # of the model, the small one and the n-gram; chosen on JavaScript
WINDOW_BYTES = (1200, 300)
SPAN_BYTES = 48
ADAPTED = Adaptation()
KINDS: tuple[Kind, Kind] = ("arithmetic", "geometric")


@dataclass(frozen=True, slots=True)
class Span:
    """Some bytes of a file that have to be said."""

    path: Path
    prefix: bytes
    said: bytes
    suffix: bytes
    is_line: bool
    """the rest of a line, to be completed"""


@dataclass(frozen=True, slots=True)
class Line:
    """How a line was completed."""

    middle: bytes
    seconds: float
    """of processor time"""
    n_bytes: int
    n_decode_calls: int


def main() -> None:
    parser = make_parser(__doc__ or "", limit=40, counted="spans")
    parser.add_argument("--language", default="python", choices=("python", "javascript", "typescript"))
    parser.add_argument(
        "--prune", type=float, default=1e-5, help="of the members' laws where bits are counted (default 1e-5)"
    )
    parser.add_argument("--plot", metavar="FILE.svg", type=Path, help="draw the bits per byte")
    arguments = parser.parse_args()
    loaded = [load_model(name) for name in (arguments.model, SMALL)]
    if loaded[0].name == loaded[1].name:
        parser.error(f"{SMALL} takes part anyway; name another model, or none")
    spans = sample_spans(arguments.language, arguments.limit, seed=arguments.seed)
    tallies: dict[str, Tally] = {}
    for i, span in enumerate(spans):
        score(span, loaded, tallies, prune=arguments.prune)
        complete_line(span, loaded, tallies)
        if not arguments.json and (i + 1) % 10 == 0:
            print(f"{i + 1} of {len(spans)} spans", file=sys.stderr)
    if arguments.plot:
        arguments.plot.write_text(draw(tallies, arguments.language), encoding="utf-8")
    names = [*(each.name for each in loaded), WORDS]
    report(tallies, spans, names, is_table_wanted=not arguments.json)


def sample_spans(language: str, n: int, *, seed: int) -> list[Span]:
    """Spans from any offset, every second one the rest of a line from within it; of all files about as many."""
    chooser = random.Random(seed)
    files = fetch_sources(language)
    chooser.shuffle(files)
    found: list[Span] = []
    while len(found) < n:
        path = files[len(found) % len(files)]
        text = path.read_bytes().replace(b"\r\n", b"\n")
        at = chooser.randrange(min(200, len(text) // 2), len(text) - SPAN_BYTES)
        line_end = text.find(b"\n", at)
        end = min(at + SPAN_BYTES, len(text))
        is_line = at < line_end <= at + SPAN_BYTES and bool(text[at:line_end].strip())
        if text[at] & 0xC0 != 0x80 and text[end - 1] < 0x80:
            found.append(Span(path, text[:at], text[at:end], text[end:], is_line))
    return found


def make_members(span: Span, loaded: Sequence[LoadedModel], suffix: bytes, *, prune: float) -> list[Member]:
    """Each with its weight; the n-gram model reads what stands before the span and behind `suffix`'s beginning."""
    counting = NgramModel()
    counting.learn(suffix)
    counting.learn(b"\n" + span.prefix)
    members = [
        Member(
            name=each.name,
            model=each.model,
            fim=each.fim,
            layout=each.layout,
            cut=each.cut,
            weight=weight,
            prune=prune,
        )
        for each, weight in zip(loaded, PRIORS[:-1], strict=True)
    ]
    words = Member(
        name=WORDS, model=counting, fim=counting.fim, layout="plain", weight=PRIORS[-1], has_read_prefix=True
    )
    return [*members, words]


def score(span: Span, loaded: Sequence[LoadedModel], tallies: dict[str, Tally], *, prune: float) -> None:
    """The bits of the span under every member and every ensemble; each member goes along it once."""
    members = make_members(span, loaded, span.suffix, prune=prune)
    prefix, suffix = span.prefix[-WINDOW_BYTES[0] :], span.suffix[: WINDOW_BYTES[1]]
    at = {member.name: EnsembleState.start([member], prefix, suffix).live[0] for member in members}
    states = {
        name: EnsembleState.start(chosen, prefix, suffix, kind=kind, adaptation=adaptation)
        for name, kind, adaptation, chosen in ensembles(members)
    }
    bits = dict.fromkeys(states, 0.0)
    for name in states:
        tallies.setdefault(name, Tally())
    for byte in span.said:
        after = {name: state.advance(byte) for name, state in at.items()}
        for name, state in states.items():
            names = [each.member.name for each in state.live]
            state = replace(state, live=tuple(at[each] for each in names))
            if state.kind == "geometric":
                hidden = min(0.99, state.byte_law().missing_mass.pruned)
                tallies[name].hidden_bits -= float(np.log2(1.0 - hidden))
            moved = [after[each] for each in names]
            bits[name] -= state.logp_of(byte, moved) / np.log(2.0)
            states[name] = state.follow(moved)
        at = after
    for name, total in bits.items():
        tallies[name].bits.append(Counted(span.path, total, len(span.said)))


def ensembles(members: Sequence[Member]) -> list[tuple[str, Kind, Adaptation | None, Sequence[Member]]]:
    """Members alone, then ensembles of all, and of the first with the n-gram model."""
    alone: list[tuple[str, Kind, Adaptation | None, Sequence[Member]]] = [
        (member.name, "arithmetic", None, [member]) for member in members
    ]
    groups = [("all", members), ("two", [members[0], members[-1]])]
    return alone + [
        (f"{group}, {kind}, {'adapted' if adaptation else 'fixed'}", kind, adaptation, chosen)
        for group, chosen in groups
        for kind in KINDS
        for adaptation in (None, ADAPTED)
    ]


def complete_line(span: Span, loaded: Sequence[LoadedModel], tallies: dict[str, Tally]) -> None:
    """Whether the rest of the line comes out, and what that costs."""
    if not span.is_line:
        return
    wanted, line_break, after = span.said.partition(b"\n")
    suffix = line_break + after + span.suffix
    members = make_members(span, loaded, suffix, prune=PRUNE)
    prefix, suffix = span.prefix[-WINDOW_BYTES[0] :], suffix[: WINDOW_BYTES[1]]
    asked = [
        *(partial(complete_by_bytes, *way, prefix, suffix) for way in ensembles(members)),
        *(partial(complete_by_tokens, each, prefix, suffix) for each in loaded),
    ]
    random.Random(span.said).shuffle(asked)  # what the tokenizer was asked is remembered, which later ones gain from
    for ask in asked:
        name, done = ask()
        tally = tallies.setdefault(name, Tally())
        tally.hits.append(Counted(span.path, float(done.middle.rstrip() == wanted.rstrip()), 1))
        tally.seconds += done.seconds
        tally.n_bytes += done.n_bytes
        tally.n_decode_calls += done.n_decode_calls


def complete_by_bytes(
    name: str, kind: Kind, adaptation: Adaptation | None, members: Sequence[Member], prefix: bytes, suffix: bytes
) -> tuple[str, Line]:
    options = EnsembleOptions(kind=kind, adaptation=adaptation, max_bytes=SPAN_BYTES)
    for member in members:
        member.model.forget()
    complete_ensemble(members, prefix, suffix, options=replace(options, max_bytes=0))  # now the prompt is in the cache
    models = [member for member in members if member.name != WORDS]  # to look words up is no decode call
    before = [member.model.counts for member in models]
    started = time.process_time()
    found = complete_ensemble(members, prefix, suffix, options=options, find_end=end_of_line)
    seconds, best = time.process_time() - started, found.alternatives[0]
    return name, Line(best.middle, seconds, best.n_generated_tokens, done_since(models, before).decode_calls)


def complete_by_tokens(loaded: LoadedModel, prefix: bytes, suffix: bytes) -> tuple[str, Line]:
    options = CompleteOptions(layout=loaded.layout, cut=loaded.cut, max_tokens=24)
    ask = partial(complete, loaded.model, loaded.fim, prefix, suffix)
    loaded.model.forget()
    ask(options=replace(options, max_tokens=0))
    started = time.process_time()
    found = ask(options=options, find_end=end_of_line)
    seconds, best = time.process_time() - started, found.alternatives[0]
    return f"{loaded.name} by tokens", Line(best.middle, seconds, best.steps[-1][0], found.counts.decode_calls)


def end_of_line(middle: bytes) -> int | None:
    end = middle.find(b"\n")
    return None if end < 0 else end


def report(
    tallies: Mapping[str, Tally], spans: Sequence[Span], members: Sequence[str], *, is_table_wanted: bool
) -> None:
    best = min(members, key=lambda name: mean(tallies[name].bits))
    surest = max(members, key=lambda name: mean(tallies[name].hits))
    token_seconds = per_byte(tallies[f"{members[0]} by tokens"])
    result: dict[str, object] = {}
    rows: list[list[object]] = []
    for name, tally in tallies.items():
        figures: dict[str, object] = {"exact_match": mean(tally.hits), "exact_match_95": interval(tally.hits)}
        figures["exact_match_minus_best_member_95"] = interval(difference(tally.hits, tallies[surest].hits))
        figures["cost_per_byte_relative_to_first_by_tokens"] = per_byte(tally) / token_seconds
        figures["decode_calls_per_byte"] = tally.n_decode_calls / max(1, tally.n_bytes)
        if tally.bits:
            n_bytes = sum(n for _, _, n in tally.bits)
            gain = difference(tally.bits, tallies[best].bits)
            figures |= {"bits_per_byte": mean(tally.bits), "bits_per_byte_95": interval(tally.bits)}
            figures |= {"bits_minus_best_member": mean(gain), "bits_minus_best_member_95": interval(gain)}
            figures["product_bound_bits"] = tally.hidden_bits / n_bytes
        result[name] = figures
        rows.append(
            [
                name,
                f"{mean(tally.bits):.3f} {show(interval(tally.bits))}" if tally.bits else "",
                show(interval(difference(tally.bits, tallies[best].bits))) if tally.bits else "",
                f"{tally.hidden_bits / max(1, sum(n for _, _, n in tally.bits)):.3f}",
                f"{mean(tally.hits):.1%} {show(interval(tally.hits))}",
                per_byte(tally) / token_seconds,
                tally.n_decode_calls / max(1, tally.n_bytes),
            ]
        )
    if is_table_wanted:
        header = ["", "bits per byte", f"less {best}", "hidden", "lines right", "cost per byte", "calls per byte"]
        show_table(header, rows)
    n_lines = sum(span.is_line for span in spans)
    finish({"spans": len(spans), "lines": n_lines, "best_member": best, "ways": result})


if __name__ == "__main__":
    main()
