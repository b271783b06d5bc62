"""Texts become rows of tokens of one length, several pieces in a row, most of them with a hole. Knows no files.

    plain           TEXT [end, where the document ends]
    suffix first    suffix SUFFIX prefix PREFIX middle MIDDLE end
    SPM             prefix suffix SUFFIX middle PREFIX+MIDDLE end

In SPM, prefix and middle are encoded as one text: no seam is trained where the engine knows none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

from recipe.holes import cut_hole, draw_layout
from recipe.tokenizer import Tokenizer

SMALLEST_PIECE_TOKENS = 96
"""What is left of a row is padded when it is shorter: too short for a prefix and a suffix that tell anything."""
_ROOM_FOR_SPECIAL_TOKENS = 8
FILLS_THE_ROW_SHARE = 0.2
"""Of all pieces; the others are of any length, short ones more often: each hole is one lesson in where to stop."""
SUFFIX_TOKENS = (24, 64, 128, 192, 256)
"""The suffix is cut off after so many, each as likely: the engine shows a model long suffixes and short ones."""


def make_rows(texts: Iterable[str], *, n_row_tokens: int, tokenizer: Tokenizer, rng: Random) -> Iterator[list[int]]:
    """Rows of exactly `n_row_tokens`; every document is used once, less what suffixes lose where they are cut off."""
    pad = tokenizer.special.pad
    row: list[int] = []
    for text in texts:
        starts = tokenizer.find_starts(text)
        at = 0
        while at < len(starts):
            room = n_row_tokens - len(row)
            if room < SMALLEST_PIECE_TOKENS:
                yield row + [pad] * room
                row, room = [], n_row_tokens
            end = min(len(starts), at + _draw_length(room, rng))
            is_last = end == len(starts)
            piece = text[starts[at] : len(text) if is_last else starts[end]]
            if piece:  # else all of these tokens are parts of one character
                row += encode_piece(piece, n_at_most=room, is_last=is_last, tokenizer=tokenizer, rng=rng)
            at = end
    if row:
        yield row + [pad] * (n_row_tokens - len(row))


def _draw_length(room: int, rng: Random) -> int:
    longest = room - _ROOM_FOR_SPECIAL_TOKENS
    if rng.random() < FILLS_THE_ROW_SHARE:
        return longest
    shortest = SMALLEST_PIECE_TOKENS - _ROOM_FOR_SPECIAL_TOKENS
    return shortest + int(max(0, longest - shortest) * rng.random() ** 2)


def encode_piece(text: str, *, n_at_most: int, is_last: bool, tokenizer: Tokenizer, rng: Random) -> list[int]:
    """Tokens of a piece in a layout drawn by `rng`; plain when what must not be cut off does not fit."""
    special = tokenizer.special
    layout = draw_layout(rng)
    if layout == "plain":
        return (tokenizer.encode(text) + [special.end] * is_last)[:n_at_most]
    hole = cut_hole(text, rng)
    suffix = tokenizer.encode(hole.suffix)[: rng.choice(SUFFIX_TOKENS)]
    if layout == "suffix first":
        head = [special.suffix]
        tail = [special.prefix, *tokenizer.encode(hole.prefix), special.middle, *tokenizer.encode(hole.middle)]
        tail.append(special.end)
    else:
        head = [special.prefix, special.suffix]
        tail = [special.middle, *tokenizer.encode(hole.prefix + hole.middle), special.end]
    n_suffix = n_at_most - len(head) - len(tail)
    if n_suffix < 0:
        return tokenizer.encode(text)[:n_at_most]
    return head + suffix[:n_suffix] + tail
