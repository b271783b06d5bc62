"""The models known by name, and their files: found, checked, never loaded.

The names stand in models/catalog.toml, and in the user's own folder for what he added. A wheel carries that file and
the default weights as `lsp_server/_models/`; a checkout has them in `models/`.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from byte_fim.errors import BadModelFile
from lsp_server.store.added import read_added
from lsp_server.store.entries import CatalogEntry, ModelFamily, ModelFile
from lsp_server.store.entry_reading import BadEntry, read_entries, read_families
from lsp_server.store.file import find_sha256, require_model_file
from lsp_server.store.folders import absolute, find_user_folder, shipped_folders
from lsp_server.store.header import read_header

CATALOG_FILE = "catalog.toml"
_N_NEAR_NAMES = 4
_SIZE_TOLERANCE = 0.03  # hubs tell three digits of a file's size


@dataclass(frozen=True, slots=True)
class Catalog:
    """The models known by name, and the folders that may hold their files."""

    default: str
    entries: tuple[CatalogEntry, ...]
    folders: tuple[Path, ...]
    """looked at in this order"""
    families: tuple[ModelFamily, ...] = ()
    complaints: tuple[str, ...] = ()
    """sentences on what the user added and what cannot be read"""

    def require_entry(self, name: str) -> CatalogEntry:
        """As `require`, the entry alone."""
        return self.require(name)[0]

    def require(self, name: str) -> tuple[CatalogEntry, ModelFile]:
        """What `name` or `name:quantisation` means; without a quantisation it is the first file that is on this
        machine, and where none is, the recommended one. Raises BadModelFile, naming those that are spelled alike.
        """
        model, _, quantisation = name.partition(":")
        entry = next((entry for entry in self.entries if entry.name == model), None)
        if entry is None and _is_path(model):
            raise BadModelFile(f"{model!r} is a path, and a name is needed here; `bytefim models add` gives it one.")
        if entry is None and self.complaints:
            raise BadModelFile(f"There is no model named {model!r} among those that ship; {' '.join(self.complaints)}")
        if entry is None:
            raise BadModelFile(
                f"There is no model named {model!r}; use one of {', '.join(self._near_names(model))}, another of"
                " `bytefim models list`, or the path of a .gguf file."
            )
        if not quantisation:
            return entry, next((file for file in entry.files if self.find_file(entry, file)), entry.file)
        file = entry.find_file(quantisation)
        if file is None:
            known = ", ".join(file.quantisation.lower() for file in entry.files)
            raise BadModelFile(f"The model {entry.name} is not known in {quantisation!r}; use one of {known}.")
        return entry, file

    def find_file(self, entry: CatalogEntry, file: ModelFile | None = None) -> Path | None:
        """Where a file of the entry lies, any of them when none is named, the installed copy first; None when it is not
        on this machine.
        """
        files = entry.files if file is None else (file,)
        places = (folder / file.file for file in files for folder in self.folders)
        return next((path for path in places if os.path.exists(path)), None)  # False, too, where nobody may look

    def require_file(self, entry: CatalogEntry, file: ModelFile | None = None) -> Path:
        """As `find_file`. Raises BadModelFile when the file is not on this machine."""
        path = self.find_file(entry, file)
        if path is not None:
            return path
        wanted = file or entry.file
        if wanted.url is not None:
            name = entry.name_of(wanted)
            raise BadModelFile(
                f"The model {name} is not on this machine; fetch it with `bytefim models pull {name}`"
                f" ({wanted.about_bytes / 1e9:.1f} GB), or choose another model."
            )
        if Path(wanted.file).is_absolute():
            raise BadModelFile(
                f"The model {entry.name} was added from {wanted.file}, which is not there; put it back, or tell where"
                f" it is now: `bytefim models add PATH --name {entry.name}`."
            )
        looked = " and ".join(str(folder) for folder in self.folders)
        raise BadModelFile(
            f"The model {entry.name} is not installed ({wanted.file} is not in {looked}); choose another model."
        )

    def _near_names(self, name: str) -> list[str]:
        """Those spelled alike; where none is, those that could be used at once."""
        known = [entry.name for entry in self.entries]
        near = difflib.get_close_matches(name.lower(), known, n=_N_NEAR_NAMES)
        return near or [entry.name for entry in self.entries if self.find_file(entry)] or known[:_N_NEAR_NAMES]


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A file to be loaded, and what is known of it, if anything."""

    path: Path
    entry: CatalogEntry | None
    file: ModelFile | None = None
    """which of the entry's files it is"""
    family: ModelFamily | None = None
    """the entry's; of a file without an entry, what its own metadata call it"""


def read_catalog(folders: tuple[Path, ...] | None = None, *, user_folder: Path | None = None) -> Catalog:
    """The catalogue of the first folder that has one, and what the user added. Without arguments: those of this
    installation and this user. Raises BadModelFile when there is no catalogue or it cannot be read.
    """
    if folders is None:
        folders, user_folder = shipped_folders(), find_user_folder()
    path = next((file for folder in folders if (file := folder / CATALOG_FILE).is_file()), None)
    if path is None:
        raise BadModelFile(f"{CATALOG_FILE} is missing from {folders[0]}; install bytefim again.")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        addresses = cast("dict[str, str]", content.get("sources", {}))
        families = read_families(content.get("families", {}), addresses)
        entries = read_entries(content["models"], families, addresses)
        default = str(content["default"])
    except (OSError, ValueError, KeyError, BadEntry) as error:
        raise BadModelFile(f"{path} cannot be used ({error}); install bytefim again.") from error
    added, complaints = read_added(user_folder, known=entries) if user_folder else ((), ())
    places = (*folders, user_folder) if user_folder else folders
    return Catalog(default, entries + added, places, tuple(families.values()), complaints)


def find_model(name_or_path: str | None, *, catalog: Catalog | None = None) -> FoundModel:
    """The file behind a catalogue name, a path, or None for the default. Raises BadModelFile.

    Whatever holds a path separator or ends in .gguf is a path; everything else is a name, so that a file which happens
    to lie in the working directory never stands in for a known model.
    """
    catalog = catalog or read_catalog()
    if name_or_path is not None and _is_path(name_or_path):
        path = absolute(name_or_path)
        require_model_file(path)
        return _recognise(path, catalog)
    entry, file = catalog.require(catalog.default if name_or_path is None else name_or_path)
    path = catalog.require_file(entry, file)
    require_model_file(path)
    n_bytes = path.stat().st_size
    if file.n_bytes is not None and n_bytes != file.n_bytes:
        raise BadModelFile(
            f"{path} has {n_bytes} bytes instead of {file.n_bytes}: it is damaged; {_again(entry, file)}."
        )
    return FoundModel(path, entry, file, entry.family)


def verify(found: FoundModel) -> bool:
    """Proves that the file is the one that the catalogue describes; False where no checksum is known to prove it by.
    Reads all of it. Raises BadModelFile.
    """
    if found.entry is None or found.file is None or found.file.sha256 is None:
        return False
    digest = find_sha256(found.path)
    if digest != found.file.sha256:
        raise BadModelFile(
            f"{found.path} is damaged (SHA-256 {digest[:12]}..., not {found.file.sha256[:12]}...);"
            f" {_again(found.entry, found.file)}."
        )
    return True


def _again(entry: CatalogEntry, file: ModelFile) -> str:
    if Path(file.file).is_absolute():
        return f"fetch it anew and `bytefim models add` it as {entry.name}"
    if file.url is None:
        return f"delete it and install {entry.name} again, with bytefim or from its bundle"
    return f"delete it and fetch it with `bytefim models pull {entry.name_of(file)}`"


def _is_path(name_or_path: str) -> bool:
    return "/" in name_or_path or os.sep in name_or_path or name_or_path.lower().endswith(".gguf")


def _recognise(path: Path, catalog: Catalog) -> FoundModel:
    """What the catalogue knows of a file named by its path, wherever it lies and whatever it is called."""
    n_bytes = path.stat().st_size
    alike = [(entry, file) for entry in catalog.entries for file in entry.files if _is_as_large(file, n_bytes)]
    same = [(entry, file) for entry, file in alike if Path(file.file).name == path.name]
    hashed = [(entry, file) for entry, file in alike if file.n_bytes and file.sha256]
    if not same and hashed:
        digest = find_sha256(path)
        same = [(entry, file) for entry, file in hashed if file.sha256 == digest]
    if same:
        entry, file = same[0]
        return FoundModel(path, entry, file, entry.family)
    return FoundModel(path, None, None, _recognise_family(path, catalog.families))


def _recognise_family(path: Path, families: Sequence[ModelFamily]) -> ModelFamily | None:
    """The family that the file's own name for itself belongs to: quantisations are many, families few."""
    try:
        header = read_header(path)
    except (BadModelFile, OSError):  # whoever loads it says why, in better words
        return None
    names = [_plain(header.find_text(key)) for key in ("general.name", "general.basename")]
    alike = [
        (len(known), family)
        for family in families
        if family.architecture == header.architecture
        for known in map(_plain, family.known_as)
        if any(known in name for name in names)
    ]
    return max(alike, key=lambda found: found[0], default=(0, None))[1]


def _plain(name: str) -> str:
    """Letters and digits alone: converters write the same name in many ways."""
    return "".join(sign for sign in name.lower() if sign.isalnum())


def _is_as_large(file: ModelFile, n_bytes: int) -> bool:
    if file.n_bytes is not None:
        return file.n_bytes == n_bytes
    return abs(n_bytes - file.about_bytes) <= _SIZE_TOLERANCE * file.about_bytes
