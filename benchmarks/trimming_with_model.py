"""How suggestions of several lines end, and what they do to the document: the embedded model at held-out cursors.

Three kinds of places where several lines may come: behind what opens a block; on a blank line of a block with nothing
in it; on a blank line behind the last statement of a block. What the author wrote in the block is hidden in the first
two. Errors are ERROR and MISSING nodes of the whole document, with the suggestion and without it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from holes import KINDS, Hole, sample_holes
from report import show_table
from tree_sitter import Node, Parser

from byte_fim.complete import CompleteOptions, complete
from byte_fim.generate import Alternative, StopReason
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.settings import DEFAULTS
from lsp_server.suggestion.trimming import Trimmer
from lsp_server.syntax.grammars import find_grammar
from lsp_server.system.percentiles import percentile

LANGUAGES = ("python", "javascript", "typescript")
PLACES = ("behind the opener", "empty block", "end of block")
_WHY: Mapping[StopReason, str] = {"trimmed": "by_syntax", "budget": "by_token_limit", "end": "by_model"}
_BY_RULE: Mapping[int | None, str] = {26: "by_syntax_late", 40: "as_degenerate", 41: "as_degenerate"}
"""late: at the end of a whole statement, half of the tokens being used up"""
_LOOPS = (40, 41)  # certain only when they have gone round


@dataclass(frozen=True, slots=True)
class Spoken:
    """A suggestion that could be shown."""

    place: str
    hole: Hole
    middle: bytes
    why_ended: str
    is_multi_line: bool
    n_tokens_behind_end: int | None
    """that the model said behind the end that syntax found; None: it found none"""
    n_errors_without: int
    n_errors_with: int


def measure_model(
    name: str | None, n_cursors: int, *, seed: int, n_shown: int, is_silent: bool
) -> Mapping[str, object]:
    """Shares in [0, 1], by language."""
    loaded = load_model(name)
    result: dict[str, Mapping[str, object]] = {}
    everything: list[Spoken] = []
    for language in LANGUAGES:
        asked = list(cursors(language, n_cursors, seed=seed))
        spoken = [one for place, hole, before, after in asked if (one := ask(loaded, place, hole, before, after))]
        result[language] = sum_up(spoken, n_asked=len(asked))
        everything += spoken
        for one in [one for one in spoken if one.n_errors_with > one.n_errors_without][:n_shown]:
            before, after = one.hole.prefix, one.hole.suffix
            print(f"{one.hole.path}: {before[-200:]!r} [{one.middle!r}] {after[:100]!r}", file=sys.stderr)
    for place in PLACES:
        result[place] = sum_up([one for one in everything if one.place == place], n_asked=None)
    if not is_silent:
        header = ["", *(key.replace("_", " ") for key in result[LANGUAGES[0]])]
        rows = [[key, *("-" if value is None else value for value in row.values())] for key, row in result.items()]
        show_table(header, rows)
    return {"max_tokens": DEFAULTS.max_tokens, **result}


def cursors(language: str, n: int, *, seed: int) -> Iterator[tuple[str, Hole, bytes, bytes]]:
    """Places, each with the hole it was made of, the text before the cursor and the text after it."""
    holes = [hole for hole in sample_holes(language, 3 * n, seed=seed) if hole.kind != KINDS[2]]
    of_kind = {kind: [hole for hole in holes if hole.kind == kind] for kind in KINDS[:2]}
    for i in range(n):
        place = PLACES[i % 3]
        choice = of_kind[KINDS[place != PLACES[0]]]
        hole = choice[i % len(choice)]
        if place == PLACES[2]:
            line_start = hole.text.rfind(b"\n", 0, hole.start)
            yield place, hole, hole.text[: hole.end] + hole.text[line_start : hole.start], hole.suffix
        else:
            yield place, hole, hole.prefix, hole.suffix


def ask(loaded: LoadedModel, place: str, hole: Hole, before: bytes, after: bytes) -> Spoken | None:
    """What the model says there, as far as trimming lets it; None when nothing is left."""
    prefix, suffix = before[-DEFAULTS.n_prefix_bytes :], after[: DEFAULTS.n_suffix_bytes]
    above, below = before[: len(before) - len(prefix)], after[len(suffix) :]
    trimmer, most = Trimmer(), DEFAULTS.max_tokens
    cut = trimmer.at(prefix, suffix, language=hole.language, above=above, below=below, max_tokens=most)
    options = CompleteOptions(layout=loaded.layout, cut=loaded.cut, max_tokens=most)
    completion = complete(loaded.model, loaded.fim, prefix, suffix, options=options, find_end=cut.find_end)
    best = completion.alternatives[0]
    trimmed = cut.trim(best.middle, is_whole=best.stop_reason in ("end", "trimmed"))
    middle = trimmed.middle
    if not middle:
        return None
    return Spoken(
        place,
        hole,
        middle,
        why_ended(best.stop_reason, trimmed.rule),
        b"\n" in middle.strip(),
        count_tokens_behind(best) if best.stop_reason == "trimmed" and trimmed.rule not in _LOOPS else None,
        count_errors(before + after, hole.language),
        count_errors(before + middle + after, hole.language),
    )


def count_tokens_behind(said: Alternative) -> int:
    """How many tokens the model said behind what was kept."""
    starts = [0, *(n_said for n_said, _ in said.steps)][:-1]
    return sum(start >= len(said.middle) for start in starts)


def why_ended(stop: StopReason, rule: int | None) -> str:
    """What ended the model's text."""
    if rule == 26 and stop == "budget":
        return _WHY["budget"]
    return _BY_RULE.get(rule, _WHY.get(stop, stop))


def count_errors(text: bytes, language: str) -> int:
    """ERROR and MISSING nodes of a whole document."""
    grammar = find_grammar(language)
    assert grammar is not None
    pending: list[Node] = [Parser(grammar.language).parse(text).root_node]
    n = 0
    while pending:
        node = pending.pop()
        n += node.is_error or node.is_missing
        pending.extend(child for child in node.children if child.has_error)
    return n


def sum_up(spoken: Sequence[Spoken], *, n_asked: int | None) -> Mapping[str, object]:
    multi = [one for one in spoken if one.is_multi_line]
    why = Counter(one.why_ended for one in multi)
    return {
        "asked": n_asked,
        "shown": len(spoken),
        "multi_line": len(multi),
        **{name: why[name] / len(multi) if multi else None for name in (*_WHY.values(), *_BY_RULE.values())},
        "tokens_behind_end_p95": p95([one.n_tokens_behind_end for one in spoken]),
        "stopped_within_2_tokens": share(
            one.n_tokens_behind_end <= 2 for one in spoken if one.n_tokens_behind_end is not None
        ),
        "new_errors": share(one.n_errors_with > one.n_errors_without for one in spoken),
        "new_errors_multi_line": share(one.n_errors_with > one.n_errors_without for one in multi),
        "any_errors": share(one.n_errors_with > 0 for one in spoken),
    }


def p95(counts: Sequence[int | None]) -> float | None:
    return percentile([count for count in counts if count is not None], 0.95)


def share(facts: Iterator[bool]) -> float | None:
    known = list(facts)
    return sum(known) / len(known) if known else None
