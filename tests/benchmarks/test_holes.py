"""The holes of the trimming benchmark: what is cut out is what stands in the block, whatever closes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.holes import KINDS, Hole, find_holes_in

PYTHON = b"""\
def f(x):
    # first
    if x:
        a()
    else:
        b()
    # last

def g():
    return 1
"""
SCRIPT = b"""\
if (a) {
  b();
  c();
} else if (d) {
  e();
}
run(() => {
  f();
});
"""
SHELL = b"""\
if a; then
  b
  if c; then
    d
  fi
else
  e
fi
"""


def holes(text: bytes, language: str, kind: str) -> list[Hole]:
    found = [hole for hole in find_holes_in(text, language, Path("x")) if hole.kind == kind]
    return sorted(found, key=lambda hole: hole.start)


def cut_out(hole: Hole) -> bytes:
    return hole.text[hole.start : hole.end]


def what_closes(hole: Hole) -> set[bytes]:
    return {hole.text[hole.end : end] for end in hole.ends_without_suffix}


def test_comments_at_both_ends_belong_to_a_block_that_goes_by_indentation() -> None:
    """The grammar leaves them outside; their author did not."""
    body, then, otherwise, other = holes(PYTHON, "python", "behind the opener")

    assert cut_out(body) == b"\n    # first\n    if x:\n        a()\n    else:\n        b()\n    # last"
    assert [cut_out(hole) for hole in (then, otherwise, other)] == [
        b"\n        a()",
        b"\n        b()",
        b"\n    return 1",
    ]
    assert what_closes(then) == {b"\n    else:\n        b()"}


def test_a_block_goes_on_with_else_and_ends_with_all_its_closers_when_nothing_stands_below() -> None:
    """Both are what an author would have to type."""
    then, otherwise, function = holes(SCRIPT, "javascript", "first line")

    assert [cut_out(hole) for hole in (then, otherwise, function)] == [b"b();\n  c();", b"e();", b"f();"]
    assert what_closes(then) == {b"\n} else if (d) {\n  e();\n}"}
    assert what_closes(otherwise) == {b"\n}"}
    assert what_closes(function) == {b"\n}", b"\n});"}


def test_words_close_blocks_too() -> None:
    """In the shell there is no node for what stands between `then` and `fi`."""
    outer, inner, otherwise = holes(SHELL, "shellscript", "behind the opener")

    assert [cut_out(hole) for hole in (outer, inner, otherwise)] == [
        b"\n  b\n  if c; then\n    d\n  fi",
        b"\n    d",
        b"\n  e",
    ]
    assert [what_closes(hole) for hole in (outer, inner, otherwise)] == [{b"\nelse\n  e\nfi"}, {b"\n  fi"}, {b"\nfi"}]


@pytest.mark.parametrize(("text", "language", "rest"), [(SCRIPT, "javascript", b"c();"), (PYTHON, "python", b"# last")])
def test_a_later_statement_reaches_to_the_end_of_its_block(text: bytes, language: str, rest: bytes) -> None:
    """Otherwise the benchmark would ask for less than what stood there."""
    found = [cut_out(hole) for hole in holes(text, language, "later statement")]

    assert all(cut.endswith(rest) for cut in found)
    assert (language == "javascript") == bool(found)


def test_what_is_offered_begins_with_what_was_cut_out_and_goes_on() -> None:
    """A model that stopped by itself would prove nothing."""
    for kind in KINDS:
        for hole in holes(SCRIPT, "javascript", kind):
            assert hole.offered.startswith(cut_out(hole) + b"\n")
            assert hole.prefix + cut_out(hole) + hole.suffix == SCRIPT
