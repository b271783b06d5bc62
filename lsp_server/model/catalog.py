"""Finds a model by name or path, checks it, and loads it. Knows neither prompts nor documents.

The names stand in models/catalog.toml. A wheel carries that file and the default weights as `lsp_server/_models/`; a
checkout has them in `models/`. Native code is touched only after it survived a trial in a throw-away process
(`trial`).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from byte_fim.fim import CutPolicy, FimFormat, Layout
from byte_fim.model import BadModelFile, TokenModel
from lsp_server.model.calibration import Calibration, TunableModel, calibrate
from lsp_server.model.file import find_sha256, require_model_file
from lsp_server.model.trial import LoadParams, TrialOutcome, try_model

if TYPE_CHECKING:
    from byte_fim.backends.llama_cpp import LlamaCppModel

CATALOG_FILE = "catalog.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """One model of the catalogue; the fields are explained at the top of models/catalog.toml."""

    name: str
    file: str
    n_bytes: int
    sha256: str
    licence: str
    summary: str
    architecture: str
    n_parameters: int
    quantisation: str
    n_context_tokens: int
    tokenizer: str
    fim_tokens: bool
    layout: Layout
    layout_figures: str
    trained_layouts: tuple[Layout, ...]
    cut: CutPolicy
    repository_format: bool
    training_data: str
    card: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """The models known by name, and the folders that may hold their files."""

    default: str
    entries: tuple[CatalogEntry, ...]
    folders: tuple[Path, ...]

    def require_entry(self, name: str) -> CatalogEntry:
        """Raises BadModelFile, listing the known names."""
        for entry in self.entries:
            if entry.name == name:
                return entry
        known = ", ".join(entry.name for entry in self.entries)
        raise BadModelFile(f"There is no model named {name!r}; use one of {known}, or the path of a .gguf file.")

    def find_file(self, entry: CatalogEntry) -> Path | None:
        """Where the entry's file lies, the installed copy first; None when it is not on this machine."""
        return next((path for folder in self.folders if (path := folder / entry.file).exists()), None)

    def require_file(self, entry: CatalogEntry) -> Path:
        """Raises BadModelFile when the entry's file is not on this machine."""
        path = self.find_file(entry)
        if path is None:
            looked = " and ".join(str(folder) for folder in self.folders)
            raise BadModelFile(
                f"The model {entry.name} is not installed ({entry.file} is not in {looked}); choose another model."
            )
        return path


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A file to be loaded, and what the catalogue says about it, if anything."""

    path: Path
    entry: CatalogEntry | None


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


def read_catalog(folders: tuple[Path, ...] | None = None) -> Catalog:
    """The catalogue of the first folder that has one. Raises BadModelFile when none can be read."""
    folders = folders or _model_folders()
    path = next((file for folder in folders if (file := folder / CATALOG_FILE).is_file()), None)
    if path is None:
        raise BadModelFile(f"{CATALOG_FILE} is missing from {folders[0]}; install bytefim again.")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        tables = cast("dict[str, dict[str, object]]", content["models"])
        return Catalog(str(content["default"]), tuple(_entry(name, table) for name, table in tables.items()), folders)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadModelFile(f"{path} cannot be used ({error}); install bytefim again.") from error


def find_model(name_or_path: str | None, *, catalog: Catalog | None = None) -> FoundModel:
    """The file behind a catalogue name, a path, or None for the default. Raises BadModelFile.

    Whatever holds a path separator or ends in .gguf is a path; everything else is a name, so that a file which happens
    to lie in the working directory never stands in for a known model.
    """
    catalog = catalog or read_catalog()
    if name_or_path is not None and _is_path(name_or_path):
        path = Path(os.path.abspath(Path(name_or_path).expanduser()))
        require_model_file(path)
        return FoundModel(path, _recognise(path, catalog))
    entry = catalog.require_entry(name_or_path or catalog.default)
    path = catalog.require_file(entry)
    require_model_file(path)
    n_bytes = path.stat().st_size
    if n_bytes != entry.n_bytes:
        raise BadModelFile(
            f"{path} has {n_bytes} bytes instead of {entry.n_bytes}: it is damaged; install {entry.name} again."
        )
    return FoundModel(path, entry)


def verify(entry: CatalogEntry, *, catalog: Catalog | None = None) -> Path:
    """The entry's file, proven to be the one that the catalogue describes. Reads all of it. Raises BadModelFile."""
    path = find_model(entry.name, catalog=catalog).path
    found = find_sha256(path)
    if found != entry.sha256:
        raise BadModelFile(
            f"{path} is damaged (SHA-256 {found[:12]}..., not {entry.sha256[:12]}...); install {entry.name} again."
        )
    return path


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


def _model_folders() -> tuple[Path, ...]:
    """Where models may lie: in the installed package; in the checkout, when this package lies in one."""
    package = Path(__file__).resolve().parents[1]
    checkout = package.parent
    beside = (checkout / "models",) if (checkout / "pyproject.toml").is_file() else ()
    return (package / "_models", *beside)


def _entry(name: str, table: Mapping[str, object]) -> CatalogEntry:
    layouts = tuple(cast("list[Layout]", table["trained_layouts"]))
    others = {key: value for key, value in table.items() if key != "trained_layouts"}
    return CatalogEntry(name=name, trained_layouts=layouts, **others)  # type: ignore[arg-type]  # tests check the types


def _is_path(name_or_path: str) -> bool:
    return "/" in name_or_path or os.sep in name_or_path or name_or_path.lower().endswith(".gguf")


def _recognise(path: Path, catalog: Catalog) -> CatalogEntry | None:
    """The catalogue's entry for a file named by its path, wherever it lies and whatever it is called."""
    n_bytes = path.stat().st_size
    alike = [entry for entry in catalog.entries if entry.n_bytes == n_bytes]
    return next((entry for entry in alike if entry.file == path.name or entry.sha256 == find_sha256(path)), None)
