"""How fast this machine is with a model: what `bytefim bench` measures.

Raw speed is that of the model alone; what a user feels is measured through the real engine, with a built-in text that
is typed without a pause. Knows neither the command line nor the editor.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from statistics import mean

from byte_fim.errors import BadModelFile
from byte_fim.model import TokenModel
from lsp_server.command_line.speed import SAMPLE, measure_aborts, measure_speed, peak_memory_mib
from lsp_server.documents.request import CompletionRequest
from lsp_server.engine.engine import Engine
from lsp_server.engine.state import EngineState
from lsp_server.model.load_params import params_of
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.model.process import ModelProcess
from lsp_server.model.stopwatch import Clock
from lsp_server.model.worker import Worker
from lsp_server.settings import DEFAULTS, Settings
from lsp_server.suggestion.answer import Answer
from lsp_server.system.percentiles import percentile

Load = Callable[..., LoadedModel]
"""As `load_model`."""
Tell = Callable[[str], None]
"""Takes one line for whoever waits."""
Figures = dict[str, str | float | int | None]

TYPED = b"def average(values):\n    total = sum(values)\n    return total / len(values)\n"
_ABOVE_SHARE = 0.75  # of the file stands above what is typed
_NAMES_FOR_PEOPLE = {
    "model": "model",
    "load_ms": "loading the model, ms",
    "prompt_tokens_per_s": "reading a prompt, tokens/s",
    "generated_tokens_per_s": "generating, tokens/s",
    "first_suggestion_ms": "first suggestion in a new file, ms",
    "file_tokens": "  the file, tokens",
    "keystroke_p50_ms": "suggestion after a keystroke, ms, median",
    "keystroke_p95_ms": "  95th percentile",
    "keystrokes": "  keystrokes",
    "decoded_per_keystroke": "  tokens evaluated per keystroke",
    "typed_through": "  served by typing through a suggestion",
    "typed_through_p95_ms": "  those, ms, 95th percentile",
    "abort_p50_ms": "stopping in the middle of a prompt, ms, median",
    "abort_max_ms": "  longest",
    "peak_mib": "memory, MiB",
}
_URI = "file:///bench.py"
_ABORTED_PROMPT_S = 1.0  # a prompt that takes longer is shortened
_TYPING_LIMIT_S = 5.0  # a slow machine has fewer keystrokes
_LOADING_LIMIT_S = 600.0
_ENDLESS_MS = 60_000  # what is measured must not be cut off by a deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is measured; the default takes some ten seconds with a small model."""

    n_file_tokens: int = 1000
    n_keystrokes: int = len(TYPED)
    n_aborts: int = 10


def collect_figures(
    model_name: str | None = None,
    *,
    effort: Effort = Effort(),
    settings: Settings = DEFAULTS,
    load: Load = load_model,
    make_worker: Callable[[], Worker] = ModelProcess,
    clock: Clock = time.perf_counter,
    tell: Tell = lambda line: None,
) -> Figures:
    """All that `bytefim bench` says, by name; None where there was nothing to measure. Raises ModelError."""
    loading = partial(
        load,
        model_name or settings.model,
        params=params_of(settings),
        require_fim=False,
    )
    tell("loading the model")
    began_s = clock()
    loaded = loading()
    try:
        load_ms = _ms(clock() - began_s)
        tell("reading a prompt, generating tokens")
        speed = measure_speed(loaded, clock=clock)
        tell("stopping in the middle")
        n_tokens = int(speed["prompt_tokens_per_s"] * _ABORTED_PROMPT_S)
        aborts_ms = measure_aborts(loaded, n_tokens=n_tokens, n_aborts=effort.n_aborts, clock=clock)
        text = _make_file(loaded.model, effort.n_file_tokens)
        n_file_tokens = len(loaded.model.tokenize(text))
    finally:
        loaded.close()
    tell("typing")
    layout = settings.layout if loaded.fim.is_complete else "plain"
    patient = replace(settings, model=str(loaded.path), layout=layout, enabled=True, deadline_ms=_ENDLESS_MS)
    felt = _measure_typing(make_worker, patient, text, n_keystrokes=effort.n_keystrokes, clock=clock)
    return {
        "model": loaded.name,
        "load_ms": load_ms,
        **speed,
        "file_tokens": n_file_tokens,
        **felt,
        "abort_p50_ms": percentile(aborts_ms, 0.5),
        "abort_max_ms": percentile(aborts_ms, 1.0),
        "peak_mib": peak_memory_mib(),
    }


def render(figures: Mapping[str, str | float | int | None]) -> str:
    """The figures for people."""
    width = max(map(len, _NAMES_FOR_PEOPLE.values()))
    return "\n".join(f"{said:<{width}}  {_shown(figures[name])}" for name, said in _NAMES_FOR_PEOPLE.items())


def _make_file(model: TokenModel, n_tokens: int) -> bytes:
    """Functions that resemble each other, so many tokens of them."""
    text = b""
    while len(model.tokenize(text)) < n_tokens:
        text += SAMPLE.replace(b"add", b"add_%d" % text.count(b"def "))
    return text


def _measure_typing(
    make_worker: Callable[[], Worker], settings: Settings, text: bytes, *, n_keystrokes: int, clock: Clock
) -> Figures:
    """What a user feels: the first suggestion in a file, then one after each key of a function that he types."""
    above = text.rfind(b"\n\n\n", 0, int(len(text) * _ABOVE_SHARE)) + 3
    before, after = text[:above], text[above:]
    answers: list[tuple[float, Answer]] = []
    with running_engine(make_worker, settings) as engine:
        first_ms, _ = _ask(engine, before, after, version=0, clock=clock)
        began_s = clock()
        for i in range(n_keystrokes):
            if clock() - began_s > _TYPING_LIMIT_S:
                break
            answers.append(_ask(engine, before + TYPED[: i + 1], after, version=i + 1, clock=clock))
    return {"first_suggestion_ms": first_ms, **_sum_up(answers)}


@contextmanager
def running_engine(make_worker: Callable[[], Worker], settings: Settings) -> Generator[Engine]:
    """The real engine, ready; closed at the end. Raises BadModelFile."""
    is_told = threading.Event()
    states: list[EngineState] = []

    def on_state(state: EngineState) -> None:
        states.append(state)
        if state.state != "loading":
            is_told.set()

    engine = Engine(make_worker, settings, on_state=on_state)
    try:
        if not is_told.wait(_LOADING_LIMIT_S) or states[-1].state == "error":
            raise BadModelFile(states[-1].message)
        yield engine
    finally:
        engine.close()


def _ask(engine: Engine, prefix: bytes, suffix: bytes, *, version: int, clock: Clock) -> tuple[float, Answer]:
    """As the server does when a key has been typed: milliseconds, and the answer."""
    began_s = clock()
    column = len(prefix) - prefix.rfind(b"\n") - 1
    request = CompletionRequest(
        uri=_URI,
        version=version,
        language="python",
        prefix=prefix,
        suffix=suffix,
        cursor_offset_bytes=len(prefix),
        line=prefix.count(b"\n"),
        replace_start=column,
        replace_end=column,
        is_invoked=True,  # what is measured must not depend on how sure the model is
    )
    if engine.find_followed(_URI) is not None:
        engine.change(request)
    answer = engine.submit(request).result(2 * _ENDLESS_MS / 1000)
    return _ms(clock() - began_s), answer


def _sum_up(answers: Sequence[tuple[float, Answer]]) -> Figures:
    all_ms = [ms for ms, _ in answers]
    through_ms = [ms for ms, answer in answers if answer.served_by == "typing through"]
    decoded = [answer.tokens.get("decoded", 0) for _, answer in answers]
    return {
        "keystrokes": len(answers),
        "keystroke_p50_ms": percentile(all_ms, 0.5),
        "keystroke_p95_ms": percentile(all_ms, 0.95),
        "decoded_per_keystroke": round(mean(decoded), 2) if decoded else None,
        "typed_through": len(through_ms),
        "typed_through_p95_ms": percentile(through_ms, 0.95),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _shown(value: str | float | int | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.1f}" if value >= 1 else f"{value:.2g}"
    return str(value)
