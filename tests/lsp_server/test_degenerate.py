"""What a model says that is no code: tokens and fences of the prompt, and what stands there already."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.suggestion.degenerate import count_repeated_before, find_artefact, is_prompt_echo
from tests.lsp_server.test_loops import TEXT


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
