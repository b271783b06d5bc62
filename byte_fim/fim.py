"""Lays out prefix and suffix around a hole in the order that a model was trained on. Knows no probabilities.

Layouts: docs/exactness.md, section 7. `plain`: prefix. `spm`: PRE SUF suffix MID prefix (contiguous: prefix and middle
are one text). `psm`: PRE lead SUF suffix MID, and the rest of the prefix is forced as the beginning of the middle. Some
models were trained on SUF suffix PRE prefix, with MID behind it (here in `psm`) or without (in `spm`). Where the prefix
does not fit, an outline of what is cut off may stand in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from byte_fim.errors import ModelError
from byte_fim.vocab import TokenId, Tokens

Layout = Literal["plain", "psm", "spm"]
CutPolicy = Literal["cursor", "word", "anchor"]
"""Where PSM cuts the prefix: nothing forced; at the start of the open tail; before the break that opens the
cursor's line.
"""

FindOutline = Callable[[bytes, bytes, int], bytes]
"""Given what is cut off, what is kept after it, and a number of bytes: what of the former, at most so much, is worth
keeping. Whole lines.
"""

OUTLINE_SHARE = 1 / 16  # of the room for text, where there is an outline: more of it costs more text than it is worth
PREFIX_SHARE = 0.75  # of the room for text; what one side does not need goes to the other
_MOST_BYTES_PER_TOKEN = 16  # more text than this per token of room is not looked at


class NoFimTokens(ModelError):
    """The layout needs fill-in-the-middle tokens that the model does not have."""


@dataclass(frozen=True, slots=True)
class FimFormat:
    """The special ids of a model that mark prefix, suffix and middle; None where it has none."""

    prefix_id: TokenId | None
    suffix_id: TokenId | None
    middle_id: TokenId | None
    start_ids: Tokens = ()
    """What stands before everything (BOS). Part of the law: it changes what the model says."""
    separator_id: TokenId | None = None
    """What parts documents in training; opens a plain prompt where no BOS does, since something has to."""
    repository_id: TokenId | None = None
    """Stands before the name of a repository; None where the model has no such token or was not trained with it."""
    file_id: TokenId | None = None
    """Stands before the path of each file of a repository; None likewise."""
    is_suffix_first: bool = False
    """Trained with the suffix and its mark in front of the prefix and its mark, in either layout."""

    @property
    def is_complete(self) -> bool:
        """True when the model can fill in the middle, in one layout at least."""
        has_middle = self.middle_id is not None or self.is_suffix_first
        return has_middle and None not in (self.prefix_id, self.suffix_id)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is asked: fixed tokens, then bytes that the continuation must begin with."""

    stem: Tokens
    tail: bytes


@dataclass(frozen=True, slots=True)
class Hole:
    """Text around the cursor that fits the model's context, already tokenized."""

    prefix: bytes
    suffix: bytes
    prefix_tokens: Tokens
    """canonical encoding of `outline` and `prefix` as they stand, broken words included"""
    suffix_tokens: Tokens
    outline: bytes = b""
    """of what was cut off before `prefix`"""


def lay_out(
    fim: FimFormat, layout: Layout, *, preamble: Tokens = (), lead: Tokens, suffix: Tokens, typed: Tokens, tail: bytes
) -> Prompt:
    """`lead`, `typed` and `tail` are the prefix in three parts: in `psm` only the lead stands before the suffix.

    `preamble` stands before all text, whatever the layout. Raises NoFimTokens when the layout needs ids that the format
    lacks.
    """
    if layout == "plain":
        opening = fim.start_ids or (() if fim.separator_id is None else (fim.separator_id,))
        return Prompt(opening + preamble + lead + typed, tail)
    before, after, middle = fim.prefix_id, fim.suffix_id, fim.middle_id
    if before is None or after is None or not fim.is_complete:
        raise NoFimTokens(
            "This model has no fill-in-the-middle tokens; use --layout plain to continue left to right only,"
            " or choose a FIM model."
        )
    if fim.is_suffix_first and layout == "spm":
        return Prompt((*fim.start_ids, *preamble, after, *suffix, before, *lead, *typed), tail)
    if middle is None:
        raise NoFimTokens(
            "This model has no token in front of the middle, so it knows no PSM; use --layout spm or auto."
        )
    if fim.is_suffix_first:
        return Prompt((*fim.start_ids, *preamble, after, *suffix, before, *lead, middle, *typed), tail)
    if layout == "spm":
        return Prompt((*fim.start_ids, *preamble, before, after, *suffix, middle, *lead, *typed), tail)
    return Prompt((*fim.start_ids, *preamble, before, *lead, after, *suffix, middle, *typed), tail)


def fit_hole(tokenize: Callable[[bytes], list[TokenId]], prefix: bytes, suffix: bytes, *, n_tokens: int) -> Hole:
    """The text nearest the cursor that fits in `n_tokens`, cut at line starts where there are lines, 3 to 1 for
    the prefix.

    Texts are cut at multiples of a step, so that a few tokens more or less do not move the cut.
    """
    n_tokens = max(4, n_tokens)
    suffix_room = n_tokens - int(n_tokens * PREFIX_SHARE)
    step = max(1, n_tokens // 4)
    after, after_tokens = keep_start(tokenize, suffix, suffix_room, step)
    before, before_tokens = _keep_end(tokenize, prefix, n_tokens - len(after_tokens), step)
    if len(after) < len(suffix) and len(before_tokens) + suffix_room < n_tokens:
        after, after_tokens = keep_start(tokenize, suffix, n_tokens - len(before_tokens), step)
    return Hole(before, after, tuple(before_tokens), tuple(after_tokens))


def fit_hole_with_outline(
    tokenize: Callable[[bytes], list[TokenId]],
    prefix: bytes,
    suffix: bytes,
    *,
    n_tokens: int,
    find_outline: FindOutline,
) -> Hole:
    """As `fit_hole`; where the prefix does not fit, an outline of what is cut off stands before it."""
    without = fit_hole(tokenize, prefix, suffix, n_tokens=n_tokens)
    if len(without.prefix) == len(prefix):
        return without
    room = int(n_tokens * OUTLINE_SHARE)
    hole = fit_hole(tokenize, prefix, suffix, n_tokens=n_tokens - room)
    skipped = prefix[: len(prefix) - len(hole.prefix)]
    n_bytes = room * _MOST_BYTES_PER_TOKEN
    while True:
        outline = find_outline(skipped, hole.prefix, n_bytes)
        if not outline:
            return without
        tokens = tokenize(outline + hole.prefix)
        n_outline_tokens = len(tokens) - len(hole.prefix_tokens)
        if n_outline_tokens <= room:
            return replace(hole, outline=outline, prefix_tokens=tuple(tokens))
        n_bytes = min(n_bytes, len(outline)) * room // n_outline_tokens


def _keep_end(
    tokenize: Callable[[bytes], list[TokenId]], text: bytes, room: int, step: int
) -> tuple[bytes, list[TokenId]]:
    start = _up(max(0, len(text) - room * _MOST_BYTES_PER_TOKEN), step)
    while True:
        kept = text[_next_line(text, start) :] if start else text
        tokens = tokenize(kept)
        if len(tokens) <= room:
            return kept, tokens
        # bytes are no fewer than tokens, so dropping in proportion never drops all
        start = _up(start + max(1, len(kept) * (len(tokens) - room) // len(tokens)), step)


def keep_start(
    tokenize: Callable[[bytes], list[TokenId]], text: bytes, room: int, step: int
) -> tuple[bytes, list[TokenId]]:
    """The beginning of the text that fits in `room` tokens, and these; cut after a line break where there is one.

    The cut is looked for at multiples of `step` bytes.
    """
    end = len(text) if len(text) <= room * _MOST_BYTES_PER_TOKEN else room * _MOST_BYTES_PER_TOKEN // step * step
    while True:
        kept = text[: _line_end_before(text, end)] if end < len(text) else text
        tokens = tokenize(kept)
        if len(tokens) <= room:
            return kept, tokens
        end = (end - max(1, len(kept) * (len(tokens) - room) // len(tokens))) // step * step


def _up(offset: int, step: int) -> int:
    return -(-offset // step) * step


def _next_line(text: bytes, offset: int) -> int:
    """Start of the first line at or after `offset`; where no line starts there, of the first character."""
    newline = text.find(b"\n", max(0, offset - 1))
    if 0 <= newline < len(text) - 1:
        return newline + 1
    while offset < len(text) and text[offset] & 0xC0 == 0x80:
        offset += 1
    return offset


def _line_end_before(text: bytes, offset: int) -> int:
    """End of the last whole line at or before `offset`; where none ends there, of the last character."""
    newline = text.rfind(b"\n", 0, offset)
    if newline > 0:
        return newline + 1
    while 0 < offset < len(text) and text[offset] & 0xC0 == 0x80:
        offset -= 1
    return offset
