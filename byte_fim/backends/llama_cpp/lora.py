"""LoRA adapters, added to a model's weights while it works. Knows nothing of how they came to be."""

# pyright: basic

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

from byte_fim.backends.llama_cpp import library
from byte_fim.backends.llama_cpp.library import Handle, lib
from byte_fim.errors import BadModelFile


def add_loras(model: Handle, context: Handle, loras: Sequence[tuple[str, float]]) -> None:
    """Adapters by path and scale, for as long as the context lives; the model frees them. Raises BadModelFile."""
    if not loras:
        return
    handles = [_load(model, Path(path)) for path, _ in loras]
    scales = [scale for _, scale in loras]
    n = len(loras)
    lib.llama_set_adapters_lora(
        context, (lib.llama_adapter_lora_p_ctypes * n)(*handles), n, (ctypes.c_float * n)(*scales)
    )


def _load(model: Handle, path: Path) -> Handle:
    library.take_complaints()
    adapter = lib.llama_adapter_lora_init(model, os.fsencode(path))
    if not adapter:
        reasons = [line.rpartition("lora adapter: ")[2] for line in library.take_complaints() if "lora" in line.lower()]
        why = f" ({reasons[-1]})" if reasons else ""
        raise BadModelFile(
            f"{path} is no LoRA adapter for this model{why}; remove it, or choose one that was made for it."
        )
    return adapter
