"""LoRA adapters made up for tests: random, of low rank, of a known size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gguf
import numpy as np

ADAPTED = ("blk.0.attn_q.weight", "blk.3.ffn_down.weight", "blk.5.attn_output.weight")
"""Names of the embedded model's weights."""
_RANK = 4


def write_lora(
    path: Path,
    *,
    architecture: str = "llama",
    kind: str = "adapter",
    names: Sequence[str] = ADAPTED,
    size: float = 5.0,
    seed: int = 7,
) -> Path:
    """An adapter whose products with its inputs are about `size` times as large as these. The path."""
    draw = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_string("general.type", kind)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(_RANK))  # so that a scale of 1 counts the product once
    for name in names:
        n_in, n_out = (864, 320) if "ffn_down" in name else (320, 320)
        spread = (size / np.sqrt(n_in * _RANK)) ** 0.5
        writer.add_tensor(f"{name}.lora_a", draw.normal(0, spread, (_RANK, n_in)).astype(np.float32))
        writer.add_tensor(f"{name}.lora_b", draw.normal(0, spread, (n_out, _RANK)).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
