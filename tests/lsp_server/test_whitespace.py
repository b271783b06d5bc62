"""White space of suggestions; `|` is the cursor, `→` a tab."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.suggestion.whitespace import (
    Fit,
    Rewritten,
    Style,
    as_in_file,
    fit_first_line,
    indentation_style,
    without_trailing_blanks,
)

TABS, TWO, FOUR = Style(b"\t"), Style(b"  "), Style(b"    ")
BLOCK = "def f():\n    if a:\n        b\n    c\n"  # a file of four blanks, which ends in a block at 4
WHITE_TEXT = st.text(alphabet="ab:{(}) \t\n'", max_size=60).map(str.encode)


def with_tabs(text: str) -> bytes:
    return text.replace("→", "\t").encode()


def fit(before: str, middle: str) -> Fit:
    return fit_first_line(with_tabs(before), with_tabs(middle))


@pytest.mark.parametrize(
    ("before", "middle", "n_dropped"),
    [
        (BLOCK + "    ", "    return x", 4),  # rule 34
        (BLOCK + "    ", "        return x", 8),
        (BLOCK + "    ", "return x", 0),
        (BLOCK + "    ", "  return x", 2),
        (BLOCK + "  ", "    return x", 2),  # what was typed of the indentation
        (BLOCK + "    if x:\n    ", "    return", 0),  # into the block
        (BLOCK + "    if x:\n    ", "        return", 4),
        (BLOCK + "    if x:\n        ", "    return", 4),
        (BLOCK + "    if x:\n        ", "return", 0),
        (BLOCK + "    if x:\n    ", "  return", 0),  # oddly deep, but in the block
        (BLOCK + "    if x:  # why\n    ", "    return", 0),
        (BLOCK + "    if x:\n        y\n    ", "    z", 0),  # what stood deeper was left for the line above
        (BLOCK + "    if x:\n        y\n\n    # more\n    ", "        z", 4),  # neither blank lines nor comments decide
        (BLOCK, "    return x", 0),  # at column 0 it carries its own
        (BLOCK, "        return x", 0),
        ("def f():\n    ", "    return", 4),  # the first indented line of all
        ("def f():\n", "  return", 0),
        (BLOCK + "def g(a,\n      b):\n    ", "    return", 4),  # as deep as `def`
        (BLOCK + "    x = f(\n        1,\n    )\n    ", "    y", 4),
        (BLOCK + "    if x:\n        y\n    ", "        z", 4),  # all of the indentation anew
        (BLOCK + "    if x:\n        y\n        if z:\n            a\n        ", "        b", 8),
        ("x = [\n    1,\n    2,\n    ", "    3,", 4),  # entries of a list
        ("f() {\n  if (x) {\n    y();\n  ", "  }", 2),  # a closer stands less deep than what is in it
        ("case $1 in\n  -v)\n    x=1\n    ;;\n  -h | --help)\n  ", "  usage", 0),
        (BLOCK + "    x = f(a,\n    ", "      b)", 0),  # aligned with a bracket: not judged
        (BLOCK + "    x = f(\n    ", "    b)", 0),
        (BLOCK + "    x = f(\n        ", "        b)", 8),
        (BLOCK + '    x = """\n    ', "    b", 0),
        (BLOCK + "    x = a\n    ", "    .map(f)", 0),  # goes on with the line above
        (BLOCK + "    x = a +\n    ", "    b", 0),
        (BLOCK + "    ", "\n    return x", 0),
        (BLOCK + "    x = ", "    y", 0),  # no blank line
        (BLOCK + "    ", "    ", 0),
        ("", "    x", 0),
        ("    ", "    x", 0),
        ("function f() {\n  if (x) {\n    y();\n  }\n  ", "  z();", 2),
        ("function f() {\n  if (x) {\n    y();\n  } else {\n  ", "  z();", 0),
        ("int f() {\n    int x;\n#ifdef A\n    ", "    int y;", 4),  # a preprocessor's line is in no block
        ("int f() {\n    if (x)\n    ", "    y();", 0),  # its body, without braces
        ("def f(x)\n  y\n  if x then\n  ", "  z", 0),
        ("<ul>\n  <li>\n    x\n  </li>\n  ", "  <li>", 2),
        ("<ul>\n  <li>\n  ", "  x", 0),
        ("<ul>\n  <br>\n  <img/>\n  ", "  x", 2),
        ("func f() {\n→if x {\n→→y()\n→}\n→", "→z()", 1),
        ("func f() {\n→if x {\n→", "→z()", 0),
        ("func f() {\n→if x {\n→→y()\n→}\n→", "    z()", 4),  # blanks in a file of tabs
        ("func f() {\n→x()\n→if x {\n→", "  z()", 0),
        (BLOCK + "    ", "→return x", 1),  # tabs in a file of blanks
        (BLOCK + "    if x:\n    ", "→return x", 0),
    ],
)
def test_the_first_line_stands_as_deep_as_its_block(before: str, middle: str, n_dropped: int) -> None:
    """Indentation that the editor has typed is not said twice, and that of a new block is not taken away."""
    assert fit(before, middle) == Fit(n_dropped)


@pytest.mark.parametrize(
    "before",
    [
        BLOCK + "        ",
        BLOCK + "            ",
        "a = 1\n    ",
        "func f() {\n→x()\n→→",
        "function f() {\n  x();\n    ",
        BLOCK + "    x = f(1)  # :\n        ",
    ],
)
def test_a_cursor_deeper_than_anything_may_stand_gets_nothing(before: str) -> None:
    """35: what auto-indentation got wrong cannot be mended at the cursor, and 8 where 4 is right breaks the block."""
    assert not fit(before, "x").is_allowed
    assert not fit(before, "    x").is_allowed


@pytest.mark.parametrize(
    "before",
    [
        "- name: x\n  ",  # an entry of a list
        "1. first\n   ",
        "all: a.o\n→",
        "[section]\n  ",
        "SELECT\n    ",
        "main = do\n  ",
        "f x =\n  ",
        "select\n  ",
        "  key: |\n    ",
        'x = """a\n    ',
        "cat <<EOF\nx\nEOF\n    ",
        "f(a, b,\n    ",
        "x = {  # why\n    ",
        "f() {\n  case $1 in\n  -h | --help)\n    ",
        "a();\nb = c\n  ",  # it goes on until there is a `;`
        "<p\n  a={b}>\n    ",
        "items.each do |x|\n  ",
        "class Foo\n  ",
        "if x; then\n  ",
        "else\n        ",
        "// only a comment\n    ",
        "foo(\n        ",
        BLOCK + "  ",  # between two levels: who typed it will type on
    ],
)
def test_where_the_line_above_is_not_plainly_finished_nothing_is_refused(before: str) -> None:
    """Many languages go deeper without brackets; silence there would look like a model that knows nothing."""
    assert fit(before, "x") == Fit(0)


def test_the_style_of_the_file_is_taken_as_given() -> None:
    """It is found once, from the whole document, while the line is judged each time something came."""
    before = b"def f():\n  if x:\n  "

    assert fit_first_line(before, b"    y", style=FOUR) == Fit(0)
    assert fit_first_line(before, b"    y", style=TWO) == Fit(2)


@given(WHITE_TEXT, WHITE_TEXT)
def test_only_blanks_are_dropped_and_only_once(before: bytes, middle: bytes) -> None:
    """What is left fits; asked again, it loses nothing more."""
    found = fit_first_line(before, middle)
    left = middle[found.n_dropped :]

    assert not middle[: found.n_dropped].strip(b" \t")
    assert fit_first_line(before, left) == Fit(0, found.is_allowed)


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("", None),
        ("a\nb\n\n   \n", None),
        ("a:\n    b\n    c\n", FOUR),
        ("a:\n  b:\n    c\n", TWO),
        ("a:\n  b:\n    c\n      d\n", TWO),
        ("a:\n        b\n", Style(b" " * 8)),
        ("f(a,\n  b)\nx:\n    y\nx:\n    y\n", FOUR),  # the commonest step
        ("/**\n * a\n * b\n * c\n */\nx {\n  y\n}\n", TWO),
        ("/**\n * a\n */\n", None),  # what is one blank deep says nothing
        ("              aligned\n", FOUR),
        ("a:\n→b\n→→c\n", TABS),
        ("a:\n→b\n→ * c\n", TABS),
        ("a:\n→b\n→c\n→d\n→e\n    f\n", TABS),  # a few lines of the other kind
        ("a:\n→b\n    c\n", None),  # both
    ],
)
def test_the_style_is_what_the_lines_say(text: str, style: Style | None) -> None:
    """A suggestion is rewritten by it, so it must not be guessed."""
    assert indentation_style(with_tabs(text)) == style


@pytest.mark.parametrize(
    ("before", "middle", "style", "offered"),
    [
        ("if x {", "\n    a\n    if b {\n        c\n    }\n}", TABS, "\n→a\n→if b {\n→→c\n→}\n}"),
        ("if x {", "\n  a\n  b {\n    c", TABS, "\n→a\n→b {\n→→c"),
        ("→if x {", "\n        a\n        b", TABS, "\n→→a\n→→b"),  # two levels, says the cursor's line
        ("→→", "a\n        b", TABS, "a\n→→b"),
        ("→", "if b {\n        c\n    }", TABS, "if b {\n→→c\n→}"),
        ("→if x {\n", "        a\n        b", TABS, "→→a\n→→b"),  # the cursor at column 0
        ("→", "    a\n        b", TABS, "→a\n→→b"),
        ("x = ", "    a", TABS, "    a"),  # no indentation
        ("if x {", "\n    a\n     * b", TABS, "\n→a\n→ * b"),  # the rest is alignment
        ("/**", "\n * a\n */", TABS, "\n * a\n */"),
        ("if x {", "\n→a\n    b", TABS, "\n→a\n    b"),  # not plainly of the other kind
        ("if x {", "\n→a", TABS, "\n→a"),
        ("→→→x(", "\n          a", TABS, "\n          a"),  # aligned: no level is so deep
        ("if x {", "\n→a\n→→b\n}", FOUR, "\n    a\n        b\n}"),
        ("if x {", "\n→a\n→→b\n}", TWO, "\n  a\n    b\n}"),
        ("    ", "→a\n→→b", FOUR, "    a\n        b"),
        ("if x {", "\n→ * a", TWO, "\n   * a"),
        ("if x {", "\n   a\n      b", FOUR, "\n   a\n      b"),  # no even or odd arithmetic
        ("if x {", "\n→a\n  b", FOUR, "\n→a\n  b"),
        ("if x {", "\n→a", None, "\n→a"),
    ],
)
def test_the_indentation_is_of_the_kind_that_the_file_has(
    before: str, middle: str, style: Style | None, offered: str
) -> None:
    """36: a mixture would not even run in Python."""
    assert as_in_file(with_tabs(middle), style, before=with_tabs(before)).text == with_tabs(offered)


def test_what_strings_say_stays() -> None:
    """Their blanks are what the program prints."""
    middle = b'\n\tx = """\n\ta  \n\t"""\n\ty  \n'
    strings = [(middle.index(b'"'), middle.rindex(b'"') + 1)]

    rewritten = as_in_file(middle, FOUR, before=b"if x:", protected=strings)
    moved = rewritten.moved(strings)
    assert rewritten.text == b'\n    x = """\n\ta  \n\t"""\n    y  \n'
    assert [rewritten.text[start:end] for start, end in moved] == [b'"""\n\ta  \n\t"""']
    assert without_trailing_blanks(rewritten.text, protected=moved).text == b'\n    x = """\n\ta  \n\t"""\n    y'


def test_strings_do_not_say_how_deep_lines_are() -> None:
    """A text that begins at column 1 and is indented by two is no evidence for code that is indented by four."""
    middle = b"\n    x = '''\n  a\n'''\n    if x:\n        y"
    strings = [(middle.index(b"'"), middle.rindex(b"'") + 1)]

    assert as_in_file(middle, TABS, before=b"if x:", protected=strings).text == (
        b"\n\tx = '''\n  a\n'''\n\tif x:\n\t\ty"
    )


@pytest.mark.parametrize(
    ("middle", "offered"),
    [
        ("a  \n\n  \n→\nb \n  ", "a\n\n\n\nb"),
        ("  a", "  a"),
        ("\n  a\n", "\n  a"),
        ("  \n  ", ""),
        ("", ""),
    ],
)
def test_no_line_ends_with_blanks(middle: str, offered: str) -> None:
    """37: nor does the suggestion end with a line break."""
    assert without_trailing_blanks(with_tabs(middle)).text == with_tabs(offered)


def test_how_far_a_text_reaches_into_what_was_said() -> None:
    """`→a` was said, four blanks and `a` are shown: of what is typed along, the original is known."""
    rewritten = as_in_file(b"x\n\ta\n\t\tb", FOUR, before=b"if x:")

    assert rewritten.text == b"x\n    a\n        b"
    assert [rewritten.n_read_bytes(n) for n in range(len(rewritten.text) + 1)] == [
        *(0, 1, 2),
        *(3, 3, 3, 3, 4, 5),
        *(7, 7, 7, 7, 7, 7, 7, 7, 8),
    ]
    assert [without_trailing_blanks(b"a  \nb ").n_read_bytes(n) for n in range(4)] == [0, 1, 4, 5]


@given(WHITE_TEXT, WHITE_TEXT, st.sampled_from((TABS, TWO, FOUR)), st.lists(st.integers(0, 60), max_size=6))
def test_rewriting_changes_white_space_only_and_only_once(
    before: bytes, middle: bytes, style: Style, borders: list[int]
) -> None:
    """Whatever comes: the words stay, what is protected stays, and a second time changes nothing."""
    ordered = sorted(set(borders))
    protected = [(a, b) for a, b in zip(ordered[::2], ordered[1::2], strict=False) if b <= len(middle)]
    indented = as_in_file(middle, style, before=before, protected=protected)
    moved = indented.moved(protected)
    cleaned = without_trailing_blanks(indented.text, protected=moved)

    assert cleaned.text.split() == middle.split()
    assert [indented.text[a:b] for a, b in moved] == [middle[a:b] for a, b in protected]
    assert as_in_file(indented.text, style, before=before, protected=moved).text == indented.text
    assert without_trailing_blanks(cleaned.text, protected=cleaned.moved(moved)).text == cleaned.text
    for rewritten, original in ((indented, middle), (cleaned, indented.text)):
        reached = [rewritten.n_read_bytes(n) for n in range(len(rewritten.text) + 1)]
        assert reached == sorted(reached)
        assert reached[0] == 0
        assert reached[-1] <= len(original)


def test_nothing_to_rewrite_is_the_same_text() -> None:
    """The common case costs no copy of edits."""
    assert as_in_file(b"x\n    y", FOUR, before=b"") == Rewritten(b"x\n    y")
