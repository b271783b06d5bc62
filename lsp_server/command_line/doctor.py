"""What is installed, what works, how fast, and what would stop a suggestion: the facts behind `bytefim doctor`.

A broken model or library is a fact like any other, never an error. Knows neither the command line nor the editor.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from byte_fim.errors import BadModelFile, ModelError
from lsp_server.command_line.speed import measure_speed, peak_memory_mib
from lsp_server.editor.statistics import read_statistics
from lsp_server.model import project_words
from lsp_server.model.load_params import params_of
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.model.several_models import member_weights
from lsp_server.model.stopwatch import Clock
from lsp_server.model.trial import try_library
from lsp_server.model.verdict import Verdict, find_verdict
from lsp_server.settings import DECLARED, DEFAULTS, Settings
from lsp_server.store.catalog import Catalog, find_model, read_catalog, verify

Fact = None | bool | int | float | str | Sequence[str]
Facts = dict[str, dict[str, Fact]]
"""Section -> name -> fact. Sections: see `collect_facts`."""

_PACKAGES = ("bytefim", "llama-cpp-python", "numpy", "pygls", "lsprotocol")
_SUGGESTION_TOKENS = 12  # what one line takes


def collect_facts(
    model_name: str | None = None,
    *,
    settings: Settings = DEFAULTS,
    warnings: Sequence[str] = (),
    catalog: Catalog | None = None,
    load: Callable[..., LoadedModel] = load_model,
    judge_file: Callable[..., Verdict] = find_verdict,
    count: Callable[[], Mapping[str, object]] = read_statistics,
    clock: Clock = time.perf_counter,
) -> Facts:
    """Sections versions, llama.cpp, model, speed, memory, settings, statistics, verdict; empty when it cannot be had.
    Of several models `members` says how each takes part; the other sections are about the first.

    `warnings` are about the settings and become hints. `verdict` holds `ok` (False: no suggestion will appear),
    `problems`, `hints`, and `silent_where`, what keeps single suggestions from appearing. Loads the model and works it
    for a second or so; a model that was never asked to fill holes is asked now, which takes up to 15 seconds.
    """
    facts: Facts = {"versions": _versions(), "llama.cpp": {}, "model": {}, "speed": {}, "memory": {}}
    problems: list[str] = []
    hints: list[str] = []
    try:
        library = try_library()
        facts["llama.cpp"] = {name: fact for name, fact in library.items() if name != "free_vram_bytes"}
        catalog = catalog or read_catalog()
        model_name = model_name or settings.model
        judged = _judge_file(model_name, settings, catalog=catalog, judge_file=judge_file)
        started_s = clock()
        loaded = _load(model_name, settings, catalog=catalog, load=load)
        try:
            facts["model"] = {**_describe(loaded, settings), "load_ms": round(1000 * (clock() - started_s), 1)}
            facts["model"]["fim_verdict"] = judged.line
            speed = measure_speed(loaded, clock=clock)
            facts["speed"] = dict(speed)
            problems, hints = _judge(loaded, speed, settings)
            hints += [judged.warning] if judged.warning else []
            facts["memory"] = dict(loaded.memory())
        finally:
            loaded.close()
        if settings.models_beside or settings.project_words:
            facts["members"], unable = _find_members(settings, catalog, loaded.name, load=load, judge_file=judge_file)
            hints += unable
    except ModelError as error:
        problems.append(str(error))
    if not settings.enabled:
        problems.append("Suggestions are switched off; set enabled = true.")
    facts["memory"]["peak_mib"] = peak_memory_mib()
    facts["settings"] = dict(_named(settings))
    facts["statistics"] = _flatten(count()) if settings.statistics else {}
    silent_where = _find_silences(settings)
    hints = [*warnings, *(catalog.complaints if catalog else ()), *hints]
    facts["verdict"] = {"ok": not problems, "problems": problems, "hints": hints, "silent_where": silent_where}
    return facts


def render(facts: Mapping[str, Mapping[str, Fact]]) -> str:
    """The facts for people: one section after the other, the verdict last."""
    lines: list[str] = []
    for section, entries in facts.items():
        if section == "verdict" or not entries:
            continue
        width = max(map(len, entries))
        told = {name: _shown(fact) for name, fact in entries.items()}
        if section == "settings":
            told |= {
                name: f"{told[name]}  (default: {_shown(default)})"
                for name, default in _named(DEFAULTS)
                if entries[name] != default
            }
        lines += [section, *(f"  {name:<{width}}  {text}" for name, text in told.items()), ""]
    verdict = facts["verdict"]
    lines += ["nothing is suggested where", *(f"  {sentence}" for sentence in _sentences(verdict["silent_where"])), ""]
    for kind, mark in (("problems", "problem"), ("hints", "hint")):
        lines += [f"{mark}: {sentence}" for sentence in _sentences(verdict[kind])]
    lines.append(
        "Suggestions should appear." if verdict["ok"] else "No suggestion will appear before the problem is solved."
    )
    return "\n".join(lines)


def _versions() -> dict[str, Fact]:
    versions: dict[str, Fact] = {"python": platform.python_version(), "system": platform.platform()}
    versions["processors"] = os.cpu_count()
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def _judge_file(
    model_name: str | None, settings: Settings, *, catalog: Catalog, judge_file: Callable[..., Verdict]
) -> Verdict:
    """What the file can do, in the way that is known to suit it. Raises ModelError when it cannot be used."""
    found = find_model(model_name, catalog=catalog)
    verify(found)
    judged = judge_file(found.path, params=params_of(settings), family=found.family)
    if not judged.is_usable:
        raise BadModelFile(judged.reason)
    return judged


def _load(
    model_name: str | None, settings: Settings, *, catalog: Catalog, load: Callable[..., LoadedModel]
) -> LoadedModel:
    """The model as the server would load it, but taken without FIM too. Raises ModelError."""
    return load(
        model_name,
        params=params_of(settings),
        require_fim=False,
        catalog=catalog,
    )


def _find_members(
    settings: Settings,
    catalog: Catalog,
    first: str,
    *,
    load: Callable[..., LoadedModel],
    judge_file: Callable[..., Verdict],
) -> tuple[dict[str, Fact], list[str]]:
    """Of each member how it takes part, or why it does not; and the latter as hints."""
    shares = list(member_weights(settings, n_models=1 + len(settings.models_beside)))
    changing = "" if settings.weights else " at first"
    members: dict[str, Fact] = {first: f"weight {shares[0]:.0%}{changing}"}
    hints: list[str] = []
    for name, share in zip(settings.models_beside, shares[1:], strict=True):
        alone = replace(settings, lora=())
        shown = name if name not in members else f"{name} (again)"
        try:
            judged = _judge_file(name, alone, catalog=catalog, judge_file=judge_file)
            loaded = _load(name, alone, catalog=catalog, load=load)
            loaded.close()
            members[shown] = f"weight {share:.0%}{changing}, layout {loaded.layout}; {judged.line}"
        except ModelError as error:
            members[shown] = f"does not take part: {error}"
            hints.append(f"{name} does not take part: {error}")
    if settings.project_words:
        members[project_words.NAME] = f"weight {project_words.SHARE:.0%}{changing}"
    return members, hints


def _describe(loaded: LoadedModel, settings: Settings) -> dict[str, Fact]:
    fim = loaded.fim
    return {
        "name": loaded.name,
        "path": str(loaded.path),
        "fim": "yes" if fim.is_complete else "no",
        "fim_ids": f"prefix {fim.prefix_id}, suffix {fim.suffix_id}, middle {fim.middle_id}",
        "layout": loaded.layout if settings.layout == "auto" else settings.layout,
        **loaded.facts,
    }


def _judge(loaded: LoadedModel, speed: Mapping[str, float], settings: Settings) -> tuple[list[str], list[str]]:
    """Problems (nothing will be suggested) and hints (it could be better), as sentences."""
    problems: list[str] = []
    hints: list[str] = []
    if not loaded.fim.is_complete and settings.layout != "plain":
        problems.append(
            f'{loaded.name} has no fill-in-the-middle tokens; set layout = "plain" or choose another model.'
        )
    if loaded.facts.get("use_extra_buffers") == "no":
        hints.append(
            "Repacked weights fail on this machine, so they are not used; another llama.cpp build may be faster."
        )
    n_tokens = loaded.model.n_context_tokens
    prompt_ms = 1000 * n_tokens / max(speed["prompt_tokens_per_s"], 1e-9)
    suggestion_ms = 1000 * _SUGGESTION_TOKENS / max(speed["generated_tokens_per_s"], 1e-9)
    first_ms = prompt_ms + suggestion_ms
    if first_ms > settings.deadline_ms:
        hints.append(
            f"The first suggestion in a long file takes about {first_ms:.0f} ms, longer than deadline_ms ="
            f" {settings.deadline_ms}; raise deadline_ms, set n_threads = 1 if other programs are busy, or choose a"
            " smaller model."
        )
    return problems, hints


def _find_silences(settings: Settings) -> list[str]:
    """What keeps single suggestions from appearing while all is well: ends of `nothing is suggested where`."""
    found: list[str] = []
    if settings.languages_off:
        found.append(f"the language is one of languages_off ({', '.join(settings.languages_off)}), unless asked for")
    if settings.files_off:
        found.append(f"the file is like one of files_off ({', '.join(settings.files_off)}), unless asked for")
    if settings.min_confidence:
        found.append(f"the model is less sure than min_confidence = {settings.min_confidence:g}, unless asked for")
    found.append(f"the model needs longer than deadline_ms = {settings.deadline_ms}")
    found.append("the editor does not ask: it must know inline completion (LSP 3.18), which cannot be seen from here")
    found.append("the editor's own settings say so; the command bytefim.why tells the reason in the editor")
    return found


def _named(settings: Settings) -> Iterable[tuple[str, Fact]]:
    """Names and values, as JSON has them."""
    for name in DECLARED:
        value = cast(Fact, getattr(settings, name))
        yield name, list(value) if isinstance(value, tuple) else value


def _flatten(counts: Mapping[str, object]) -> dict[str, Fact]:
    """Figures inside figures under one name: `latency_ms p50`."""
    flat: dict[str, Fact] = {}
    for name, figure in counts.items():
        if isinstance(figure, Mapping):
            inner = cast(Mapping[str, float], figure)
            flat |= {f"{name} {kind}": number for kind, number in inner.items()}
        else:
            flat[name] = cast(int, figure)
    return flat


def _sentences(fact: Fact) -> Sequence[str]:
    assert isinstance(fact, Sequence)
    return fact


def _shown(fact: Fact) -> str:
    if fact is None or fact == []:
        return "-"
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    if isinstance(fact, Sequence) and not isinstance(fact, str):
        return ", ".join(map(str, fact))
    return f"{fact:,.1f}" if isinstance(fact, float) else str(fact)
