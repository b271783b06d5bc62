"""GGUF files from which no completion can come, told from their headers: one sentence each. Loads nothing.

What only the runtime knows (an architecture that is too new, a tokenizer of another kind) is told by the adapter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from byte_fim.errors import BadModelFile
from lsp_server.store.file import require_model_file
from lsp_server.store.header import Header, read_header
from lsp_server.system.memory import Memory

_PART_NAME = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.gguf", re.IGNORECASE)
_NO_MODELS = {
    "adapter": "a LoRA adapter, which changes a model and is none; name the model that it was made for.",
    "mmproj": "the part of a model that sees images (mmproj), without the language; name the model's other file.",
    "imatrix": "a table that helps to quantise a model (imatrix); name the model itself.",
}
_ENCODERS = {"t5encoder", "gemma-embedding", "wavtokenizer-dec"}  # beside those that say so and those called *bert*
_MOST_PARTS = 99_999  # the number in a part's name has five digits
_GB = 1e9


def require_whole(path: Path) -> Header:
    """The header of a file that may complete code; its bytes are those of all parts of the model.

    Takes 0.1 s or so. Raises BadModelFile for any other file.
    """
    require_model_file(path)
    header = read_header(path)
    _require_language_model(path, header)
    parts = [
        _require_weights(part, header if part == path else read_header(part)) for part in _find_parts(path, header)
    ]
    return replace(header, n_bytes=sum(part.n_bytes for part in parts))


def require_room(path: Path, header: Header, *, memory: Memory, n_device_bytes: int) -> None:
    """Raises BadModelFile when the weights fit nowhere. `n_device_bytes`: memory beside the processor's."""
    n_bytes = memory.total_bytes + n_device_bytes
    if header.n_bytes > n_bytes:
        raise BadModelFile(
            f"{path} needs {header.n_bytes / _GB:.1f} GB of memory for its weights alone, and this machine has"
            f" {n_bytes / _GB:.1f}; choose a smaller model or a smaller quantisation."
        )


def find_memory_warning(header: Header, *, memory: Memory, n_context_tokens: int) -> str | None:
    """A sentence for people when the model runs, but leaves no room for anything else and may be slow."""
    n_needed_bytes = header.n_bytes + n_context_tokens * kv_bytes_per_token(header)
    if n_needed_bytes <= memory.available_bytes:
        return None
    return (
        f"The model needs {n_needed_bytes / _GB:.1f} GB of memory and {memory.available_bytes / _GB:.1f} GB are free,"
        " so it may be slow; close other programs or choose a smaller model."
    )


def kv_bytes_per_token(header: Header) -> int:
    """What the KV cache takes for one token in 16 bits; 0 when the file does not say."""
    n_layers = header.find_count("{arch}.block_count")
    n_heads = header.find_count("{arch}.attention.head_count")
    per_layer = header.metadata.get(f"{header.architecture}.attention.head_count_kv", n_heads)
    n_kv_heads = sum(n for n in per_layer if isinstance(n, int)) if isinstance(per_layer, tuple) else 0
    if isinstance(per_layer, int):
        n_kv_heads = per_layer * n_layers
    even_size = header.find_count("{arch}.embedding_length") // max(1, n_heads)
    key_size = header.find_count("{arch}.attention.key_length") or even_size
    value_size = header.find_count("{arch}.attention.value_length") or even_size
    return 2 * n_kv_heads * (key_size + value_size)


def _require_language_model(path: Path, header: Header) -> None:
    kind = "mmproj" if header.architecture == "clip" else header.find_text("general.type")
    if kind in _NO_MODELS:
        raise BadModelFile(f"{path} is {_NO_MODELS[kind]}")
    part = header.find_count("split.no")
    if part:
        first = _part_name(path, 1, header.find_count("split.count"))
        raise BadModelFile(f"{path} is part {part + 1} of a model; name its first part, {first or 'number 1'}.")
    if not header.architecture:
        raise BadModelFile(f"{path} does not say what kind of model it is; fetch or convert the model again.")
    if header.architecture == "t5":
        raise BadModelFile(
            f"{path} reads with an encoder and writes with a decoder (t5), which cannot continue a text; choose a model"
            " that was made for completing code."
        )
    is_causal = header.metadata.get(f"{header.architecture}.attention.causal", True)
    if not is_causal or "bert" in header.architecture or header.architecture in _ENCODERS:
        raise BadModelFile(
            f"{path} is an encoder ({header.architecture}), which cannot continue a text; choose a model that was made"
            " for completing code."
        )


def _find_parts(path: Path, header: Header) -> Sequence[Path]:
    """All files of the model. Raises BadModelFile when one is missing."""
    n_parts = header.find_count("split.count")
    if n_parts < 2:
        return [path]
    if n_parts > _MOST_PARTS:
        raise BadModelFile(f"{path} says that it is one of {n_parts} parts: it is damaged; fetch the model again.")
    names = [_part_name(path, number, n_parts) for number in range(1, n_parts + 1)]
    if names[0] != path.name:
        raise BadModelFile(
            f"{path} is the first of {n_parts} parts and must be called ...-00001-of-{n_parts:05}.gguf for the others"
            " to be found; give all parts their names back."
        )
    parts = [path.with_name(name) for name in names if name]
    missing = [part.name for part in parts if not part.is_file()]
    if missing:
        others = f" and {len(missing) - 1} more are" if len(missing) > 1 else " is"
        raise BadModelFile(
            f"{path} is the first of {n_parts} parts, but {missing[0]}{others} not beside it; fetch all parts."
        )
    return parts


def _part_name(path: Path, number: int, n_parts: int) -> str | None:
    """What a part is called, given the name of another; None when that has no number in its name."""
    named = _PART_NAME.fullmatch(path.name)
    return f"{named[1]}-{number:05}-of-{n_parts:05}.gguf" if named and int(named[3]) == n_parts else None


def _require_weights(path: Path, header: Header) -> Header:
    is_part = header.find_count("split.count") > 1  # the first one may hold the description alone
    if not header.n_tensors and not is_part:
        raise BadModelFile(f"{path} holds a vocabulary but no weights; fetch the whole model.")
    if header.n_tensors and header.n_bytes < header.n_needed_bytes:
        raise BadModelFile(
            f"{path} is cut off: {header.n_needed_bytes - header.n_bytes:,} of its {header.n_needed_bytes:,} bytes are"
            " missing; fetch the model again."
        )
    return header
