"""Model files that nobody ships, written with the gguf package: random weights behind a real vocabulary, and files that
look like models and are none.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np

N_LAYERS = 2
WIDTH = 64
N_HEADS = 2
N_CONTEXT_TOKENS = 1024
_CERTAINTY = 8.0  # scales the logits, so that a few tokens are likely, as with models that have learnt
_HEAD_BYTES = 24  # magic, version, number of tensors, number of metadata entries
_N_ENTRIES_AT = 16
_NUMBER_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9
_COPIED = ("tokenizer.", "general.name")  # llama.cpp knows a few tokenizers by the name of their model


def write_random_model(path: Path, vocabulary: Path, *, seed: int = 0, max_tensors: int = 0) -> None:
    """A small transformer that has learnt nothing, with the vocabulary and tokenizer of another file.

    Always the same for a seed. With `max_tensors`, in parts of so many, the first of which holds none. The metadata are
    copied as they stand: the package takes 15 s to read large ones.
    """
    entries = _read_entries(vocabulary)
    copied = [entry for key, entry in entries.items() if key.startswith(_COPIED)]
    n_tokens = _length_of(entries["tokenizer.ggml.tokens"], key="tokenizer.ggml.tokens")
    writer = gguf.GGUFWriter(path, "llama", split_max_tensors=max_tensors, small_first_shard=max_tensors > 0)
    _describe_transformer(writer)
    _add_weights(writer, n_tokens, np.random.default_rng(seed))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    assert writer.fout is not None
    file = writer.fout[0]
    file.write(b"".join(copied))
    writer.write_tensors_to_file()  # pads to where it is
    file.seek(_N_ENTRIES_AT)
    file.write(struct.pack("<Q", len(writer.kv_data[0]) + len(copied)))
    writer.close()


def write_metadata(
    path: Path, metadata: Mapping[str, object], *, architecture: str = "llama", n_tensors: int = 1
) -> None:
    """A file of little more than metadata: texts, booleans and whole numbers; the weights are a few zeros."""
    writer = gguf.GGUFWriter(path, architecture)
    for key, value in metadata.items():
        match value:
            case bool():
                writer.add_bool(key, value)
            case int():
                writer.add_uint32(key, value)
            case _:
                writer.add_string(key, str(value))
    for i in range(n_tensors):
        writer.add_tensor(f"tensor{i}", np.zeros((4, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _describe_transformer(writer: gguf.GGUFWriter) -> None:
    writer.add_context_length(N_CONTEXT_TOKENS)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(N_LAYERS)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_head_count(N_HEADS)
    writer.add_head_count_kv(N_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // N_HEADS)


def _add_weights(writer: gguf.GGUFWriter, n_tokens: int, random: np.random.Generator) -> None:
    def add(name: str, n_out: int, n_in: int) -> None:
        writer.add_tensor(name, (random.standard_normal((n_out, n_in)) / np.sqrt(n_in)).astype(np.float16))

    add("token_embd.weight", n_tokens, WIDTH)
    writer.add_tensor("output_norm.weight", np.full(WIDTH, _CERTAINTY, np.float32))
    for layer in range(N_LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{layer}.{name}.weight", WIDTH, WIDTH)
        for name in ("ffn_gate", "ffn_up"):
            add(f"blk.{layer}.{name}.weight", 2 * WIDTH, WIDTH)
        add(f"blk.{layer}.ffn_down.weight", WIDTH, 2 * WIDTH)
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(WIDTH, np.float32))


def _read_entries(path: Path) -> dict[str, bytes]:
    """Key -> the whole metadata entry as it stands in the file."""
    content = path.read_bytes()
    (n_entries,) = struct.unpack_from("<Q", content, _N_ENTRIES_AT)
    entries: dict[str, bytes] = {}
    at = _HEAD_BYTES
    for _ in range(n_entries):
        key_end = _string_end(content, at)
        (kind,) = struct.unpack_from("<I", content, key_end)
        end = _value_end(content, key_end + 4, kind)
        entries[content[at + 8 : key_end].decode()] = content[at:end]
        at = end
    return entries


def _value_end(content: bytes, at: int, kind: int) -> int:
    if kind == _STRING:
        return _string_end(content, at)
    if kind != _ARRAY:
        return at + _NUMBER_BYTES[kind]
    kind, n = struct.unpack_from("<IQ", content, at)
    at += 12
    if kind != _STRING:
        return at + n * _NUMBER_BYTES[kind]
    for _ in range(n):
        at = _string_end(content, at)
    return at


def _string_end(content: bytes, at: int) -> int:
    (n_bytes,) = struct.unpack_from("<Q", content, at)
    return at + 8 + n_bytes


def _length_of(entry: bytes, *, key: str) -> int:
    """Of an array."""
    (n,) = struct.unpack_from("<Q", entry, 8 + len(key) + 4 + 4)
    return n
