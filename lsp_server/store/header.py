"""The header of a GGUF file: its metadata, and how many bytes its weights need. Reads no weights, judges nothing.

The format: docs/gguf.md of the ggml project. Files of old converters and half of a download are met too, so every
length is compared with what is left of the file.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from byte_fim.errors import BadModelFile

Value = bool | int | float | str | tuple["Value", ...]
_HEAD = struct.Struct("<4sIQQ")  # magic, version, number of tensors, number of metadata entries
_NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
_MAX_KEPT = 1024  # entries of an array; one per layer is of interest, one per token is not
_MAX_DIMENSIONS = 4
_DEFAULT_ALIGNMENT_BYTES = 32
_PLAIN_BYTES = {0: 4, 1: 2, 24: 1, 25: 2, 26: 4, 27: 8, 28: 8, 30: 2}
_BLOCK_32_BYTES = {2: 18, 3: 20, 6: 22, 7: 24, 8: 34, 9: 40, 20: 18, 39: 17}
_BLOCK_256_BYTES = {10: 84, 11: 110, 12: 144, 13: 176, 14: 210, 15: 292}
_BLOCK_256_SMALL_BYTES = {16: 66, 17: 74, 18: 98, 19: 50, 21: 110, 22: 82, 23: 136, 29: 56, 34: 54, 35: 66}
BLOCK_SIZES: Mapping[int, tuple[int, int]] = {
    kind: (n_weights, n_bytes)
    for n_weights, kinds in ((1, _PLAIN_BYTES), (32, _BLOCK_32_BYTES), (256, _BLOCK_256_BYTES | _BLOCK_256_SMALL_BYTES))
    for kind, n_bytes in kinds.items()
}
"""enum ggml_type -> weights per block and bytes per block, as far as they are settled"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a GGUF file says of itself before its weights."""

    metadata: Mapping[str, Value]
    """By key. Arrays of more than 1024 entries, such as the vocabulary, are left out."""
    n_tensors: int
    n_bytes: int
    """of the file as it is, or of all parts of a model"""
    n_needed_bytes: int
    """the least that hold all weights; weights of types that are not known here count nothing"""

    @property
    def architecture(self) -> str:
        """As llama.cpp names it; empty when the file does not say."""
        return self.find_text("general.architecture")

    def find_text(self, key: str) -> str:
        """Empty when there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def find_count(self, key: str) -> int:
        """0 when there is none. `{arch}` in the key stands for the architecture."""
        value = self.metadata.get(key.replace("{arch}", self.architecture))
        return value if isinstance(value, int) else 0


def read_header(path: Path) -> Header:
    """The header. Takes 0.1 s with a large vocabulary. Raises BadModelFile when the file breaks off or is damaged in
    it, and OSError.
    """
    n_bytes = path.stat().st_size
    with path.open("rb") as file:
        reader = _Reader(path, file, n_bytes)
        try:
            return reader.read_header()
        except (struct.error, _Damaged, UnicodeDecodeError, OverflowError) as error:
            raise BadModelFile(
                f"{path} is cut off or damaged (its description breaks off at byte {file.tell():,} of {n_bytes:,});"
                " fetch the model again."
            ) from error


class _Damaged(Exception):
    """A length or a type that cannot be."""


class _Reader:
    """One pass from the first byte to the last tensor's description."""

    def __init__(self, path: Path, file: BinaryIO, n_bytes: int) -> None:
        self._path = path
        self._file = file
        self._n_left = n_bytes

    def read_header(self) -> Header:
        n_bytes = self._n_left
        _, _, n_tensors, n_entries = _HEAD.unpack(self._take(_HEAD.size))
        metadata: dict[str, Value] = {}
        for _ in range(n_entries):
            key = self._text()
            value = self._value(self._number("<I"))
            if value is not None:
                metadata[key] = value
        ends = [self._tensor_end() for _ in range(n_tensors)]
        alignment = metadata.get("general.alignment", _DEFAULT_ALIGNMENT_BYTES)
        alignment = alignment if isinstance(alignment, int) and alignment > 0 else _DEFAULT_ALIGNMENT_BYTES
        data_start = -(-(n_bytes - self._n_left) // alignment) * alignment
        return Header(
            metadata=metadata,
            n_tensors=n_tensors,
            n_bytes=n_bytes,
            n_needed_bytes=data_start + max(ends, default=0),
        )

    def _value(self, kind: int) -> Value | None:
        """None for arrays that are too long to be of interest."""
        if kind == _STRING:
            return self._text()
        if kind != _ARRAY:
            return self._number(self._format(kind))
        kind, n = self._number("<I"), self._number("<Q")
        is_kept = n <= _MAX_KEPT
        if kind == _STRING:
            if is_kept:
                return tuple(self._text() for _ in range(n))
            for _ in range(n):
                self._take(self._number("<Q"))
            return None
        form = self._format(kind)
        content = self._take(n * struct.calcsize(form))
        return tuple(cast("tuple[Value]", entry)[0] for entry in struct.iter_unpack(form, content)) if is_kept else None

    def _tensor_end(self) -> int:
        """Where a tensor's weights end, counted from where weights begin."""
        self._text()
        n_dimensions = self._number("<I")
        if n_dimensions > _MAX_DIMENSIONS:
            raise _Damaged
        n_weights = 1
        for _ in range(n_dimensions):
            n_weights *= self._number("<Q")
        kind, offset = self._number("<I"), self._number("<Q")
        n_block_weights, n_block_bytes = BLOCK_SIZES.get(kind, (1, 0))
        return offset + n_weights // n_block_weights * n_block_bytes

    def _format(self, kind: int) -> str:
        try:
            return _NUMBERS[kind]
        except KeyError as error:
            raise _Damaged from error

    def _text(self) -> str:
        return self._take(self._number("<Q")).decode("utf-8", "replace")

    def _number(self, form: str) -> int:
        (number,) = struct.unpack(form, self._take(struct.calcsize(form)))
        return number

    def _take(self, n_bytes: int) -> bytes:
        if n_bytes > self._n_left:
            raise _Damaged
        self._n_left -= n_bytes
        return self._file.read(n_bytes)
