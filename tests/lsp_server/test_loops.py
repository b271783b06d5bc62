"""Loops: what a model says when it has nothing more to say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.suggestion import degenerate
from lsp_server.suggestion.degenerate import find_loop

PIECES = (
    "a",
    "ab",
    "x = 1\n",
    "y()\n",
    "  ",
    "\n",
    "0, ",
    "--",
    "é",
    "合計",
    "abc",
    "foo, ",
    "    z\n",
    "<|end|>",
    "```\n",
)
TEXT = st.lists(st.tuples(st.sampled_from(PIECES), st.integers(1, 12)), max_size=12).map(
    lambda parts: "".join(piece * n for piece, n in parts).encode()
)
SENTENCE = "we have to make sure that it works, "


def kept(middle: str, *, is_whole: bool = False) -> str | None:
    n_bytes = find_loop(middle.encode(), is_whole=is_whole)
    return None if n_bytes is None else middle.encode()[:n_bytes].decode()


@pytest.mark.parametrize(
    ("middle", "left"),
    [
        ("x = " + "abc" * 8, "x = abc"),
        ("lo" * 12 + "\nmore", "lo"),
        ("f(" + "foo.bar, " * 9, "f(foo.bar, "),
        ("# " + SENTENCE * 4, "# " + SENTENCE.rstrip()),
        ('"' + "\\n" * 40, '"\\n'),
        ("s = '" + "合計" * 12, "s = '合計"),
        ("x" * 130, "x"),
        ("# " + "-" * 130, "# -"),
        ("# " + "─" * 130, "# ─"),
        ("[" + "0, " * 50, "[0, "),
        ("a = 1\n" * 3, "a = 1"),
        ("a()\nx = 1\nx = 1\nx = 1\nb()", "a()\nx = 1"),
        ("x += 1\n    x += 1\n    x += 1\n", "x += 1"),  # the first behind indentation that stands there
        ("a\nb\n" * 3, "a\nb"),
        ("a\nb\nc\n" * 3, "a\nb\nc"),
        ("a\n\nb\n\n\n" * 3, "a\n\nb"),  # blank lines do not count
        ("x\n  \n" * 3, "x"),
        ("    [0, 0],\n" * 10, "    [0, 0],"),
        ("a\nb\nc\nd\ne\n" * 3, "a\nb\nc\nd\ne"),
        ("a = 1\n" * 3 + "abc" * 8, "a = 1"),  # the first one
        ("abc" * 8 + "\n" + "a = 1\n" * 3, "abc"),
    ],
)
def test_a_loop_is_cut_behind_its_first_period(middle: str, left: str) -> None:
    """40: small models do it all the time, and each token of it costs as much as a good one."""
    assert kept(middle) == left


@pytest.mark.parametrize(
    "middle",
    [
        "",
        "abc" * 6,
        "# " + "=" * 80 + "\n# Title\n# " + "=" * 80 + "\n",
        "-" * 120 + "\n",
        "─" * 120,
        "-=" * 40,
        "[" + "0, " * 32 + "]",
        "x = b'" + "\\x00" * 20,
        "    " + "0x00, " * 16 + "\n",
        "m = 0x" + "0f" * 8,
        "k = '" + "deadbeef" * 4 + "'",
        "key = 'sk-" + "x" * 48 + "'",
        "f(g(h(i(j(" + ")" * 40,
        " " * 100 + "x",
        "\n" * 200,
        "VALUES (" + "%s, " * 12 + "%s)",
        "Tuple[" + "Optional[int], " * 3,
        "../" * 12,
        "[\n" + "    [0, 0, 0, 0, 0, 0, 0, 0],\n" * 8 + "]",
        "1\n" * 9,
        "x = 1\nx = 1\n",
        "x = 1\nx = 1\nx = 1",  # more may come: `x = 10`
        "lock()\na()\n" * 2 + "lock()\nb()\n",
        "".join(f"assert f({n}) == {n * n}\n" for n in range(30)),
        "".join(f"when(a.get({n})).thenReturn(b);\n" for n in range(30)),
        "#endif\n" * 5,
        "</div>\n" * 5,
        "          end\n        end\n      end\n    end\n",
        "x\n\n\n\n\ny\n\n\n\n\nz\n",
        "case 1:\n    break;\ncase 2:\n    break;\ncase 3:\n    break;\n",
    ],
)
def test_legal_repetition_is_no_loop(middle: str) -> None:
    """40: rules of comments, tables, closers and rows of tests say the same many times, and mean it."""
    assert kept(middle) is None


def test_the_last_line_is_one_when_no_more_comes() -> None:
    """The model has ended without a line break."""
    assert kept("x = 1\nx = 1\nx = 1", is_whole=True) == "x = 1"


@given(TEXT)
def test_a_loop_is_found_once_and_splits_no_character(middle: bytes) -> None:
    """What is left has no loop, and is text."""
    for is_whole in (False, True):
        n_bytes = find_loop(middle, is_whole=is_whole)
        left = middle if n_bytes is None else middle[:n_bytes]

        assert left.decode() or not middle
        assert find_loop(left, is_whole=is_whole) is None


@given(st.binary(max_size=80), st.integers(1, 40))
def test_any_bytes_may_loop(period: bytes, n_times: int) -> None:
    """Not every model writes whole characters."""
    n_bytes = find_loop(period * n_times)

    assert n_bytes is None or 0 <= n_bytes < len(period * n_times)


@settings(deadline=None)
@given(TEXT)
def test_a_loop_is_found_as_soon_as_it_is_certain(middle: bytes) -> None:
    """What is kept does not depend on after how many tokens was asked: a longer text tells the same."""
    at_once = find_loop(middle)
    byte_by_byte = next((n for end in range(len(middle) + 1) if (n := find_loop(middle[:end])) is not None), None)

    assert at_once == byte_by_byte


@pytest.mark.parametrize(
    "middle",
    [
        "".join(f"        self.value_{n} = compute(self.value_{n}, self.other)\n" for n in range(75)),
        ("    [0, 0, 0, 0, 0, 0, 0, 0],\n" * 9 + "    more\n") * 15,
        ("-" * 118 + "\n" + "=" * 118 + "\n" + "+" * 118 + "\nx\n") * 2,
        ("a" * 60 + "b" + "c" * 60 + "d" + "e" * 7) * 3,
    ],
)
def test_looking_for_loops_is_linear_work(middle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked every few tokens while the model waits: each byte is looked at a few times at most."""
    n_bytes_compared = 0
    run_at = degenerate._run_at

    def counted(text: bytes, at: int, n_period: int) -> tuple[int, int]:
        nonlocal n_bytes_compared
        start, end = run_at(text, at, n_period)
        n_bytes_compared += end - start - n_period
        return start, end

    monkeypatch.setattr(degenerate, "_run_at", counted)
    assert find_loop(middle.encode()) is None
    assert n_bytes_compared <= 4 * len(middle)
