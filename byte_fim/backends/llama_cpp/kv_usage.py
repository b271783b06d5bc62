"""How full the KV cache is, and how much memory it takes. Knows no contexts."""

# pyright: basic

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np

from byte_fim.backends.llama_cpp.library import Handle, lib


@dataclass(frozen=True, slots=True)
class KvUsage:
    """What the KV cache holds."""

    n_cells: int
    """one per token"""
    n_used_cells: int
    n_lines: int
    """texts that are kept side by side"""
    cell_bytes: int
    """as far as the file's dimensions tell"""
    n_parked_lines: int
    """texts that are kept outside the cache"""
    n_parked_bytes: int

    @property
    def n_bytes(self) -> int:
        """Memory that the cache takes, used or not, without what is parked."""
        return self.n_cells * self.cell_bytes


def cell_bytes(model: Handle) -> int:
    """Bytes that one token takes in the KV cache, keys and values of all layers in 16 bits."""
    return count_layers(model) * layer_cell_bytes(model)


def count_layers(model: Handle) -> int:
    """Also of a model of which only the vocabulary was loaded."""
    return _dimension(model, "block_count") or lib.llama_model_n_layer(model)


def layer_cell_bytes(model: Handle) -> int:
    """As `cell_bytes`, of one layer; also of a model of which only the vocabulary was loaded."""
    n_heads = _dimension(model, "attention.head_count") or lib.llama_model_n_head(model) or 1
    n_kv_heads = _dimension(model, "attention.head_count_kv") or lib.llama_model_n_head_kv(model) or n_heads
    default = (_dimension(model, "embedding_length") or lib.llama_model_n_embd(model)) // n_heads
    widths = [_dimension(model, f"attention.{kind}_length") or default for kind in ("key", "value")]
    return sum(widths) * n_kv_heads * np.dtype(np.float16).itemsize


def _dimension(model: Handle, name: str) -> int | None:
    """A number that the file may or may not state, below its architecture's name."""
    architecture = _text(model, "general.architecture")
    value = _text(model, f"{architecture}.{name}")
    return int(value) if value.isdigit() else None


def _text(model: Handle, key: str) -> str:
    buffer = ctypes.create_string_buffer(64)
    lib.llama_model_meta_val_str(model, key.encode(), buffer, len(buffer))  # pyright: ignore[reportArgumentType]
    return buffer.value.decode("utf-8", "replace")
