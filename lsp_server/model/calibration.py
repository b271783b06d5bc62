"""Chooses threads and batch sizes for a loaded model by measuring it for about a second. Knows no runtime.

What is measured, how it is judged and why: docs/decisions/0006. The first few starts measure, and what the calmest of
them found is remembered per native library, model file, parameters and machine. Whatever goes wrong, the model works
on with what was found before, or with the defaults.
"""

from __future__ import annotations

import logging
import math
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

from byte_fim.backends.processors import MAX_THREADS, OPENMP_SETTINGS, usable_processors
from byte_fim.errors import DecodeAborted, ModelError
from byte_fim.model import TokenModel
from lsp_server.model.load_params import LoadParams
from lsp_server.model.stopwatch import Clock, Miscounted, OutOfTime, Stopwatch
from lsp_server.store.file import key_of
from lsp_server.system.findings import Findings, find_cache_file

CACHE_FILE = "calibrations.json"
N_MEASUREMENTS = 3  # an editor's start is when a machine is busy; each costs the user a second
MAX_DRAFTED_TOKENS = 8
PIECES_TOKENS = (16, 32, 64, 128, 256, 512)
DEFAULT_PIECE_TOKENS = 64  # larger ones save a few percent at best, where the processor evaluates
MAX_CALL_S = 0.040  # an abort is to be felt within 50 ms, and some runtimes only heed it between calls
NEAR_TOKEN, NEAR_PROMPT = 1.3, 1.5
"""What takes at most this many times the least counts as equally fast."""

_PROMPT_TOKENS = 16  # to compare threads on
_STEPS_PER_TURN = 3  # after one that wakes the threads
_PIECE_TURNS = 3
_log = logging.getLogger(__name__)


class TunableModel(TokenModel, Protocol):
    """A model whose runtime can be told how to work."""

    def tune(self, *, n_threads: int, n_threads_prompt: int, n_piece_tokens: int) -> None:
        """Threads for one token and for many, and the most tokens of one call. Changes no answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """How a model runs well on this machine."""

    n_threads: int
    """for one token"""
    n_threads_prompt: int
    """for several tokens together"""
    n_piece_tokens: int
    """the most tokens of one call"""
    step_costs: tuple[float, ...] = ()
    """Time of evaluating k + 1 tokens in one call relative to one token, k = 0..8; empty when it is not known."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was chosen for a model, and how."""

    tuning: Tuning
    summary: str
    """One line for people."""

    def facts(self) -> dict[str, str]:
        """For people, by name."""
        tuning = self.tuning
        return {
            "threads": f"{tuning.n_threads} for one token, {tuning.n_threads_prompt} for prompts",
            "piece_tokens": str(tuning.n_piece_tokens),
            "step_costs": " ".join(f"{cost:.2g}" for cost in tuning.step_costs) or "not known",
            "calibration": self.summary,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    """What is remembered."""

    tuning: Tuning
    """of the calmest measurement"""
    yardstick_ms: float
    """Time of a call with 1 token, one with 2, and so on to 9, added up: the less, the calmer was the machine. Infinite
    when there was no time to measure it."""
    n_measurements: int
    """of which this is the calmest"""


def calibrate(
    model: TunableModel,
    path: Path,
    params: LoadParams,
    *,
    n_processors: int | None = None,
    cache_file: Path | None = None,
    clock: Clock = time.perf_counter,
) -> Calibration:
    """Tunes the model, loaded from `path` with `params`, and says how. On the thread that owns it; leaves it empty.

    The first `N_MEASUREMENTS` times it costs about a second, with slow models up to three, later a look into the cache.
    A number of threads in `params` is kept. `n_processors`: those that this process may use.
    """
    n_processors = n_processors or usable_processors()
    candidates = _thread_candidates(params, n_processors)
    findings = Findings(cache_file or find_cache_file(CACHE_FILE), "tuned")
    key = _key(path, params, n_processors)
    found, summary = _read(findings.find(key)), "measured earlier"
    if found is None or found.n_measurements < N_MEASUREMENTS:
        watch = Stopwatch(model, clock)
        try:
            found = _calmest(found, _Tuner(model, watch, candidates).choose())
            findings.keep(key, asdict(found))
            summary = f"measured now in {watch.elapsed_s():.1f} s ({found.n_measurements} of {N_MEASUREMENTS})"
        except (ModelError, DecodeAborted, Miscounted) as error:
            reason = str(error) or type(error).__name__
            _log.warning("calibration failed, the model runs as before or with the defaults: %s", reason)
            summary = f"not measured: {reason}"
        finally:
            model.forget()
    tuning = found.tuning if found else _defaults(candidates)
    model.tune(
        n_threads=tuning.n_threads, n_threads_prompt=tuning.n_threads_prompt, n_piece_tokens=tuning.n_piece_tokens
    )
    return Calibration(tuning, summary)


def find_token_s(path: Path, *, n_processors: int | None = None, cache_file: Path | None = None) -> float | None:
    """How long one token took, in seconds, when the model in this file was calibrated without settings; None where it
    was not. Raises BadModelFile when there is no native library.
    """
    findings = Findings(cache_file or find_cache_file(CACHE_FILE), "tuned")
    for use_extra_buffers in (True, False):
        params = LoadParams(use_extra_buffers=use_extra_buffers)
        key = _key(path, params, n_processors or usable_processors())
        found = _read(findings.find(key))
        if found is not None and found.tuning.step_costs and math.isfinite(found.yardstick_ms):
            return found.yardstick_ms / 1000 / sum(found.tuning.step_costs)
    return None


def _key(path: Path, params: LoadParams, n_processors: int) -> str:
    return key_of(
        path, params.circumstances(), n_processors, platform.machine(), platform.processor(), _openmp_settings()
    )


def _thread_candidates(params: LoadParams, n_processors: int) -> Sequence[int]:
    """Most first: what the most take tells how long fewer may take."""
    if params.n_threads:
        return (params.n_threads,)
    most = min(MAX_THREADS, n_processors)
    return sorted({most, max(1, most // 2), 1}, reverse=True)


def _defaults(candidates: Sequence[int]) -> Tuning:
    return Tuning(n_threads=candidates[0], n_threads_prompt=candidates[0], n_piece_tokens=DEFAULT_PIECE_TOKENS)


def _calmest(known: _Finding | None, new: _Finding) -> _Finding:
    """The calmer of the two, as the calmest of all measurements so far."""
    if known is None:
        return new
    calmer = min(known, new, key=lambda finding: finding.yardstick_ms)
    return replace(calmer, n_measurements=known.n_measurements + new.n_measurements)


class _Tuner:
    """The four choices, one after the other, each with those before it in force."""

    def __init__(self, model: TunableModel, watch: Stopwatch, candidates: Sequence[int]) -> None:
        self._model = model
        self._watch = watch
        self._candidates = candidates

    def choose(self) -> _Finding:
        """Raises ModelError, DecodeAborted and Miscounted."""
        self._run_with(self._candidates[0], self._candidates[0])
        self._watch.start_stream()  # of one token: what it takes says whether there is time for more
        # prompts first: what they leave in the KV cache is about a document's worth, and makes tokens dearer
        n_threads_prompt = self._choose_threads_prompt()
        self._run_with(n_threads_prompt, n_threads_prompt)
        n_piece_tokens = self._choose_piece()
        n_threads = self._choose_threads()
        self._run_with(n_threads, n_threads_prompt)
        step_times_s = self._find_step_times_s()
        tuning = Tuning(
            n_threads=n_threads,
            n_threads_prompt=n_threads_prompt,
            n_piece_tokens=n_piece_tokens,
            step_costs=tuple(round(time_s / step_times_s[0], 3) for time_s in step_times_s),
        )
        yardstick_ms = round(1000 * sum(step_times_s), 3) if step_times_s else math.inf
        return _Finding(tuning=tuning, yardstick_ms=yardstick_ms, n_measurements=1)

    def _choose_threads_prompt(self) -> int:
        """The most that are fast: with fewer a prompt loses much, and gains little when a processor is busy."""

        def measure(n_threads: int) -> Iterator[float]:
            self._run_with(n_threads, n_threads)
            yield self._watch.time_prompt(_PROMPT_TOKENS)

        return max(self._find_fast_threads(measure, NEAR_PROMPT))

    def _choose_piece(self) -> int:
        """The most prompt tokens whose call is short enough, as far as there is time to try."""
        chosen = PIECES_TOKENS[0]
        for n_tokens in PIECES_TOKENS:
            if n_tokens > self._model.n_context_tokens:
                break
            times_s = self._watch.compare(
                {n_tokens: lambda n=n_tokens: [self._watch.time_prompt(n)]}, n_turns=_PIECE_TURNS
            )
            if times_s.get(n_tokens, math.inf) > MAX_CALL_S:
                break
            chosen = n_tokens
        return chosen

    def _choose_threads(self) -> int:
        """The fewest that are fast: with more a token gains little, and loses much when a processor is busy."""

        def measure(n_threads: int) -> Iterator[float]:
            self._run_with(n_threads, n_threads)
            stream = self._watch.start_stream()
            for _ in range(_STEPS_PER_TURN):
                yield self._watch.time_step(stream)

        return min(self._find_fast_threads(measure, NEAR_TOKEN))

    def _find_fast_threads(self, measure: Callable[[int], Iterator[float]], near: float) -> Sequence[int]:
        """Candidates that are as good as the fastest; the first one alone when there is nothing to compare."""
        if len(self._candidates) == 1:
            return self._candidates
        times_s = self._watch.compare({n: partial(measure, n) for n in self._candidates})
        least_s = min(times_s.values(), default=0.0)
        return [n for n, time_s in times_s.items() if time_s <= near * least_s] or self._candidates[:1]

    def _find_step_times_s(self) -> Sequence[float]:
        """As in `Tuning.step_costs`; where time ran out, each token takes what those before it took on average."""
        try:
            stream = self._watch.start_stream()
        except OutOfTime:
            return ()

        def measure(n_drafted_tokens: int) -> Iterator[float]:
            if not n_drafted_tokens:  # without drafts, tokens come in runs, for which runtimes prepare only once
                self._watch.time_step(stream)
            yield self._watch.time_step(stream, n_drafted_tokens=n_drafted_tokens)

        times_s = self._watch.compare({k: partial(measure, k) for k in range(MAX_DRAFTED_TOKENS + 1)})
        while times_s and len(times_s) <= MAX_DRAFTED_TOKENS:
            n = len(times_s)
            times_s[n] = times_s[n - 1] * (n + 1) / n
        return tuple(times_s.values())

    def _run_with(self, n_threads: int, n_threads_prompt: int) -> None:
        self._watch.slowdown = self._candidates[0] / min(n_threads, n_threads_prompt)
        self._model.tune(n_threads=n_threads, n_threads_prompt=n_threads_prompt, n_piece_tokens=PIECES_TOKENS[-1])


def _read(finding: object) -> _Finding | None:
    """What earlier calibrations found; None for anything else."""
    try:
        found = _Finding(**cast("dict[str, Any]", finding))
        tuning = Tuning(**cast("dict[str, Any]", found.tuning))
        least = min(
            tuning.n_threads, tuning.n_threads_prompt, found.yardstick_ms, found.n_measurements, *tuning.step_costs
        )
        if not least > 0 or tuning.n_piece_tokens not in PIECES_TOKENS:
            return None
        return replace(found, tuning=replace(tuning, step_costs=tuple(tuning.step_costs)))
    except TypeError:
        return None


def _openmp_settings() -> Sequence[tuple[str, str]]:
    """How threads wait for each other decides how many are too many (docs/decisions/0002)."""
    # as it will be once the library is loaded
    return sorted(item for item in {**OPENMP_SETTINGS, **os.environ}.items() if item[0].startswith(("OMP_", "GOMP_")))
