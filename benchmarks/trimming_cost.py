"""What it costs to look whether a suggestion is finished, in files of 5,000 lines. Measures time; judges nothing.

A file is made of held-out ones, one after the other. Somebody goes about in it: block-shaped holes at places at random,
each filled by a model that says what stands there, piece by piece. A check is a call that had to look, that is, one
that took longer than it takes to see that nothing has come that matters; the first one at a place also has the document
parsed anew where it differs from the one before, and finds out where the cursor stands.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from held_out import fetch_sources
from holes import find_holes_in
from report import show_table
from tree_sitter import Parser

from lsp_server.documents.request import with_line_feeds
from lsp_server.settings import DEFAULTS
from lsp_server.suggestion.trimming import Trimmer
from lsp_server.syntax.grammars import find_grammar
from lsp_server.syntax.trees import Trees
from lsp_server.system.percentiles import percentile

LANGUAGES = ("python", "typescript")
N_LINES = 5000
N_PLACES = 60
_LOOKED_MS = 0.02  # comparing a few bytes takes less, parsing anything more
_PIECE = re.compile(rb"\s+|\S{1,4}")


def measure_cost(*, seed: int, is_silent: bool) -> Mapping[str, object]:
    """In milliseconds, by language."""
    result = {language: measure_language(language, seed=seed) for language in LANGUAGES}
    if not is_silent:
        header = ["ms, in 5,000 lines", *(name.replace("_", " ") for name in result[LANGUAGES[0]])]
        show_table(header, [[language, *figures.values()] for language, figures in result.items()])
    return {"unit": "ms", "n_lines": N_LINES, **result}


def measure_language(language: str, *, seed: int) -> Mapping[str, float | None]:
    chooser = random.Random(seed)
    text = make_file(language, chooser)
    holes = list(find_holes_in(text, language, Path(f"/bench/large.{language}")))
    first_ms: list[float] = []
    check_ms: list[float] = []
    trim_ms: list[float] = []
    trimmer = Trimmer()
    # people look at a file before they edit it: what changes from here on is one place at a time
    trimmer.at(text[:1], text[1:], language=language, uri="file:///bench/large").find_end(b"\n")
    for hole in chooser.sample(holes, N_PLACES):
        n_prefix, n_suffix = DEFAULTS.n_prefix_bytes, DEFAULTS.n_suffix_bytes
        began_s = time.perf_counter()
        cut = trimmer.at(
            hole.prefix[-n_prefix:],
            hole.suffix[:n_suffix],
            language=language,
            uri="file:///bench/large",
            above=hole.prefix[:-n_prefix],
            below=hole.suffix[n_suffix:],
        )
        n_kept, asked_ms = None, passed_ms(began_s)
        is_first = True
        for piece in _PIECE.finditer(hole.offered):
            said = hole.offered[: piece.end()]
            began_s = time.perf_counter()
            n_kept = cut.find_end(said)
            took_ms = passed_ms(began_s)
            if took_ms > _LOOKED_MS:
                (first_ms if is_first else check_ms).append(took_ms + is_first * asked_ms)
                is_first = False
            if n_kept is not None:
                break
        began_s = time.perf_counter()
        cut.trim(hole.offered[:n_kept], is_whole=n_kept is not None)
        trim_ms.append(passed_ms(began_s))
    return {
        "first_parse": measure_first_parse(text, language),
        **percentiles("check", check_ms + first_ms[1:]),
        **percentiles("first_check", first_ms[1:]),  # the very first one parses the file
        **percentiles("trim", trim_ms),
    }


def make_file(language: str, chooser: random.Random) -> bytes:
    """Whole files after each other that parse, as many lines as wanted and those of the last file."""
    grammar = find_grammar(language)
    assert grammar is not None
    paths = fetch_sources(language)
    chooser.shuffle(paths)
    text = b""
    for path in paths:
        more = with_line_feeds(path.read_bytes())
        lines = text.count(b"\n") + more.count(b"\n")
        if lines <= N_LINES + 200 and not Parser(grammar.language).parse(text + more).root_node.has_error:
            text += more.rstrip(b"\n") + b"\n\n\n"
        if text.count(b"\n") >= N_LINES:
            break
    return text


def measure_first_parse(text: bytes, language: str) -> float:
    """The quickest of five."""
    grammar = find_grammar(language)
    assert grammar is not None
    took_ms: list[float] = []
    for _ in range(5):
        began_s = time.perf_counter()
        Trees().parse("file:///bench/large", grammar, text)
        took_ms.append(passed_ms(began_s))
    return min(took_ms)


def percentiles(name: str, took_ms: Sequence[float]) -> dict[str, float | None]:
    return {
        f"{name}_p50": percentile(took_ms, 0.5),
        f"{name}_p95": percentile(took_ms, 0.95),
        f"{name}_max": max(took_ms),
    }


def passed_ms(since_s: float) -> float:
    return (time.perf_counter() - since_s) * 1e3
