"""What is said of models: families, models, their files. Knows neither where it stands written nor what lies on disk.

The fields are explained at the top of models/catalog.toml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from byte_fim.fim import CutPolicy, Layout

Sources = Mapping[str, tuple[str, ...]]
"""Claim (the name of a field) -> addresses where it can be read."""


class FimTexts(NamedTuple):
    """How a vocabulary spells the tokens around prefix, suffix and middle."""

    prefix: str
    suffix: str
    middle: str = ""
    """empty: the models have no such token (and `suffix_first` is true)"""


class KvShape(NamedTuple):
    """What decides how large the KV cache is."""

    n_layers: int
    n_kv_heads: int
    head_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFamily:
    """Models that are asked alike: same vocabulary, same orders seen in training."""

    name: str
    architecture: str
    layout: Layout
    trained_layouts: tuple[Layout, ...]
    cut: CutPolicy
    repository_format: bool
    suffix_first: bool = False
    """trained with the suffix and its mark in front of all"""
    fim_texts: FimTexts | None = None
    known_as: tuple[str, ...] = ()
    remark: str | None = None
    recalled: tuple[str, ...] = ()
    """claims that no source was found for"""
    sources: Sources = field(default_factory=dict[str, tuple[str, ...]])

    @property
    def is_certain(self) -> bool:
        """False: nobody says that the models were trained in this layout; better measured than believed."""
        return "fim" not in self.recalled


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """One file of a model: one quantisation, at one place."""

    file: str
    """its name; of a model that was registered where it lies, the whole path"""
    quantisation: str
    n_bytes: int | None
    """exact; None where it is not known"""
    about_bytes: int
    """for people and for disk space; `n_bytes` where that is known"""
    sha256: str | None = None
    url: str | None = None
    """None: it ships with bytefim, or was added by the user"""
    revision: str | None = None
    """the version of the repository that the figures are of"""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """One model, in one or several quantisations."""

    name: str
    licence: str
    summary: str
    files: tuple[ModelFile, ...]
    """at least one; the first is the one to take where nothing speaks for another"""
    family: ModelFamily | None = None
    """None: asked as its own metadata say"""
    licence_warning: str | None = None
    upstream: str | None = None
    is_base: bool = True
    """False: tuned to chat or to edit, and completes the worse for it"""
    n_parameters: int | None = None
    n_active_parameters: int | None = None
    """at work for each token, of a mixture of experts"""
    n_context_tokens: int | None = None
    kv_shape: KvShape | None = None
    tokenizer: str | None = None
    layout_figures: str | None = None
    training_data: str | None = None
    card: str | None = None
    remark: str | None = None
    recalled: tuple[str, ...] = ()
    """fields whose values were not found in any source"""
    sources: Sources = field(default_factory=dict[str, tuple[str, ...]])

    @property
    def file(self) -> ModelFile:
        """The recommended one."""
        return self.files[0]

    def find_file(self, quantisation: str) -> ModelFile | None:
        """The file of that quantisation, in upper or lower case."""
        return next((file for file in self.files if file.quantisation.lower() == quantisation.lower()), None)

    def name_of(self, file: ModelFile) -> str:
        """What one says to mean this file of the model."""
        return self.name if file is self.file else f"{self.name}:{file.quantisation.lower()}"
