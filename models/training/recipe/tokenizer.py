"""The two kinds of tokenizer behind one door: byte-level BPE (tokenizer.json) and SentencePiece (.model).

Knows neither corpora nor models. The packages of both kinds are imported only when a file of that kind is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<|fim_suffix|>",
    "<|fim_middle|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
)
"""In the order of their ids. The last two exist for a later run that shows a model other files."""

SENTENCEPIECE_BLANK = "\u2581"
"""What SentencePiece writes for a blank; a text that holds it itself would not come back."""


@dataclass(frozen=True, slots=True)
class SpecialIds:
    """Token ids of what stands between the parts of a row."""

    end: int
    prefix: int
    suffix: int
    middle: int
    pad: int
    """fills what is left of a row; never a target"""


class Tokenizer(Protocol):
    """Text to token ids; what a text spells is never taken for a special token."""

    n_vocabulary: int
    special: SpecialIds

    def encode(self, text: str) -> list[int]: ...

    def find_starts(self, text: str) -> Sequence[int]:
        """For each token of the text the index of the character in which it begins, in ascending order."""
        ...


def read_tokenizer(path: Path) -> Tokenizer:
    """A tokenizer that `train_tokenizer.py` wrote: SentencePiece if the name ends in `.model`, else byte-level BPE."""
    return _SentencePiece(path) if path.suffix == ".model" else _Bpe(path)


class _Bpe:
    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer as BpeTokenizer

        self._bpe = BpeTokenizer.from_file(str(path))
        self._bpe.encode_special_tokens = True  # as text: the sources of tokenizers spell them
        self.n_vocabulary = self._bpe.get_vocab_size()
        self.special = _special_ids(self._bpe.token_to_id)

    def encode(self, text: str) -> list[int]:
        return self._bpe.encode(text, add_special_tokens=False).ids

    def find_starts(self, text: str) -> Sequence[int]:
        return [start for start, _ in self._bpe.encode(text, add_special_tokens=False).offsets]


class _SentencePiece:
    def __init__(self, path: Path) -> None:
        from sentencepiece import SentencePieceProcessor

        pieces = SentencePieceProcessor(str(path))
        self._pieces = pieces
        self.n_vocabulary = pieces.vocab_size()
        self.special = _special_ids(pieces.piece_to_id)
        self._n_bytes = [
            1 if pieces.is_byte(i) else len(pieces.id_to_piece(i).replace(SENTENCEPIECE_BLANK, " ").encode())
            for i in range(self.n_vocabulary)
        ]

    def encode(self, text: str) -> list[int]:
        return self._pieces.encode(text)

    def find_starts(self, text: str) -> Sequence[int]:
        character_of_byte = [index for index, character in enumerate(text) for _ in character.encode()]
        starts, at_byte = [], 0
        for token in self.encode(text):
            starts.append(character_of_byte[at_byte])
            at_byte += self._n_bytes[token]
        assert at_byte == len(character_of_byte), "cleaning lets no U+2581 through"
        return starts


def _special_ids(id_of: Callable[[str], int | None]) -> SpecialIds:
    ids = [id_of(token) for token in SPECIAL_TOKENS[:5]]
    if missing := [token for token, found in zip(SPECIAL_TOKENS, ids, strict=False) if found is None]:
        raise ValueError(f"the tokenizer has no {missing[0]}; train_tokenizer.py makes ones that have")
    return SpecialIds(*(found for found in ids if found is not None))
