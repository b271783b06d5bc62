"""How soon the model is idle after it was told to stop: aborts at random moments of a long prompt's evaluation.

From the request, made by another thread, to DecodeAborted, beside the time that one piece of the prompt takes: the
model looks at the flag between the operations of a piece, so less than a piece is to be expected. After each abort the
same prompt is asked again and its answer compared with that of an empty cache.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cursors import sample_cursors
from report import finish, make_parser, show_table

from byte_fim.model import TokenModel
from lsp_server.command_line.speed import abort_once
from lsp_server.model.load_params import LoadParams
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.system.percentiles import percentile

N_CONTEXT_TOKENS = 4096
N_PROMPT_TOKENS = 2000


@dataclass(slots=True)
class Aborts:
    """What was measured."""

    took_ms: list[float] = field(default_factory=list[float])
    n_too_late: int = 0
    """The evaluation ended before the request."""
    n_wrong_after: int = 0
    """The prompt's likeliest token was another than from an empty cache."""


def main() -> None:
    arguments = make_parser(__doc__ or "", limit=60, counted="aborts").parse_args()
    loaded = load_model(arguments.model, params=LoadParams(n_context_tokens=N_CONTEXT_TOKENS))
    model = loaded.model
    prompt = make_prompt(model, seed=arguments.seed)
    n_piece_tokens = int(loaded.facts["piece_tokens"])
    model.next_token_logprobs([prompt])  # the first evaluation pays for memory
    pieces_ms = time_pieces(model, prompt, n_piece_tokens)
    aborts = measure(loaded, prompt, n_aborts=arguments.limit, chance=random.Random(arguments.seed))
    piece_ms = statistics.median(pieces_ms)
    p95_ms = percentile(aborts.took_ms, 0.95)
    result = {
        "aborts": len(aborts.took_ms),
        "abort_p50_ms": percentile(aborts.took_ms, 0.5),
        "abort_p95_ms": p95_ms,
        "abort_max_ms": percentile(aborts.took_ms, 1.0),
        "piece_tokens": n_piece_tokens,
        "piece_median_ms": piece_ms,
        "p95_per_piece": None if p95_ms is None else p95_ms / piece_ms,
        "prompt_tokens": len(prompt),
        "too_late": aborts.n_too_late,
        "wrong_after_abort": aborts.n_wrong_after,
    }
    if not arguments.json:
        show_table(["figure", "value"], [[name, value] for name, value in result.items()])
    finish(result)


def make_prompt(model: TokenModel, *, seed: int) -> list[int]:
    """So many tokens of real source."""
    text = b"".join(cursor.text for cursor in sample_cursors(4, seed=seed, balanced=False))
    tokens = model.tokenize(text[: N_PROMPT_TOKENS * 16])
    return (tokens * (N_PROMPT_TOKENS // len(tokens) + 1))[:N_PROMPT_TOKENS]


def time_pieces(model: TokenModel, prompt: Sequence[int], n_piece_tokens: int) -> list[float]:
    """Milliseconds of each piece of the prompt, one call for each."""
    model.forget()
    took_ms: list[float] = []
    for end in range(n_piece_tokens, len(prompt) + 1, n_piece_tokens):
        before, began_s = model.counts, time.perf_counter()
        model.next_token_logprobs([prompt[:end]])
        took_ms.append((time.perf_counter() - began_s) * 1000)
        done = model.counts.since(before)
        assert (done.decoded_tokens, done.decode_calls) == (n_piece_tokens, 1), f"{done} is not one piece"
    return took_ms


def measure(loaded: LoadedModel, prompt: Sequence[int], *, n_aborts: int, chance: random.Random) -> Aborts:
    """Aborts at moments spread over the time that the whole prompt takes."""
    model, aborts = loaded.model, Aborts()
    model.forget()
    began_s = time.perf_counter()
    expected = int(model.next_token_logprobs([prompt])[0].argmax())
    whole_s = time.perf_counter() - began_s
    for _ in range(4 * n_aborts):
        if len(aborts.took_ms) == n_aborts:
            break
        took_ms = abort_once(loaded, prompt, after_s=chance.uniform(0, whole_s), clock=time.perf_counter)
        if took_ms is None:
            aborts.n_too_late += 1
            continue
        aborts.took_ms.append(took_ms)
        aborts.n_wrong_after += int(model.next_token_logprobs([prompt])[0].argmax()) != expected
    return aborts


if __name__ == "__main__":
    main()
