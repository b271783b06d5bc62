"""The models known by name, and their files: found, checked, never loaded.

The names stand in models/catalog.toml. A wheel carries that file and the default weights as `lsp_server/_models/`; a
checkout has them in `models/`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from byte_fim.fim import CutPolicy, Layout
from byte_fim.model import BadModelFile
from lsp_server.store.file import find_sha256, require_model_file

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
