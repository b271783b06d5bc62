"""What of a model's text is offered, case by case: tests/golden/trimming, replayed as the model's process does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lsp_server.suggestion.trimming import Trimmed, Trimmer
from lsp_server.syntax.window import PARSE_BUDGET_BYTES
from tests.lsp_server.trimming_cases import FOLDER, GRAMMARS, BadCase, Case, count_errors, parse_cases, read_cases

CASES = read_cases()

GROUPS = {
    "indentation": {"python"},
    "braces": {"javascript", "typescript", "go", "rust", "c", "cpp", "java", "csharp", "php", "css", "json"},
    "words": {"ruby", "lua", "shellscript"},
    "markup": {"html", "typescriptreact", "javascriptreact"},
}
NO_GRAMMAR = "no grammar"
N_RULES = 43
NOWHERE = {38}  # line breaks of the document are the rim's business: suggestions.toml
NEEDS_GRAMMAR = {24, 25, 27, 28, 30}
ONLY_IN = {32: {"indentation", NO_GRAMMAR}, 33: {NO_GRAMMAR}}

N_PIECE_BYTES = 3
MORE_THAN_IS_PARSED_BYTES = PARSE_BUDGET_BYTES + 1000
N_TO_A_LARGE_ONE = 7  # they take their time, and each language comes again and again

COMMENTS = {
    **dict.fromkeys(("python", "ruby", "shellscript", "makefile"), b"# %s\n"),
    **dict.fromkeys(("lua", "haskell"), b"-- %s\n"),
    **dict.fromkeys(("css",), b"/* %s */\n"),
    **dict.fromkeys(("html", "markdown"), b"<!-- %s -->\n"),
    **dict.fromkeys({*GROUPS["braces"], "typescriptreact", "javascriptreact", "kotlin"} - {"json", "css"}, b"// %s\n"),
}
"""by language: a line that says nothing"""
LARGE = [case for case in CASES if case.language in COMMENTS][::N_TO_A_LARGE_ONE]

by_case = pytest.mark.parametrize("case", CASES, ids=str)


def group_of(case: Case) -> str:
    return next((name for name, languages in GROUPS.items() if case.language in languages), NO_GRAMMAR)


def in_pieces(text: bytes) -> Iterator[bytes]:
    """The text as it grows, characters cut in the middle too."""
    for end in range(N_PIECE_BYTES, len(text), N_PIECE_BYTES):
        yield text[:end]
    yield text


def at_once(text: bytes) -> Iterator[bytes]:
    yield text


def replay(
    case: Case, grow: Callable[[bytes], Iterator[bytes]], trimmer: Trimmer, *, above: bytes = b"", below: bytes = b""
) -> Trimmed:
    """What is left of what the model says, which is stopped as soon as it is finished."""
    prefix, suffix = case.prefix.removeprefix(above), case.suffix.removesuffix(below)
    uri = f"file:///w/{case.language}"
    cut = trimmer.at(prefix, suffix, language=case.language, uri=uri, above=above, below=below, paths=case.files)
    for middle in grow(case.model):
        n_kept = cut.find_end(middle)
        if n_kept is not None:
            assert 0 <= n_kept <= len(middle)
            return cut.trim(middle[:n_kept], is_whole=True)
    return cut.trim(case.model, is_whole=case.is_whole)


@pytest.fixture(scope="module")
def shared() -> Trimmer:
    """One for all cases, as in a server: every document of a language follows another one under the same name."""
    return Trimmer()


@by_case
def test_what_is_offered_while_the_model_speaks(case: Case, shared: Trimmer) -> None:
    """Every rule, as the text comes in small pieces."""
    found = replay(case, in_pieces, shared)

    assert case.with_offered(found.middle).decode() == case.with_offered(case.offered).decode()
    assert case.why is None or (found.rule or 0) == case.why


@by_case
def test_what_is_offered_does_not_depend_on_the_pieces(case: Case) -> None:
    """A suggestion that hung on the borders of tokens could not be told by rules."""
    found = replay(case, at_once, Trimmer())

    assert case.with_offered(found.middle).decode() == case.with_offered(case.offered).decode()


@by_case
def test_what_the_model_was_not_shown_counts_as_well(case: Case, shared: Trimmer) -> None:
    """The prompt is a window; the rules are about documents."""
    above = case.prefix[: case.prefix.rfind(b"\n") + 1]
    line_end = case.suffix.find(b"\n") + 1
    below = case.suffix[line_end:] if line_end else b""
    found = replay(case, in_pieces, shared, above=above, below=below)

    assert found.middle.decode() == case.offered.decode()


@pytest.mark.parametrize("case", LARGE, ids=str)
def test_files_too_large_to_parse_are_treated_alike(case: Case) -> None:
    """Rule 33: a window around the cursor is parsed, and the answer is the same."""
    head = re.match(rb"(package main\n|<\?php\n)?", case.prefix)
    assert head is not None
    line = COMMENTS[case.language] % (b"a line that says nothing" * 4)
    filler = b"\n" + line * (MORE_THAN_IS_PARSED_BYTES // len(line)) + b"\n"
    longer = replace(case, document=head[0] + filler + case.document[head.end() :], cursor=case.cursor + len(filler))
    found = replay(longer, at_once, Trimmer())

    assert found.middle.decode() == case.offered.decode()


@by_case
def test_trimming_again_changes_nothing(case: Case) -> None:
    """What may be offered once may be offered twice."""
    once = replay(case, at_once, Trimmer()).middle
    cut = Trimmer().at(case.prefix, case.suffix, language=case.language, paths=case.files)

    assert not once or cut.trim(once, is_whole=True).middle == once


@by_case
def test_what_is_accepted_is_what_the_model_said_and_breaks_nothing(case: Case) -> None:
    """The cases themselves: nothing is invented but indentation, and syntax is no worse than before."""
    without_blanks = bytes.maketrans(b"", b""), b" \t"
    n_before = count_errors(case.document, case.language)
    n_after = count_errors(case.with_offered(case.offered), case.language)

    assert case.offered.translate(*without_blanks) in case.model.translate(*without_blanks)
    assert n_after <= n_before + case.n_new_errors


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.name)
def test_no_editor_can_spoil_the_cases(path: Path) -> None:
    """Tabs and blanks at line ends are written as signs, for editors convert and strip them."""
    text = path.read_bytes()

    assert not re.search(rb"[ \t]+$|\t|\r|\n\n\Z", text, re.MULTILINE)
    assert text.endswith(b"\n")


def test_every_rule_has_cases_wherever_it_applies() -> None:
    """A rule without a case is a wish."""
    told = {(case.rule, group_of(case)) for case in CASES}
    every = {*GROUPS, NO_GRAMMAR}
    missing = [
        (rule, group)
        for rule in sorted({*range(1, N_RULES + 1)} - NOWHERE)
        for group in sorted(ONLY_IN.get(rule, every))
        if (rule, group) not in told and not (group == NO_GRAMMAR and rule in NEEDS_GRAMMAR)
    ]

    assert missing == []


def test_every_grammar_has_its_cases() -> None:
    """What works in Python alone works by chance."""
    n_cases = Counter(case.language for case in CASES)

    assert len(CASES) >= 330
    assert all(n_cases[language] >= 8 for language in GRAMMARS)


@pytest.mark.parametrize(
    "text",
    [
        "f(▮\n--- model\nx\n--- nothing\n",
        "=== rule x: no number\n▮\n--- model\nx\n--- nothing\n",
        "=== rule 1: no cursor\nf(\n--- model\nx\n--- nothing\n",
        "=== rule 1: two cursors\n▮▮\n--- model\nx\n--- nothing\n",
        "=== rule 1: nobody speaks\n▮\n--- nothing\n",
        "=== rule 1: no end\n▮\n--- model\nx\n",
        "=== rule 1: two ends\n▮\n--- model\nx\n--- nothing\n--- accepted\nx\n",
        "=== rule 1: another document\nf(▮)\n--- model\nx\n--- accepted\ng(x)\n",
        "=== rule 1: nothing is put in\nf(▮)\n--- model\nx\n--- accepted\nf()\n",
        "=== rule 1: one\n▮\n--- model\nx\n--- nothing\n=== rule 1: two\n▮\n--- model\nx\n--- nothing\n",
    ],
)
def test_a_case_that_is_written_wrong_is_refused(text: str) -> None:
    """A case that means something else than it seems to would pass for ever."""
    with pytest.raises(BadCase):
        list(parse_cases(text, "python"))
