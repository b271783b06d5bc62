"""What a model says when it has nothing more to say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.suggestion import degenerate
from lsp_server.suggestion.degenerate import count_repeated_before, find_artefact, find_loop, is_prompt_echo

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


def cut(middle: str, *, language: str = "python", before: str = "", is_in_text: bool = False) -> str:
    n_bytes = find_artefact(middle.encode(), language=language, before=before.encode(), is_in_text=is_in_text)
    return middle if n_bytes is None else middle.encode()[:n_bytes].decode()


@pytest.mark.parametrize(
    "token",
    [
        *("<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|file_sep|>", "<|repo_name|>"),
        *("<|endoftext|>", "<|im_end|>", "<|im_start|>", "<|eot_id|>", "<|end|>", "<|END_OF_TURN_TOKEN|>"),
        *("<fim_prefix>", "<fim_middle>", "<fim-suffix>", "<file_sep>", "<reponame>", "<[fim-middle]>"),
        *("<｜fim▁begin｜>", "<｜end▁of▁sentence｜>", "<end_of_turn>", "<PRE>", "<MID>", "<SUF>", "<EOT>"),
    ],
)
def test_a_control_token_that_is_spelled_out_ends_the_text(token: str) -> None:
    """41: it belongs to the prompt; nobody has it in a document."""
    assert cut(f"x + é) {token}more") == "x + é) "
    assert cut(token) == ""
    assert cut(f"x {token}", before=f"STOP = '{token}'\n") == f"x {token}"  # but who writes about models


@pytest.mark.parametrize(
    ("middle", "language"),
    [
        ("a <|> b", "haskell"),
        ("f <| x |> g", "fsharp"),
        ("cat <<EOT>out.txt", "shellscript"),
        ("Map<MID>", "java"),
        ("<PRE>x</PRE>", "html"),
        ('print("<PRE>%s</PRE>")', "python"),
        ("<filename>", "python"),
        ("if a <b and c> d", "python"),
        ("src/file_sep/x", "python"),
    ],
)
def test_code_is_no_control_token(middle: str, language: str) -> None:
    """41: what only looks like one stays."""
    assert cut(middle, language=language) == middle


@pytest.mark.parametrize(
    ("before", "middle", "left"),
    [
        ("x = ", "1\n```\nmore", "1\n"),
        ("x = ", "1\n    ```python\nmore", "1\n"),
        ("    ", "```\n", ""),
        ("x", "```", "x```"),
        ("def f():\n    ", 'x = "```"', 'x = "```"'),
        ("def f():\n    ", '"""Say:\n\n    ```\n    x\n    ```\n    """\n', None),
        ("def f():\n    ", '"""Say."""\n```\n', '"""Say."""\n'),
        ("", "/**\n```\n*/\nx()\n```", "/**\n```\n*/\nx()\n"),
        ("", "x = 1 # see ```", None),
    ],
)
def test_a_code_fence_is_no_code(before: str, middle: str, left: str | None) -> None:
    """41: a chat's habit; but three backticks in a string, a comment or a docstring are text."""
    said = middle if left is None or left == before + middle else left

    assert cut(middle, before=before) == said


def test_a_code_fence_may_be_text() -> None:
    """41: in Markdown, in a file of no known language, in a docstring."""
    middle = "1\n```\nmore"

    assert cut(middle, language="markdown") == middle
    assert cut(middle, language="") == middle
    assert cut(middle, is_in_text=True) == middle
    assert cut(middle) == "1\n"


@given(TEXT, TEXT, st.booleans(), st.sampled_from(("", "python", "html")))
def test_what_is_left_has_no_artefact(before: bytes, middle: bytes, is_in_text: bool, language: str) -> None:
    """Asked again, nothing more is cut; a longer text tells the same."""
    n_bytes = find_artefact(middle, language=language, before=before, is_in_text=is_in_text)
    if n_bytes is None:
        return

    assert 0 <= n_bytes < len(middle)
    assert find_artefact(middle[:n_bytes], language=language, before=before, is_in_text=is_in_text) is None
    assert find_artefact(middle + b"<|end|>", language=language, before=before, is_in_text=is_in_text) == n_bytes


@pytest.mark.parametrize(
    ("middle", "is_echo"),
    [
        ("lib/text.py", True),
        ("lib/text.py\nimport re\n", True),
        ("# lib/text.py\nimport re\n", True),
        ("\n  // lib/text.py", True),
        ("# File: lib/text.py", True),
        ("-- path: lib/text.py", True),
        ("/* lib/text.py */", True),
        ("<!-- lib/text.py -->\n", True),
        ("# Makefile", True),
        ("Makefile", False),  # may be a name
        ("# see lib/text.py", False),
        ("lib/text.py:", False),
        ("lib/tex", False),
        ("# other/text.py", False),
        ("import re\n# lib/text.py\n", False),
        ("", False),
        ("#", False),
        ("\n\n", False),
    ],
)
def test_the_name_of_a_file_of_the_prompt_is_an_echo(middle: str, is_echo: bool) -> None:
    """42: the model goes on with the prompt, not with the document."""
    assert is_prompt_echo(middle.encode(), ["lib/text.py", "Makefile"]) is is_echo
    assert not is_prompt_echo(middle.encode(), [])


ABOVE = b"def total(values):\n    result = 0\n    for value in values:\n        result += value\n    return result\n"


@pytest.mark.parametrize(
    ("before", "middle", "n_repeated"),
    [
        (b"x = 1\n" + ABOVE, ABOVE + b"print()", len(ABOVE)),
        (ABOVE, ABOVE, len(ABOVE)),
        (ABOVE, ABOVE * 2 + b"x", 2 * len(ABOVE)),
        (ABOVE, ABOVE[10:] + b"x", len(ABOVE) - 10),
        (ABOVE + b"    ", ABOVE + b"    x", len(ABOVE) + 4),
        (ABOVE, ABOVE[:-10], 0),  # does not reach the cursor
        (ABOVE, ABOVE[-64:], 0),
        (ABOVE, ABOVE[-65:], 65),
        (ABOVE, b" " + ABOVE, 0),
        (b"0, " * 40, b"0, " * 40, 0),  # one more row of a table
        (b"# " + b"-" * 70, b"-" * 70, 0),
        (b"", ABOVE, 0),
        (ABOVE, b"", 0),
    ],
)
def test_what_stands_before_the_cursor_is_not_said_again(before: bytes, middle: bytes, n_repeated: int) -> None:
    """43: the model began the text anew; what it says behind may still be right."""
    assert count_repeated_before(before, middle) == n_repeated


@given(TEXT, TEXT)
def test_the_repeated_part_is_taken_whole(before: bytes, said: bytes) -> None:
    """Once it is gone, no more goes."""
    middle = before[-100:] + said
    n_bytes = count_repeated_before(before, middle)

    assert 0 <= n_bytes <= len(middle)
    assert count_repeated_before(before, middle[n_bytes:]) == 0
