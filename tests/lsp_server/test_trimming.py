"""Where suggestions end; `|` is the cursor, and the middle is what the model wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byte_fim.utf8 import whole_characters
from lsp_server.trimming import find_end, trim


def trimmed(document: str, middle: str | bytes) -> str:
    prefix, suffix = document.encode().split(b"|")
    raw = middle.encode() if isinstance(middle, str) else middle
    return trim(raw, prefix=prefix, suffix=suffix).middle.decode()


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
        ("if x:|\n", "\n    return 1\n    more", "\n    return 1"),
        ("if x:|\n", "  \n  \n    return 1\n", "\n\n    return 1"),
        ("x = |", "\n  \n\t", ""),  # rule 39
        ("x = |", "", ""),
        ("f(x|", ")", ")"),  # one sign may be all that is missing
    ],
)
def test_what_is_offered(document: str, middle: str, offered: str) -> None:
    """The rules of a single-line suggestion, one by one."""
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
        (b"foo\n", b"  \n", 3),
    ],
)
def test_a_suggestion_is_finished_at_its_first_line_that_is_not_blank(
    middle: bytes, suffix: bytes, n_kept: int | None
) -> None:
    """Generation stops there; every token more would be thrown away."""
    assert find_end(middle, suffix=suffix) == n_kept


def test_a_character_that_the_cursor_has_cut_counts_as_whole() -> None:
    """The first bytes of the middle finish what the prefix has begun."""
    kept = trim(b"\xa9 = 1\n", prefix=b"x\xc3", suffix=b"")

    assert kept.middle == b"\xa9 = 1"


def test_half_a_character_at_the_end_is_cut() -> None:
    """A token may end inside a character."""
    assert trimmed("s = |", b"na\xc3") == "na"


def test_a_character_that_is_not_finished_leaves_nothing() -> None:
    """Half a character cannot be shown."""
    kept = trim(b"= 1", prefix=b"x\xc3", suffix=b"")

    assert (kept.middle, kept.reason) == (b"", "no whole character came")


@pytest.mark.parametrize(
    ("middle", "suffix", "reason"),
    [
        (b"a", b"", "all that came"),
        (b"a\n", b"", "end of line"),
        (b"a)", b")", "what follows stands there already"),
        (b" \n", b"", "only blanks came"),
        (b"\nx", b"y", "a line break came in front of text"),
    ],
)
def test_the_reason_is_told(middle: bytes, suffix: bytes, reason: str) -> None:
    """`bytefim/why` passes it on."""
    assert trim(middle, prefix=b"", suffix=suffix).reason == reason


@given(st.binary(max_size=40), st.text(max_size=12), st.text(max_size=12))
def test_what_is_offered_is_whole_characters_of_the_middle(middle: bytes, before: str, after: str) -> None:
    """Trimming cuts; it never invents, never splits a character and never ends with a line break."""
    kept = trim(middle, prefix=before.encode(), suffix=after.encode()).middle

    assert kept == whole_characters(kept)
    assert not kept.endswith((b"\n", b"\r"))
    without_blanks = bytes.maketrans(b"", b""), b" \t"
    assert middle.translate(*without_blanks).startswith(kept.translate(*without_blanks))
