"""Holes: what a model is asked in training is what the engine asks."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from recipe.holes import LONGEST_SPAN_CHARS, N_LATER_LINES, cut_hole, draw_layout

CODE = """\
def find(values, wanted):
    for index, value in enumerate(values):
        if value == wanted:
            return index
    raise LookupError(f"{wanted} is not there")


class Shelf:
    def __init__(self) -> None:
        self.books = []

    def put(self, book):
        self.books.append(book)
        return len(self.books)
"""
N_DRAWN = 4000


@given(text=st.text(alphabet=" \tab(\n", max_size=80), seed=st.integers())
def test_the_parts_are_the_text(text: str, seed: int) -> None:
    """Else a model would learn to leave something out, or to say it twice."""
    hole = cut_hole(text, Random(seed))

    assert hole.prefix + hole.middle + hole.suffix == text


@given(seed=st.integers())
def test_a_middle_is_short(seed: int) -> None:
    """A model this small must learn to stop soon; and the row has to hold it."""
    hole = cut_hole(CODE * 8, Random(seed))

    assert hole.middle.count("\n") <= max(max(N_LATER_LINES), LONGEST_SPAN_CHARS)
    assert len(hole.middle) <= max(LONGEST_SPAN_CHARS, 60 * (1 + max(N_LATER_LINES)))


def test_most_holes_end_where_a_line_ends_and_some_within() -> None:
    """The first recipe cut most ends at random: its model never stopped by itself."""
    rng = Random(1)
    n_at_line_end = sum(_is_line_end(cut_hole(CODE, rng).suffix) for _ in range(N_DRAWN))

    assert 0.72 < n_at_line_end / N_DRAWN < 0.88


def test_holes_begin_in_words_at_words_and_behind_the_indentation() -> None:
    """A cursor is in all of these places; whoever trained on borders of tokens alone is lost within a word."""
    rng = Random(2)
    starts = Counter(_place(cut_hole(CODE, rng).prefix, CODE) for _ in range(N_DRAWN))

    assert starts["in a word"] / N_DRAWN > 0.2
    assert starts["behind the indentation"] / N_DRAWN > 0.2
    assert starts["elsewhere"] / N_DRAWN > 0.2


def test_hardly_any_hole_is_blank() -> None:
    """Nothing is learnt from writing blanks."""
    rng = Random(3)
    n_blank = sum(not cut_hole(CODE, rng).middle.strip() for _ in range(N_DRAWN))

    assert n_blank / N_DRAWN < 0.02


def test_most_pieces_have_a_hole_in_the_order_that_the_engine_uses() -> None:
    """60 % with a hole, in two orders, was too little for a small model to learn either."""
    rng = Random(4)
    layouts = Counter(draw_layout(rng) for _ in range(N_DRAWN))

    assert 0.68 < layouts["suffix first"] / N_DRAWN < 0.76
    assert 0.05 < layouts["spm"] / N_DRAWN < 0.11
    assert 0.17 < layouts["plain"] / N_DRAWN < 0.23


def _is_line_end(suffix: str) -> bool:
    return not suffix or suffix.startswith("\n")


def _place(prefix: str, text: str) -> str:
    following = text[len(prefix) : len(prefix) + 1]
    if not prefix.rpartition("\n")[2].strip():
        return "behind the indentation" if following.strip() else "elsewhere"
    return "in a word" if prefix[-1].isalnum() and following.isalnum() else "elsewhere"
