"""Loads a model, found by name or path, after its native code survived a trial in a throw-away process (`trial`).

Knows neither prompts nor documents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from byte_fim.errors import BadModelFile
from byte_fim.fim import CutPolicy, FimFormat, Layout
from byte_fim.model import TokenModel
from lsp_server.model.calibration import Calibration, TunableModel, calibrate
from lsp_server.model.load_params import AS_IT_IS, LoadParams
from lsp_server.model.trial import TrialOutcome, try_model
from lsp_server.model.verdict import SelfTest, choose_way, fim_texts_of, known_way, measure_once
from lsp_server.store.catalog import Catalog, find_model
from lsp_server.store.entries import ModelFamily

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
    uses_devices: bool = False
    """part of it lies in memory that is not the processor's"""
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
    params: LoadParams = AS_IT_IS,
    require_fim: bool = True,
    tell: Callable[[str], None] = lambda message: None,
    catalog: Catalog | None = None,
    trial: Callable[[Path, LoadParams], TrialOutcome] = try_model,
    calibration: Callable[[TunableModel, Path, LoadParams], Calibration] = calibrate,
    self_test: SelfTest = measure_once,
) -> LoadedModel:
    """Finds, tries, loads and calibrates a model; None means the catalogue's default. Slow; for the thread that will
    own the model.

    `require_fim=False` also takes models that can only continue left to right. `tell` hears what is being done, for
    people. Raises BadModelFile with one sentence.
    """
    found = find_model(name_or_path, catalog=catalog)
    tell("checking that the model runs on this machine")
    tried = trial(found.path, params)
    way = known_way(found.family)
    if way is None:
        tell("asking the model to fill small holes in code")
        way = choose_way(self_test(found.path, tried.params, found.family))
    # only now: importing these already runs native code
    from byte_fim.backends.llama_cpp import LlamaCppModel, RuntimeParams

    tell("loading the model")
    model = LlamaCppModel(found.path, RuntimeParams(**asdict(tried.params), fim_texts=fim_texts_of(found.family)))
    fim = _trained_fim(found.family, model.fim)
    if require_fim and not fim.is_complete:
        kind = "is a chat model without" if model.is_chat else "has no"
        model.close()
        raise BadModelFile(
            f"{found.path} {kind} fill-in-the-middle tokens; use --layout plain to continue left to right only,"
            " or choose another model."
        )
    entry = found.entry
    tell("measuring how the model runs best")
    calibrated = calibration(model, found.path, tried.params)
    return LoadedModel(
        name=entry.name if entry else found.path.name,
        path=found.path,
        model=model,
        fim=fim,
        layout=way.layout if fim.is_complete else "plain",
        # also where the layout is another: whoever asks for PSM gets the cut that suits it
        cut=found.family.cut if found.family and found.family.is_certain else way.cut,
        set_abort=model.set_abort,
        memory=partial(_memory, model),
        close=model.close,
        facts={**_facts(model, tried), **calibrated.facts()},
        uses_devices=bool(model.layer_devices) and model.n_gpu_layers > 0,
        step_costs=calibrated.tuning.step_costs,
    )


def _trained_fim(family: ModelFamily | None, fim: FimFormat) -> FimFormat:
    """In the order of the family; without the marks of repositories where it has them but has never seen them used."""
    if family is None:
        return fim
    fim = replace(fim, is_suffix_first=family.suffix_first)
    return fim if family.repository_format else replace(fim, repository_id=None, file_id=None)


def _facts(model: LlamaCppModel, tried: TrialOutcome) -> dict[str, str]:
    return {
        "description": model.description,
        "n_context_tokens": str(model.n_context_tokens),
        "n_vocab_tokens": str(model.vocab.n_tokens),
        "devices": "; ".join(map(str, model.layer_devices)) or "processor",
        "n_gpu_layers": str(model.n_gpu_layers),
        "lora": ", ".join(f"{path}={scale:g}" for path, scale in tried.params.loras) or "none",
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
