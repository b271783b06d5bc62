"""A GGUF file as a `TokenModel`. Knows neither where files come from nor what is done with the probabilities.

Tolerance of `next_token_logprobs`: see `TokenModel`. With flash attention on, freed cells change the order of
half-precision sums and 1e-2 was seen, so it is off by default.
"""

# pyright: basic

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from byte_fim.backends.llama_cpp import devices, library
from byte_fim.backends.llama_cpp.gguf_file import explain_failure, find_layer_costs, open_model, open_vocabulary
from byte_fim.backends.llama_cpp.kv_lines import MAX_SEQUENCES
from byte_fim.backends.llama_cpp.kv_stream import KvStream
from byte_fim.backends.llama_cpp.kv_tree import KvTree
from byte_fim.backends.llama_cpp.kv_usage import KvUsage, cell_bytes
from byte_fim.backends.llama_cpp.library import lib
from byte_fim.backends.llama_cpp.lora import add_loras
from byte_fim.backends.llama_cpp.offload import choose_n_gpu_layers
from byte_fim.backends.llama_cpp.tokenizer import LlamaTokenizer
from byte_fim.backends.processors import MAX_THREADS, usable_processors
from byte_fim.errors import BadModelFile, ContextTooLong, ModelFailed, OutOfMemory
from byte_fim.fim import FimFormat
from byte_fim.model import DecodeCounts, Float64Array, TokenStream
from byte_fim.vocab import TokenId, Vocab

_CONTEXT_LIMIT_TOKENS = 4096  # more would cost memory and prompt time that a keystroke does not have


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeParams:
    """How a model is loaded."""

    n_context_tokens: int | None = None
    """None: what the model was trained for, at most 4096."""
    n_parked_bytes: int = 64 << 20
    """Memory for texts asked about earlier, beside the KV cache of the one at hand."""
    n_batch_tokens: int = 512
    n_threads: int | None = None
    """None: the processors this process may use, at most 8."""
    n_gpu_layers: int | None = None
    """Layers kept on graphics processors and other machines; None: as many as their free memory holds."""
    rpc_servers: Sequence[str] = ()
    """HOST:PORT of other machines that lend their devices."""
    loras: Sequence[tuple[str, float]] = ()
    """Adapters by path, and how strongly each counts; 0: not at all."""
    fim_texts: Sequence[str] = ()
    """How the vocabulary spells the tokens before prefix, suffix and middle, where llama.cpp does not know it."""
    use_extra_buffers: bool = True
    """False avoids repacked weights and with them the AMX kernels."""
    flash_attention: bool = False


class LlamaCppModel:
    """The adapter. Everything but `set_abort` belongs to the thread that made it."""

    def __init__(self, path: Path, params: RuntimeParams | None = None) -> None:
        """Raises BadModelFile with one sentence when the file cannot be used."""
        params = params or RuntimeParams()
        library.start()
        devices.add_servers(params.rpc_servers)
        self.name = path.name
        self.layer_devices = devices.find_layer_devices(devices.find_devices())
        """What has memory of its own for layers, with what of it was free before."""
        self.n_gpu_layers = self._choose_n_gpu_layers(path, params)
        """Layers that lie there, if the model has so many."""
        library.take_complaints()
        self._model: library.Handle = open_model(
            path, n_gpu_layers=self.n_gpu_layers, use_extra_buffers=params.use_extra_buffers
        )
        self._context: library.Handle = None
        self._tree: KvTree | None = None
        try:
            handle = lib.llama_model_get_vocab(self._model)
            if lib.llama_model_is_recurrent(self._model) or lib.llama_model_is_hybrid(self._model):
                raise BadModelFile(
                    f"{self.name} is a recurrent model, which cannot share a token tree; choose a transformer model."
                )
            self._tokenizer = LlamaTokenizer(handle, self.name, fim_texts=params.fim_texts)
            self.fim = _fim_format(handle, self._tokenizer.fim_ids)
            self._n_context_tokens = params.n_context_tokens or min(
                lib.llama_model_n_ctx_train(self._model), _CONTEXT_LIMIT_TOKENS
            )
            self._n_cells = self._n_context_tokens + params.n_batch_tokens // 2  # half a batch: for a token tree
            self._context = self._open_context(params)
            add_loras(self._model, self._context, params.loras)
            self._abort_flag = ctypes.create_string_buffer(b"0")
            # atoi reads the flag as "0" or "1": a native callback, because one in Python would take the GIL once per
            # graph node
            self._abort_callback = ctypes.cast(_c_library().atoi, lib.ggml_abort_callback)
            lib.llama_set_abort_callback(
                self._context, self._abort_callback, ctypes.cast(self._abort_flag, ctypes.c_void_p)
            )
            self._tree = KvTree(
                self._context,
                n_vocab=self.vocab.n_tokens,
                n_batch_tokens=params.n_batch_tokens,
                n_cells=self._n_cells,
                n_parked_bytes=params.n_parked_bytes,
                is_aborted=lambda: self._abort_flag[0] == b"1",
            )
        except BaseException:
            self.close()
            raise

    @property
    def vocab(self) -> Vocab:
        return self._tokenizer.vocab

    @property
    def n_context_tokens(self) -> int:
        return self._n_context_tokens

    @property
    def counts(self) -> DecodeCounts:
        return self._require_tree().counts

    @property
    def description(self) -> str:
        """Architecture, size and quantisation as the file says them, for people."""
        buffer = ctypes.create_string_buffer(256)
        lib.llama_model_desc(self._model, buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace")

    @property
    def is_chat(self) -> bool:
        """True when the file comes with a template for conversations."""
        return lib.llama_model_chat_template(self._model, None) is not None

    def kv_usage(self) -> KvUsage:
        """How full the KV cache is."""
        lines = self._require_tree().lines
        parking = lines.parking
        return KvUsage(
            lines.n_cells,
            lines.n_used(),
            lines.n_lines,
            cell_bytes(self._model),
            parking.n_lines,
            parking.n_used_bytes,
        )

    def tokenize(self, text: bytes) -> list[TokenId]:
        return self._tokenizer.tokenize(text)

    def next_token_logprobs(self, contexts: Sequence[Sequence[TokenId]]) -> Float64Array:
        self._require_fitting(min(map(len, contexts)))
        self._require_fitting(max(map(len, contexts)))
        tree = self._require_tree()
        try:
            return tree.logprobs([tuple(context) for context in contexts])
        except ModelFailed:
            tree.forget()
            raise

    def stream(self, context: Sequence[TokenId]) -> TokenStream:
        return KvStream(self._require_tree(), context, require_fitting=self._require_fitting)

    def tune(self, *, n_threads: int, n_threads_prompt: int, n_piece_tokens: int) -> None:
        """Threads for one token and for many, and how many tokens at most are evaluated between two looks at the abort
        flag. Changes no answer beyond the tolerance of `next_token_logprobs`.
        """
        lib.llama_set_n_threads(self._context, n_threads, n_threads_prompt)
        self._require_tree().n_piece_tokens = n_piece_tokens

    def set_abort(self, requested: bool) -> None:
        """From any thread: True ends a running evaluation soon, with DecodeAborted; False lets evaluations run
        again.
        """
        self._abort_flag[0] = b"1" if requested else b"0"

    def forget(self) -> None:
        """Drops the KV cache, so that the next answer is computed afresh."""
        self._require_tree().forget()

    def close(self) -> None:
        """Frees the native memory; the model cannot be used afterwards."""
        if self._tree is not None:
            self._tree.close()
            self._tree = None
        if self._context is not None:
            lib.llama_free(self._context)
            self._context = None
        if self._model is not None:
            lib.llama_model_free(self._model)
            self._model = None

    def _require_fitting(self, n_tokens: int) -> None:
        if not 0 < n_tokens <= self._n_context_tokens:
            raise ContextTooLong(
                f"A context of {n_tokens} tokens does not fit the {self._n_context_tokens} of {self.name};"
                " shorten the prompt."
            )

    def _require_tree(self) -> KvTree:
        if self._tree is None:
            raise ModelFailed(f"{self.name} has been closed; load it again.")
        return self._tree

    def _choose_n_gpu_layers(self, path: Path, params: RuntimeParams) -> int:
        if params.n_gpu_layers is not None:
            return params.n_gpu_layers
        if not self.layer_devices:
            return 0
        costs = find_layer_costs(path, n_cells=params.n_context_tokens or _CONTEXT_LIMIT_TOKENS)
        return choose_n_gpu_layers(costs, [device.free_bytes for device in self.layer_devices])

    def _open_context(self, params: RuntimeParams) -> library.Handle:
        wanted = lib.llama_context_default_params()
        wanted.n_ctx = self._n_cells
        wanted.n_batch = wanted.n_ubatch = params.n_batch_tokens
        wanted.n_seq_max = MAX_SEQUENCES
        wanted.kv_unified = True
        wanted.n_threads = wanted.n_threads_batch = params.n_threads or min(MAX_THREADS, usable_processors())
        on, off = lib.LLAMA_FLASH_ATTN_TYPE_ENABLED, lib.LLAMA_FLASH_ATTN_TYPE_DISABLED
        wanted.flash_attn_type = on if params.flash_attention else off
        wanted.no_perf = True
        context = lib.llama_init_from_model(self._model, wanted)
        if not context:
            raise OutOfMemory(
                f"{self.name} loads, but a context of {self._n_context_tokens} tokens does not fit the memory;"
                " choose a smaller model."
                f"{explain_failure()}"
            )
        return context


def _fim_format(handle: library.Handle, ids: Mapping[str, TokenId]) -> FimFormat:
    starts = (int(lib.llama_vocab_bos(handle)),) if lib.llama_vocab_get_add_bos(handle) else ()
    named = [int(find(handle)) for find in (lib.llama_vocab_eot, lib.llama_vocab_eos, lib.llama_vocab_bos)]
    ends = [token for token in named if token >= 0]
    return FimFormat(
        prefix_id=ids.get("pre"),
        suffix_id=ids.get("suf"),
        middle_id=ids.get("mid"),
        start_ids=starts,
        separator_id=ends[0] if ends else None,
        repository_id=ids.get("rep"),
        file_id=ids.get("sep"),
    )


def _c_library() -> ctypes.CDLL:
    return ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)


class LlamaVocabulary:
    """Vocabulary and tokenizer of a GGUF file without its weights: what `canonical`, `boundary` and `cover` need."""

    def __init__(self, path: Path) -> None:
        """Raises BadModelFile."""
        library.start()
        library.take_complaints()
        self._model = open_vocabulary(path)
        handle = lib.llama_model_get_vocab(self._model)
        self._tokenizer = LlamaTokenizer(handle, path.name)
        self.fim = _fim_format(handle, self._tokenizer.fim_ids)
        self.vocab = self._tokenizer.vocab

    def tokenize(self, text: bytes) -> list[TokenId]:
        return self._tokenizer.tokenize(text)
