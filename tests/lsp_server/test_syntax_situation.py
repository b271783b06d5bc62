"""What a cursor stands in: strings, comments, imports, code."""

from __future__ import annotations

import pytest

from lsp_server.syntax.situation import Situation, situation_at
from tests.lsp_server.parsed import CURSOR, grammar_of, parse

STRING, COMMENT, IMPORT = "string", "comment", "import"


def situation(language: str, text: str) -> set[str]:
    """In the tree of the document, and in that of the part before the cursor."""
    before, after = (part.encode() for part in text.split(CURSOR))
    whole, cut = (
        situation_at(parse(language, raw), raw, len(before), grammar_of(language)) for raw in (before + after, before)
    )
    both = whole.also(cut)
    names = {STRING: both.in_string, COMMENT: both.in_comment, IMPORT: both.in_import}
    return {name for name, holds in names.items() if holds}


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("python", "x = 'a▮b'", {STRING}),
        ("python", "x = 'ab'▮", set[str]()),
        ("python", "x = ▮'ab'", set[str]()),
        ("python", "x = 'ab▮\ny = 1\n", {STRING}),
        ("python", 'def f():\n    """Doc.\n\n    More▮\n\n\ndef g(): """x"""\n', {STRING}),
        ("python", "x = 'ab\ny = ▮1\n", set[str]()),
        ("python", "x = f'a{▮b}c'", set[str]()),
        ("python", "x = f'a{b▮", set[str]()),
        ("python", "x = f'a{b}▮", {STRING}),
        ("python", "x = f'a▮{b}c'", {STRING}),
        ("python", "x = 1  # a▮\ny", {COMMENT}),
        ("python", "x = 1  # a\n▮y", set[str]()),
        ("python", "import ▮", {IMPORT}),
        ("python", "from a import (b,\n  ▮c)\n", {IMPORT}),
        ("python", "import a\n▮\n", set[str]()),
        ("javascript", "x = /* a▮ */ b", {COMMENT}),
        ("javascript", "x = /* a */▮ b", set[str]()),
        ("javascript", "/** @type {import('../a').B▮\nx = 1\n", {COMMENT}),
        ("javascript", "// a▮", {COMMENT}),
        ("javascript", "import a from './▮b';", {STRING, IMPORT}),
        ("javascript", "import(▮a)", set[str]()),
        ("javascript", "x = `a${b + ▮c}d`", set[str]()),
        ("javascript", "x = `a${b}c▮d`", {STRING}),
        ("typescriptreact", "x = <A>te▮xt</A>", set[str]()),
        ("go", 'package a\n\nimport (\n\t"b▮"\n)\n', {STRING, IMPORT}),
        ("rust", "use a::▮b;", {IMPORT}),
        ("rust", "/// a▮\nfn f() {}", {COMMENT}),
        ("c", "#include <a▮", {IMPORT}),
        ("csharp", "using A.▮\nclass B {}", {IMPORT}),
        ("csharp", "class A { void F() { using (var x = ▮y) {} } }", set[str]()),
        ("ruby", "x = <<~EOS\n  a▮\nEOS\n", {STRING}),
        ("ruby", "require_relative ▮", {IMPORT}),
        ("php", '<?php $x = "a {$b} c▮', {STRING}),
        ("lua", "--[[ a▮", {COMMENT}),
        ("shellscript", "cat <<EOF\n$x a▮", {STRING}),
        ("shellscript", "cat <<EOF | grep ▮", set[str]()),
        ("html", "<p a='b▮c'>", {STRING}),
        ("html", "<!-- a▮\n<p>", {COMMENT}),
        ("css", "@import ▮", {IMPORT}),
        ("json", '{"a": "b▮"}', {STRING}),
    ],
)
def test_what_a_cursor_stands_in(language: str, text: str, expected: set[str]) -> None:
    """In strings, comments and imports a suggestion is one line."""
    assert situation(language, text) == expected


def test_any_of_them_keeps_a_suggestion_to_one_line() -> None:
    """Rules 7 and 31."""
    code = Situation(in_string=False, in_comment=False, in_import=False)

    assert not code.is_one_line
    assert code.also(Situation(in_string=False, in_comment=True, in_import=False)).is_one_line
