"""Rows: texts as a model reads them."""

from __future__ import annotations

from random import Random

import pytest

from recipe.rows import SMALLEST_PIECE_TOKENS, encode_piece, make_rows
from tests.training.spelling import Spelling, spell

DOCUMENTS = [
    "".join(f"{name}_{line} = call_{line}({name})\n" for line in range(n)) for name, n in (("a", 40), ("b", 9))
]
N_ROW_TOKENS = 257
END, PREFIX, SUFFIX, MIDDLE, PAD = range(5)


@pytest.fixture(scope="module")
def rows() -> list[list[int]]:
    """Both documents, many times over."""
    return list(make_rows(DOCUMENTS * 40, n_row_tokens=N_ROW_TOKENS, tokenizer=Spelling(), rng=Random(1)))


def test_every_row_has_the_same_length_and_pads_only_its_end(rows: list[list[int]]) -> None:
    """Rows are read as one matrix; a pad in the midst would cut what belongs together."""
    for row in rows:
        n_used = row.index(PAD) if PAD in row else N_ROW_TOKENS

        assert len(row) == N_ROW_TOKENS
        assert set(row[n_used:]) <= {PAD}
        assert n_used > N_ROW_TOKENS - SMALLEST_PIECE_TOKENS or row is rows[-1]


def test_a_piece_with_a_hole_is_a_part_of_a_document(rows: list[list[int]]) -> None:
    """Prefix, middle and suffix must fit together as they do in a file, in either order."""
    pieces = [piece for row in rows for piece in _pieces_with_holes(row)]

    assert {layout for layout, _ in pieces} == {"spm", "suffix first"}
    assert all(any(text in document for document in DOCUMENTS) for _, text in pieces)


def test_a_piece_with_a_hole_loses_nothing_before_its_suffix_is_cut_off() -> None:
    """A middle without all that stands before it could not be filled in."""
    rng, text = Random(7), DOCUMENTS[1]
    pieces = [piece for _ in range(100) for piece in _pieces_with_holes(_encode(text, rng))]

    assert {layout for layout, _ in pieces} == {"spm", "suffix first"}
    assert all(text.startswith(put_together) for _, put_together in pieces)


def test_rows_hold_several_holes(rows: list[list[int]]) -> None:
    """More holes for the same tokens: what a small run has too few of."""
    assert sum(row.count(MIDDLE) for row in rows) > 1.2 * len(rows)


def test_a_plain_document_ends_with_the_end_token() -> None:
    """Only there: what is cut off because the row is full has not ended."""
    rng, text = Random(8), "x = 1\n" * 20
    for is_last in (True, False):
        pieces = [_encode(text, rng, is_last=is_last) for _ in range(60)]
        plain = [piece for piece in pieces if PREFIX not in piece]

        assert plain
        assert all(piece.count(END) == is_last and (piece[-1] == END) == is_last for piece in plain)


def test_what_does_not_fit_is_cut_off_the_suffix() -> None:
    """The middle and its end are what is learnt; a suffix is never whole anyway."""
    rng, text = Random(9), "value = compute(value)\n" * 5
    pieces = [_encode(text, rng, n_at_most=len(text) - 10) for _ in range(300)]

    assert all(len(piece) <= len(text) - 10 for piece in pieces)
    assert all(piece[-1] == END for piece in pieces if MIDDLE in piece)


def test_the_same_seed_gives_the_same_rows(rows: list[list[int]]) -> None:
    """A run that is repeated must see the same."""
    again = list(make_rows(DOCUMENTS * 40, n_row_tokens=N_ROW_TOKENS, tokenizer=Spelling(), rng=Random(1)))

    assert again == rows


def _encode(text: str, rng: Random, *, n_at_most: int = 1000, is_last: bool = True) -> list[int]:
    return encode_piece(text, n_at_most=n_at_most, is_last=is_last, tokenizer=Spelling(), rng=rng)


def _pieces_with_holes(row: list[int]) -> list[tuple[str, str]]:
    """Layout and text of each, the text put together again."""
    pieces: list[tuple[str, str]] = []
    at = 0
    while PREFIX in row[at:]:
        prefix, suffix, middle = (row.index(mark, at) for mark in (PREFIX, SUFFIX, MIDDLE))
        at = row.index(END, middle)
        is_spm = prefix < suffix
        behind = row[suffix + 1 : middle if is_spm else prefix]
        before = [] if is_spm else row[prefix + 1 : middle]
        pieces.append(("spm" if is_spm else "suffix first", spell(before + row[middle + 1 : at]) + spell(behind)))
    return pieces
