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
    default = lib.llama_model_n_embd(model) // lib.llama_model_n_head(model)
    widths = [_dimension(model, f"attention.{kind}_length") or default for kind in ("key", "value")]
    n_values = sum(widths) * lib.llama_model_n_head_kv(model) * lib.llama_model_n_layer(model)
    return n_values * np.dtype(np.float16).itemsize


def _dimension(model: Handle, name: str) -> int | None:
    """A number that the file may or may not state, below its architecture's name."""
    architecture = _text(model, "general.architecture")
    value = _text(model, f"{architecture}.{name}")
    return int(value) if value.isdigit() else None


def _text(model: Handle, key: str) -> str:
    buffer = ctypes.create_string_buffer(64)
    lib.llama_model_meta_val_str(model, key.encode(), buffer, len(buffer))  # pyright: ignore[reportArgumentType]
    return buffer.value.decode("utf-8", "replace")
