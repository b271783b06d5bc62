"""What a generated token costs beyond `llama_decode`: our stream and greedy choice beside a bare loop of decodes.

Both evaluate the same 64 tokens after the same prompt, one by one, interleaved; the evaluation of the prompt is not
timed. The bare loop has a context of its own on the same weights, with the same number of threads, and knows the tokens
beforehand: it looks at no logits. What follows a stop is nonsense, but costs the same.
"""

# The bindings of llama.cpp are generated and untyped.
# pyright: basic

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
from cursors import sample_cursors
from report import finish, make_parser, show_table

from byte_fim.backends.llama_cpp import LlamaCppModel
from byte_fim.backends.llama_cpp.library import Handle, lib
from byte_fim.choose import choose
from lsp_server.model.load_params import LoadParams
from lsp_server.model.loading import load_model
from lsp_server.system.percentiles import percentile

N_TOKENS = 64
PROMPT_TOKENS = (32, 256, 768)
N_BATCH_TOKENS = 512


class Bare:
    """The least that evaluates a token."""

    def __init__(self, model: LlamaCppModel) -> None:
        theirs = model._context
        wanted = lib.llama_context_default_params()
        wanted.n_ctx = lib.llama_n_ctx(theirs)
        wanted.n_batch = wanted.n_ubatch = N_BATCH_TOKENS
        wanted.n_threads = lib.llama_n_threads(theirs)
        wanted.n_threads_batch = lib.llama_n_threads_batch(theirs)
        wanted.flash_attn_type = lib.LLAMA_FLASH_ATTN_TYPE_DISABLED  # as RuntimeParams has it
        wanted.no_perf = True
        self._context: Handle = lib.llama_init_from_model(model._model, wanted)
        self._memory: Handle = lib.llama_get_memory(self._context)
        self._one = (lib.llama_token * 1)()
        self._batch = lib.llama_batch_get_one(self._one, 1)

    def time(self, prompt: Sequence[int], tokens: Sequence[int]) -> float:
        """Seconds for the tokens, after the prompt."""
        lib.llama_memory_clear(self._memory, True)
        for start in range(0, len(prompt), N_BATCH_TOKENS):
            piece = prompt[start : start + N_BATCH_TOKENS]
            tokens_of_piece = (lib.llama_token * len(piece))(*piece)  # the batch only points to it
            self._decode(lib.llama_batch_get_one(tokens_of_piece, len(piece)))
        began_s = time.perf_counter()
        for token in tokens:
            self._one[0] = token
            self._decode(self._batch)
        return time.perf_counter() - began_s

    def close(self) -> None:
        lib.llama_free(self._context)

    def _decode(self, batch: Handle) -> None:
        code = lib.llama_decode(self._context, batch)
        assert code == 0, f"llama_decode failed with code {code}"


def time_ours(model: LlamaCppModel, prompt: Sequence[int]) -> tuple[float, list[int]]:
    """Seconds for greedy generation after the prompt, and the tokens that were evaluated."""
    random = np.random.default_rng(0)
    model.forget()
    stream = model.stream(prompt)
    scores = stream.step(())[()]
    tokens: list[int] = []
    began_s = time.perf_counter()
    for _ in range(N_TOKENS):
        token, _ = choose(scores, model.vocab, temperature=0.0, top_p=1.0, random=random)
        tokens.append(token)
        scores = stream.step((token,))[()]
    return time.perf_counter() - began_s, tokens


def main() -> None:
    parser = make_parser(__doc__ or "", limit=48, counted="pairs")
    parser.add_argument("--threads", type=int, help="default: what calibration chose")
    arguments = parser.parse_args()
    loaded = load_model(arguments.model, params=LoadParams(n_threads=arguments.threads))
    model = loaded.model
    assert isinstance(model, LlamaCppModel)
    text = b"".join(cursor.text for cursor in sample_cursors(4, seed=arguments.seed, balanced=False))
    source = model.tokenize(text[: 16 * model.n_context_tokens])
    lengths = [n for n in PROMPT_TOKENS if n + N_TOKENS <= model.n_context_tokens]
    bare, n_threads = Bare(model), lib.llama_n_threads(model._context)
    rows: list[list[object]] = []
    ratios: list[float] = []
    by_length: dict[str, dict[str, float]] = {}
    for length in lengths:
        pairs = measure(model, bare, source[:length], n_pairs=-(-arguments.limit // len(lengths)))
        ratios += [ours / theirs for ours, theirs in pairs]
        figures = {
            "median_ratio": statistics.median(ours / theirs for ours, theirs in pairs),
            "ours_ms": statistics.median(ours for ours, _ in pairs) * 1000 / N_TOKENS,
            "bare_ms": statistics.median(theirs for _, theirs in pairs) * 1000 / N_TOKENS,
        }
        by_length[str(length)] = figures
        rows.append([length, *figures.values(), len(pairs)])
    bare.close()
    loaded.close()
    if not arguments.json:
        show_table(["prompt tokens", "ratio p50", "ours ms/token", "bare ms/token", "pairs"], rows)
    finish(
        {
            "median_ratio": statistics.median(ratios),
            "p95_ratio": percentile(ratios, 0.95),
            "pairs": len(ratios),
            "tokens": N_TOKENS,
            "threads": n_threads,
            "by_prompt_tokens": by_length,
        }
    )


def measure(model: LlamaCppModel, bare: Bare, prompt: Sequence[int], *, n_pairs: int) -> list[tuple[float, float]]:
    """Seconds of ours and of the bare loop, side by side."""
    pairs: list[tuple[float, float]] = []
    _, tokens = time_ours(model, prompt)
    bare.time(prompt, tokens)
    for i in range(n_pairs):
        if i % 2:  # neither side always comes second
            theirs, ours = bare.time(prompt, tokens), time_ours(model, prompt)[0]
        else:
            ours, theirs = time_ours(model, prompt)[0], bare.time(prompt, tokens)
        pairs.append((ours, theirs))
    return pairs


if __name__ == "__main__":
    main()
