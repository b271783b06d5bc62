"""Where suggestions end; `|` is the cursor, and the middle is what the model wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byte_fim.utf8 import whole_characters
from lsp_server.suggestion.trimming import Trimmed, Trimmer


def cut(document: str, middle: str | bytes) -> Trimmed:
    prefix, suffix = document.encode().split(b"|")
    raw = middle.encode() if isinstance(middle, str) else middle
    return Trimmer().at(prefix, suffix).trim(raw, is_whole=True)


def trimmed(document: str, middle: str | bytes) -> str:
    return cut(document, middle).middle.decode()


@pytest.mark.parametrize(
    ("document", "middle", "offered"),
    [
        ("print(|)", "name)", "name"),  # rule 8
        ("print(|)", "name)\nmore", "name"),
        ("print(|)", "len(x)", "len(x)"),  # its closer is its own
        ("print(|)", "len(x))", "len(x)"),
        ("foo(|, b)", "a, b)", "a"),  # rule 9
        ("x = | + 1", "compute(y)\nreturn x", "compute(y)"),  # rule 10
        ("x = | + 1", "\nreturn x", ""),
        ("d = {|}", '"a": 1}', '"a": 1'),  # rule 11
        ('call("|")', 'hello")', "hello"),
        ('x = "|"', '" + y + "', '" + y + "'),  # each quote has its fellow
        ("f(|)  # 合計", "x", "x"),  # rule 12
        ("a = |b", "b", ""),  # rule 13
        ("pri|nt(x)", "nt(x)", ""),
        ("x = |   ", "5", "5"),  # rule 14
        ("x = |   \ny", "5  ", "5"),
        ("f(|b)", "a, ", "a, "),  # the blank belongs between them
        ("get_|name()", "user_", "user_"),
        ("x = |", "1  \n\nnext", "1"),
        ("if x:|\n", "\n    return 1\n    more", "\n    return 1\n    more"),
        ("if x:|\n", "  \n  \n    return 1\n", "\n\n    return 1"),
        ("x = |", "\n  \n\t", ""),  # rule 39
        ("x = |", "", ""),
        ("f(x|", ")", ")"),  # one sign may be all that is missing
        ("def f()|", ":", ":"),
        ("for |", "i", "i"),
        ("def calc_to|", "calc_total(items):", "tal(items):"),  # rule 2
        ("    return |", "return x", "x"),
        ("class |", "class Foo:", "Foo:"),
        ("total |", "total = 0", "= 0"),  # a name is no type
        ("x = (1 + |", "x = (1 + 2)", "2)"),
        ("if (x < 3 and |", "if (x < 3 and y > 4):", "y > 4):"),
        ("<Link |", '<Link href="/">', 'href="/">'),
        ("f() { |", "f() { return 1; }\n}\n)", "return 1; }"),  # of the first line alone
        ("    List<|", "List<Integer>> result = new ArrayList<>();", "List<Integer>> result = new ArrayList<>();"),
        ("vector<|", "vector<int>> adj(n);", "vector<int>> adj(n);"),  # the same within itself
        ("Map<String, |", "Map<String, Integer>> m", "Map<String, Integer>> m"),
        ("<div>|", "<div>x</div></div>", "<div>x</div></div>"),
        ("(list |", "(list 1 2) (list 3 4))", "(list 1 2) (list 3 4))"),
        ("long |", "long total = 0;", "long total = 0;"),
        ("return |", "returned", "returned"),  # another word
        ("bar|(x)", "bar(x)", ""),
        ("mur|", "mur", "mur"),  # what is not longer may be meant
        ("be|", "behead", "behead"),
        ("x = 0.999|", "9999", "9999"),
        ("return |", " x + 1", "x + 1"),  # rule 3
        ("return|", " x", " x"),
        ("return|", "x", ""),
        ("    raise|", "ValueError", ""),
        ("import importlib\nimport|", "lib.util", "lib.util"),  # a name that is known
        ("x = return|", "s", "s"),
        ("    |", "    x", "    x"),  # of indentation the model knows best
        ("pri|nt(x)", "ma", ""),  # rule 5
        ("pri|nt(x)", "ority, pri", "ority, pri"),
        ("pri|nt(x)", "ority, print(x)", "ority, pri"),
        ("get|Name()", "User", "User"),
        ("get_|name()", "user", ""),
        ("get_username\nget_|name()", "user", "user"),  # the document has that word
        ("x = |y", "foo", ""),
        ("x = |y", "foo(", "foo("),
        ("fo|o.", "l, f", ""),  # half a word is no word that the document has
        ("x = |y", "not ", "not "),
        ("x = '合|計'", "成", "成"),  # no blanks between these words
        ("na|\u0301x", "b", ""),  # nothing goes between a letter and its accent
        ("print(|) + 1", "name) + 2", "name"),
        ("if (|) {", "a > 0) && (b > 0", "a > 0) && (b > 0"),  # the last bracket is closed by the one that stands there
        ("f(|)", "a).bar(b", "a).bar(b"),
        ("const f = (|)", "x) => g(x", "x) => g(x"),
        ("f(|)", "a).bar(b))", "a"),
        ("a = |..", "signs...", "signs."),  # with those that stand there three, as the model said
        ("print(|)", "name) # done", "name"),
        ("print(|)", "':)')", "':)'"),  # in a string
        ("print(|)", "r'\\')')", "r'\\')'"),
        ("f(|)  # 合計", "x)", "x"),
        ("foo(|, b)", "a,", "a"),
        ("x = | + yes", "y + yesterday", "y + yesterday"),
        ("foo|.bar", "(x).", "(x)"),
        ("f(|a, b)", "a, ", "a, "),
        ("x = |   ", "\n  5", ""),  # several lines would begin before blanks
        ("x = 1|", "  #", ""),  # rule 39
        ("x = 1|", "  # i", "  # i"),
        ("x = 1;|", " //\n", ""),
    ],
)
def test_what_is_offered(document: str, middle: str, offered: str) -> None:
    """The rules of the edges, one by one, in a language without a grammar."""
    assert trimmed(document, middle) == offered


@pytest.mark.parametrize(
    ("middle", "suffix", "n_kept"),
    [
        (b"foo", b"", None),
        (b"foo\n", b"", 3),
        (b"foo\r\nbar", b"", 3),
        (b"\n", b"", None),
        (b"\n    foo", b"", None),
        (b"\n    foo\nbar", b"", 8),
        (b"\n\n  \n", b"\nnext line", None),
        (b"\nfoo", b" + 1", 0),  # never several lines in front of text
        (b"\nfoo", b"  \n", 0),
        (b"foo\n", b"  \n", 3),
    ],
)
def test_a_suggestion_is_finished_at_its_first_line_that_is_not_blank(
    middle: bytes, suffix: bytes, n_kept: int | None
) -> None:
    """Generation stops there; every token more would be thrown away."""
    assert Trimmer().at(b"x = ", suffix).find_end(middle) == n_kept


def test_a_character_that_the_cursor_has_cut_counts_as_whole() -> None:
    """The first bytes of the middle finish what the prefix has begun."""
    kept = Trimmer().at(b"x\xc3", b"").trim(b"\xa9 = 1\n", is_whole=True)

    assert kept.middle == b"\xa9 = 1"


def test_half_a_character_at_the_end_is_cut() -> None:
    """A token may end inside a character."""
    assert trimmed("s = |", b"na\xc3") == "na"


def test_a_character_that_is_not_finished_leaves_nothing() -> None:
    """Half a character cannot be shown."""
    kept = Trimmer().at(b"x\xc3", b"").trim(b"= 1", is_whole=True)

    assert (kept.middle, kept.reason) == (b"", "no whole character came")


@pytest.mark.parametrize(
    ("document", "middle", "reason", "rule"),
    [
        ("|", "a", "all that came", None),
        ("|", "a\n", "all that came", None),
        ("| + 1", "a\n", "end of line", 10),
        ("|)", "a)", "what follows stands there already", 8),
        ("|)", ")", "all of it stands there already", 13),
        ("|", " \n", "only blanks came", 39),
        ("|", b"\xc3", "no whole character came", 6),
        ("|y", "\nx", "a line break came in front of text", 10),
        ("x |", " y", "the blank stands there already", 3),
        ("foo|", "foo(", "what it begins with stands there already", 2),
        ("x|", " #", "only the beginning of a comment came", 39),
        ("return|", "x", "it would grow together with the word before it", 3),
        ("a|b", "c", "it would grow together with the word after it", 5),
    ],
)
def test_the_reason_and_the_rule_are_told(document: str, middle: str | bytes, reason: str, rule: int | None) -> None:
    """`bytefim/why` passes them on."""
    found = cut(document, middle)

    assert (found.reason, found.rule) == (reason, rule)


@pytest.mark.parametrize(
    ("document", "middle", "n_read_bytes"),
    [
        ("x = |", "5  \nmore", 1),
        ("print(|)", "name)\n", 4),
        ("return |", " x + 1\n", 6),
        ("def calc_to|", "calc_total(items):\n", 18),
        ("if x:|", "  \n    y\n", 8),
    ],
)
def test_how_far_the_offered_text_reaches_is_told(document: str, middle: str, n_read_bytes: int) -> None:
    """The confidence is that of these bytes."""
    assert cut(document, middle).n_read_bytes == n_read_bytes


@given(st.binary(max_size=40), st.text(max_size=12), st.text(max_size=12))
def test_what_is_offered_is_whole_characters_of_the_middle(middle: bytes, before: str, after: str) -> None:
    """Trimming cuts; it never invents, never splits a character and never ends with a line break."""
    kept = Trimmer().at(before.encode(), after.encode()).trim(middle, is_whole=True).middle

    assert kept == whole_characters(kept)
    assert not kept.endswith((b"\n", b"\r"))
    without_blanks = bytes.maketrans(b"", b""), b" \t"
    assert kept.translate(*without_blanks) in middle.translate(*without_blanks)


def test_what_was_looked_at_before_changes_nothing_for_another_text() -> None:
    """Of several alternatives one may end where another was cut off, after as many bytes."""
    before = b"def f(items):\n    total = 0\n    for item in items:\n"
    whole, cut_off = b"        total += item", b"        total = (item"
    looked, fresh = (Trimmer().at(before, b"", language="python") for _ in range(2))

    assert looked.find_end(whole + b"\n    return total\n") == len(whole) == len(cut_off)
    assert looked.trim(cut_off, is_whole=False) == fresh.trim(cut_off, is_whole=False)
