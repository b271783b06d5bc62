"""Hypothesis strategies: toy vocabularies with shared heads, duplicates, long tokens and characters of several
bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from byte_fim.reference import ToyModel, every_text
from byte_fim.toy.splitting import Merge, Split, byte_pairs

# What the pre-tokenizers of real models do: contractions, a blank that joins the word, white space that looks ahead,
# line ends that swallow blanks.
GPT2_LIKE = re.compile(rb"'[stm]|'re|'ll| ?[a-z]+| ?[0-9]+| ?[^\sa-z0-9]+|\s+(?!\S)|\s+")
QWEN_LIKE = re.compile(rb"'[stm]|'re|'ll|[^\r\na-z0-9]?[a-z]+|[0-9]| ?[^\sa-z0-9]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
NO_PRETOKENS = re.compile(rb"(?s).+")  # as SentencePiece

ALPHABETS = (b"ab", b"ab ", b"a \n", b"a's", b"ab1 ", "aé".encode())
LONGEST_TOKEN_BYTES = 6


@dataclass(frozen=True, slots=True)
class Toy:
    """A toy model, its alphabet, and the continuations that decide canonicality by brute force."""

    model: ToyModel
    alphabet: bytes
    continuations: tuple[bytes, ...]

    def __repr__(self) -> str:
        merges = [self.model.vocab.bytes_of(i) for i in range(256, self.model.vocab.n_tokens - 1)]
        return f"Toy(alphabet={self.alphabet!r}, merged={merges!r})"


@st.composite
def toys(draw: st.DrawFn, *, split: Callable[[Sequence[Merge]], Split] = byte_pairs) -> Toy:
    """Toy models over a small alphabet; 2 to 10 merges."""
    alphabet = draw(st.sampled_from(ALPHABETS))
    pretokens = draw(st.sampled_from((GPT2_LIKE, QWEN_LIKE, NO_PRETOKENS)))
    pieces = [bytes([letter]) for letter in alphabet]
    merges: list[tuple[bytes, bytes]] = []
    for _ in range(draw(st.integers(2, 10))):
        left, right = draw(st.sampled_from(pieces)), draw(st.sampled_from(pieces))
        if len(left + right) <= LONGEST_TOKEN_BYTES and left + right not in pieces:
            merges.append((left, right))
            pieces.append(left + right)
    duplicates = draw(st.lists(st.sampled_from(pieces), max_size=2))
    seed = draw(st.integers(0, 1000))
    model = ToyModel(merges, split=split, pretokens=pretokens, extra_tokens=duplicates, seed=seed)
    return Toy(model, alphabet, (*every_text(alphabet + b"z", 3), b"9", b"\r\n"))


@st.composite
def toys_with_tails(
    draw: st.DrawFn, *, longest: int = 4, split: Callable[[Sequence[Merge]], Split] = byte_pairs
) -> tuple[Toy, bytes]:
    """A toy and the bytes before the cursor, which may end inside a character."""
    toy = draw(toys(split=split))
    return toy, bytes(draw(st.lists(st.sampled_from(list(toy.alphabet)), max_size=longest)))
