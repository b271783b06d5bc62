"""Loads a model, found by name or path, after its native code survived a trial in a throw-away process (`trial`).

Knows neither prompts nor documents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from byte_fim.fim import CutPolicy, FimFormat, Layout
from byte_fim.model import BadModelFile, TokenModel
from lsp_server.model.calibration import Calibration, TunableModel, calibrate
from lsp_server.model.trial import LoadParams, TrialOutcome, try_model
from lsp_server.store.catalog import Catalog, CatalogEntry, find_model

if TYPE_CHECKING:
    from byte_fim.backends.llama_cpp import LlamaCppModel


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model ready for use, with what suits it."""

    name: str
    """catalogue name or file name"""
    path: Path
    model: TokenModel
    fim: FimFormat
    layout: Layout
    """what `auto` means for this model"""
    cut: CutPolicy
    set_abort: Callable[[bool], None]
    """From any thread: True makes a running evaluation end soon with DecodeAborted, False re-arms."""
    facts: Mapping[str, str]
    """How it was loaded, for people."""
    step_costs: tuple[float, ...] = ()
    """Time of evaluating k + 1 tokens in one call relative to one token, k = 0..8; empty when it is not known."""
    memory: Callable[[], Mapping[str, int]] = dict[str, int]
    """What the KV cache holds now, by name: `kv_used_tokens`, `kv_room_tokens`, `kv_lines`, `kv_bytes`,
    `kv_parked_lines`, `kv_parked_bytes`.
    """
    close: Callable[[], None] = lambda: None
    """Frees the native memory; only on the thread that loaded the model."""


def load_model(
    name_or_path: str | None,
    *,
    n_context_tokens: int | None = None,
    n_threads: int | None = None,
    require_fim: bool = True,
    tell: Callable[[str], None] = lambda message: None,
    catalog: Catalog | None = None,
    trial: Callable[[Path, LoadParams], TrialOutcome] = try_model,
    calibration: Callable[[TunableModel, Path, LoadParams], Calibration] = calibrate,
) -> LoadedModel:
    """Finds, tries, loads and calibrates a model; None means the catalogue's default. Slow; for the thread that will
    own the model.

    `require_fim=False` also takes models that can only continue left to right. `tell` hears what is being done, for
    people. Raises BadModelFile with one sentence.
    """
    found = find_model(name_or_path, catalog=catalog)
    tell("checking that the model runs on this machine")
    tried = trial(found.path, LoadParams(n_context_tokens=n_context_tokens, n_threads=n_threads))
    # only now: importing these already runs native code
    from byte_fim.backends.llama_cpp import LlamaCppModel, RuntimeParams

    tell("loading the model")
    model = LlamaCppModel(found.path, RuntimeParams(**asdict(tried.params)))
    if require_fim and not model.fim.is_complete:
        model.close()
        raise BadModelFile(
            f"{found.path} has no fill-in-the-middle tokens; use --layout plain to continue left to right only,"
            " or choose another model."
        )
    entry = found.entry
    tell("measuring how the model runs best")
    calibrated = calibration(model, found.path, tried.params)
    return LoadedModel(
        name=entry.name if entry else found.path.name,
        path=found.path,
        model=model,
        fim=_trained_fim(entry, model.fim),
        layout=_layout(entry, model.fim),
        cut=entry.cut if entry else "word",
        set_abort=model.set_abort,
        memory=partial(_memory, model),
        close=model.close,
        facts={**_facts(model, tried), **calibrated.facts()},
        step_costs=calibrated.tuning.step_costs,
    )


def _layout(entry: CatalogEntry | None, fim: FimFormat) -> Layout:
    if not fim.is_complete:
        return "plain"
    return entry.layout if entry else "psm"  # most public models saw PSM most


def _trained_fim(entry: CatalogEntry | None, fim: FimFormat) -> FimFormat:
    """Without the marks of repositories where the model has them but has never seen them used."""
    is_trained = entry is None or entry.repository_format
    return fim if is_trained else replace(fim, repository_id=None, file_id=None)


def _facts(model: LlamaCppModel, tried: TrialOutcome) -> dict[str, str]:
    return {
        "description": model.description,
        "n_context_tokens": str(model.n_context_tokens),
        "n_vocab_tokens": str(model.vocab.n_tokens),
        "use_extra_buffers": "yes" if tried.params.use_extra_buffers else "no",
        "trial": tried.summary,
    }


def _memory(model: LlamaCppModel) -> Mapping[str, int]:
    usage = model.kv_usage()
    return {
        "kv_used_tokens": usage.n_used_cells,
        "kv_room_tokens": usage.n_cells,
        "kv_lines": usage.n_lines,
        "kv_bytes": usage.n_bytes,
        "kv_parked_lines": usage.n_parked_lines,
        "kv_parked_bytes": usage.n_parked_bytes,
    }
