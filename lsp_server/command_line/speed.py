"""How fast a loaded model reads, generates and stops, and how much memory it took. Knows no engine and no editor."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence

from byte_fim.errors import DecodeAborted
from byte_fim.model import TokenModel
from lsp_server.model.loading import LoadedModel
from lsp_server.model.stopwatch import Clock

SAMPLE = b"def add(left, right):\n    total = left + right\n    return total\n\n\n"
_PROMPT_TOKENS = 256
_GENERATED_TOKENS = 32
_GENERATING_LIMIT_S = 3.0  # a big model on a slow machine generates fewer tokens instead


def measure_speed(loaded: LoadedModel, *, clock: Clock) -> dict[str, float]:
    """`prompt_tokens_per_s` and `generated_tokens_per_s`, in a second or so."""
    model = loaded.model
    prompt = _make_prompt(loaded, min(_PROMPT_TOKENS, model.n_context_tokens - _GENERATED_TOKENS))
    model.next_token_logprobs([prompt[1:]])  # the first evaluation pays for memory and for waking the threads
    return {
        "prompt_tokens_per_s": _tokens_per_s(model, clock, lambda: model.next_token_logprobs([prompt])),
        "generated_tokens_per_s": _tokens_per_s(model, clock, lambda: _generate(model, prompt, clock)),
    }


def measure_aborts(loaded: LoadedModel, *, n_tokens: int, n_aborts: int, clock: Clock) -> list[float]:
    """Milliseconds from the request to a model that is idle, at moments spread over the evaluation of a prompt of so
    many tokens (at most the context); fewer than `n_aborts` when some came too late.
    """
    model = loaded.model
    prompt = _make_prompt(loaded, min(n_tokens, model.n_context_tokens))
    model.forget()
    began_s = clock()
    model.next_token_logprobs([prompt])
    whole_s = clock() - began_s
    took = [abort_once(loaded, prompt, after_s=whole_s * (i + 0.5) / n_aborts, clock=clock) for i in range(n_aborts)]
    return [ms for ms in took if ms is not None]


def abort_once(loaded: LoadedModel, prompt: Sequence[int], *, after_s: float, clock: Clock) -> float | None:
    """Milliseconds from a request, made `after_s` into the evaluation of the whole prompt, to the end of it; None when
    that came first.
    """
    requested_s: list[float] = []

    def request() -> None:
        requested_s.append(clock())
        loaded.set_abort(True)

    loaded.model.forget()
    timer = threading.Timer(after_s, request)
    timer.start()
    try:
        loaded.model.next_token_logprobs([prompt])
    except DecodeAborted:
        return (clock() - requested_s[0]) * 1000
    finally:
        timer.cancel()
        timer.join()
        loaded.set_abort(False)
    return None


def peak_memory_mib() -> float | None:
    """The most memory this process has held, in MiB; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)  # bytes on macOS, KiB elsewhere


def _make_prompt(loaded: LoadedModel, n_tokens: int) -> list[int]:
    text = loaded.model.tokenize(SAMPLE)
    return [*loaded.fim.start_ids, *(text * (n_tokens // len(text) + 1))][: max(2, n_tokens)]


def _tokens_per_s(model: TokenModel, clock: Clock, work: Callable[[], object]) -> float:
    """Counts what was really evaluated, so that reused tokens do not flatter."""
    before, began_s = model.counts, clock()
    work()
    return round(model.counts.since(before).decoded_tokens / max(clock() - began_s, 1e-9), 1)


def _generate(model: TokenModel, prompt: Sequence[int], clock: Clock) -> None:
    """Greedily, as suggestions are."""
    stream, began_s = model.stream(prompt), clock()
    chosen: tuple[int, ...] = ()
    for _ in range(min(_GENERATED_TOKENS, model.n_context_tokens - len(prompt))):
        if clock() - began_s > _GENERATING_LIMIT_S:
            break
        chosen = (int(stream.step(chosen)[()].argmax()),)
