"""What is known of the catalogue's models and of this machine together, for people and scripts. Prints nothing."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from byte_fim.errors import BadModelFile, ModelError
from lsp_server.model.calibration import find_token_s
from lsp_server.model.trial import try_library
from lsp_server.store.catalog import Catalog
from lsp_server.store.entries import CatalogEntry, ModelFile
from lsp_server.store.fit import (
    Pace,
    Recommendation,
    bytes_per_token,
    estimate_tokens_per_s,
    find_need,
    judge,
    recommend,
)
from lsp_server.system.memory import Memory, find_memory

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Machine:
    """What of this machine decides which model suits it."""

    memory: Memory
    pace: Pace | None
    """None: no model was measured here yet"""
    free_vram_bytes: int = 0
    """on graphics cards that the native library can use"""


def find_machine(catalog: Catalog) -> Machine:
    """As it is now."""
    return Machine(find_memory(), _find_pace(catalog), _find_free_vram_bytes())


def find_recommendation(catalog: Catalog, machine: Machine) -> Recommendation:
    """The model to take here."""
    return recommend(
        catalog.entries, machine.memory, machine.pace, default=catalog.default, vram_bytes=machine.free_vram_bytes
    )


def describe(catalog: Catalog, entry: CatalogEntry, machine: Machine, recommendation: Recommendation) -> Json:
    """All that is known of a model, for scripts.

    `file`, `quantisation`, `n_bytes` (about, where it is not known exactly), `sha256`, `url` and `fit` are those of the
    recommended file; `files` has them all, the recommended one first, and `path` of those that are on this machine.
    """
    family = entry.family
    files = [_describe_file(catalog, entry, file, machine) for file in entry.files]
    fields: Json = {
        field.name: getattr(entry, field.name)
        for field in dataclasses.fields(entry)
        if field.name not in ("family", "files", "sources")
    }
    recommended = {**files[0], "n_bytes": entry.file.about_bytes}
    path = catalog.find_file(entry)
    return {
        **fields,
        "kv_shape": entry.kv_shape._asdict() if entry.kv_shape else None,
        **(_describe_family(entry) if family else {"family": None}),
        **recommended,
        "files": files,
        "sources": dict(entry.sources),
        "path": str(path) if path else None,
        "default": entry.name == catalog.default,
        "recommended": recommendation.reason if entry.name == recommendation.name else None,
    }


def _describe_family(entry: CatalogEntry) -> Json:
    family = entry.family
    assert family is not None
    return {
        "family": family.name,
        "architecture": family.architecture,
        "fim_tokens": family.fim_texts is not None,
        "fim_texts": family.fim_texts._asdict() if family.fim_texts else None,
        "layout": family.layout,
        "trained_layouts": list(family.trained_layouts),
        "cut": family.cut,
        "repository_format": family.repository_format,
        "family_remark": family.remark,
        "family_recalled": list(family.recalled),
        "family_sources": dict(family.sources),
    }


def _describe_file(catalog: Catalog, entry: CatalogEntry, file: ModelFile, machine: Machine) -> Json:
    need = find_need(entry, file)
    pace = machine.pace
    path = catalog.find_file(entry, file)
    return {
        **dataclasses.asdict(file),
        "path": str(path) if path else None,
        "fit": {
            "verdict": judge(need, machine.memory, vram_bytes=machine.free_vram_bytes),
            "needed_bytes": need.total_bytes,
            "weights_bytes": need.weights_bytes,
            "kv_bytes": need.kv_bytes,
            "n_context_tokens": need.n_context_tokens,
            "is_estimate": need.is_estimate,
            "tokens_per_s": round(estimate_tokens_per_s(entry, file, pace), 1) if pace else None,
            "tokens_per_s_from": pace.model if pace else None,
        },
    }


def _find_free_vram_bytes() -> int:
    try:
        return int(try_library()["free_vram_bytes"])
    except ModelError:  # no native library, which whoever loads a model is told
        return 0


def _find_pace(catalog: Catalog) -> Pace | None:
    """From the largest model that was measured here: the larger, the less the time of a token is overhead."""
    here = [
        (file, path, entry)
        for entry in catalog.entries
        for file in entry.files
        if (path := catalog.find_file(entry, file))
    ]
    for file, path, entry in sorted(here, key=lambda found: found[0].about_bytes, reverse=True):
        try:
            token_s = find_token_s(path)
        except BadModelFile:  # no native library
            return None
        if token_s is not None:
            return Pace(entry.name_of(file), bytes_per_token(entry, file) / token_s)
    return None
