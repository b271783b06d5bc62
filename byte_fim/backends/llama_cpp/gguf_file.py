"""Opens GGUF files with llama.cpp, whole or the vocabulary alone, and says why one does not open. Knows no contexts."""

# pyright: basic

from __future__ import annotations

import os
from pathlib import Path

from byte_fim.backends.llama_cpp import library
from byte_fim.backends.llama_cpp.kv_usage import count_layers, layer_cell_bytes
from byte_fim.backends.llama_cpp.library import lib
from byte_fim.backends.llama_cpp.offload import LayerCosts
from byte_fim.errors import BadModelFile, OutOfMemory

_SIGNS_OF_SHORTAGE = ("allocate", "out of memory", "insufficient memory", "bad_alloc")  # in what llama.cpp complains of
_UNKNOWN_ARCHITECTURE = "unknown model architecture"  # likewise


def open_model(path: Path, *, n_gpu_layers: int, use_extra_buffers: bool) -> library.Handle:
    """All of it. Raises BadModelFile and OutOfMemory."""
    wanted = lib.llama_model_default_params()
    wanted.n_gpu_layers = n_gpu_layers
    wanted.use_extra_bufts = use_extra_buffers
    model = lib.llama_model_load_from_file(os.fsencode(path), wanted)
    if not model:
        why = explain_failure()
        if any(sign in why.lower() for sign in _SIGNS_OF_SHORTAGE):
            raise OutOfMemory(f"{path} does not fit the memory that is free; choose a smaller model.{why}")
        if _UNKNOWN_ARCHITECTURE in why:
            raise BadModelFile(
                f"{path} is a model of a kind that this llama.cpp does not know; install a newer llama-cpp-python, or"
                f" choose another model.{why}"
            )
        raise BadModelFile(f"{path} is not a model that llama.cpp can load; fetch it again or choose another.{why}")
    return model


def open_vocabulary(path: Path) -> library.Handle:
    """Without the weights. Raises BadModelFile."""
    wanted = lib.llama_model_default_params()
    wanted.vocab_only = True
    model = lib.llama_model_load_from_file(os.fsencode(path), wanted)
    if not model:
        raise BadModelFile(
            f"{path} is not a vocabulary that llama.cpp can load; choose another file.{explain_failure()}"
        )
    return model


def find_layer_costs(path: Path, *, n_cells: int) -> LayerCosts:
    """What its layers take with so many cells of the KV cache. Raises BadModelFile."""
    model = open_vocabulary(path)
    costs = LayerCosts(
        n_layers=count_layers(model),
        weights_bytes=path.stat().st_size,
        kv_layer_bytes=layer_cell_bytes(model) * n_cells,
    )
    lib.llama_model_free(model)
    return costs


def explain_failure() -> str:
    """What llama.cpp has complained of since it was asked last, in brackets; empty when of nothing."""
    complaints = [line for line in library.take_complaints() if "error" in line.lower()]
    return f" ({complaints[0]})" if complaints else ""
