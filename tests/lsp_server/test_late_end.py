"""26: a suggestion that has become long ends at a border of statements, before the tokens are used up."""

from __future__ import annotations

import pytest

from lsp_server.suggestion.trimming import Cut, Trimmer

LINES = [b"a = one()\n", b"b = two()\n", b"c = three()\n", b"d = four()\n", b"e = five()\n"]


def grow(cut: Cut, said: bytes, *, step: int = 4) -> tuple[int | None, int]:
    """What is kept, and how many tokens were said; each is `step` bytes long."""
    for n in range(step, len(said) + step, step):
        if (kept := cut.find_end(said[:n])) is not None:
            return kept, n // step
    return None, -(-len(said) // step)


def block(language: str = "python", *, max_tokens: int | None, indentation: bytes = b"    ") -> Cut:
    opener, closer = (b"def f():\n", b"") if language == "python" else (b"function f() {\n", b"}\n")
    return Trimmer().at(opener + indentation, b"\n" + closer, language=language, max_tokens=max_tokens)


def indented(lines: list[bytes]) -> bytes:
    return b"    ".join(lines)


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_a_long_suggestion_ends_behind_a_whole_statement(language: str) -> None:
    """What comes when the tokens are used up is half a statement, and has cost half of them."""
    said = indented(LINES)
    kept, n_tokens = grow(block(language, max_tokens=16), said)

    assert kept is not None
    assert said[:kept].endswith(b"()")
    assert 8 <= n_tokens <= 16
    assert grow(block(language, max_tokens=None), said)[0] is None


def test_it_is_offered_as_it_ended() -> None:
    """And the reason is told."""
    cut = block(max_tokens=16)
    kept, _ = grow(cut, said := indented(LINES))
    trimmed = cut.trim(said[:kept], is_whole=True)

    assert trimmed.middle == said[:kept]
    assert (trimmed.rule, trimmed.reason) == (26, "the last whole statement, since it has become long")


@pytest.mark.parametrize(
    "said",
    [
        b"for x in y:\n        go(x)\n        print(x)\n    else:\n        stop()\n        " + b"x = 1\n        " * 9,
        b"call(\n        a,\n        b,\n        c,\n        d,\n        e,\n        f,\n    )\n    b = 1\n",
        b"# one\n    # two\n    # three\n    # four\n    # five\n    a = 1\n    b = 1\n",
    ],
    ids=["header", "open bracket", "comments"],
)
def test_it_does_not_end_within_a_statement(said: bytes) -> None:
    """Behind a header, between brackets, behind a comment on what follows."""
    cut = block(max_tokens=4)
    kept, _ = grow(cut, said)

    assert kept is not None
    last = said[:kept].splitlines()[-1].strip()
    assert not last.endswith((b":", b",", b"("))
    assert not last.startswith(b"#")


def test_another_alternative_begins_anew() -> None:
    """One cursor, several texts: each may have all tokens."""
    cut = block(max_tokens=16)
    first = grow(cut, indented(LINES))

    assert grow(cut, indented(LINES[::-1])) != (None, 1)
    assert grow(cut, indented(LINES)) == first
