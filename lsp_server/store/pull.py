"""A model of the catalogue, fetched by its name: what the command line and the editor's command have in common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from byte_fim.errors import BadModelFile
from lsp_server.store.catalog import Catalog, find_model, verify
from lsp_server.store.download import Circumstances, Downloaded, WantedFile, download
from lsp_server.store.entries import CatalogEntry, ModelFile
from lsp_server.store.usable import require_whole


@dataclass(frozen=True, slots=True)
class Pulled:
    """A model that is on this machine now."""

    entry: CatalogEntry
    file: ModelFile
    path: Path
    downloaded: Downloaded | None
    """None: it was here already"""
    is_proven: bool
    """its checksum is the one that the catalogue knows"""

    @property
    def name(self) -> str:
        """What one says to mean this file."""
        return self.entry.name_of(self.file)


def pull(name: str, *, catalog: Catalog, folder: Path, circumstances: Circumstances | None = None) -> Pulled:
    """The model's file, fetched into the folder unless it is on this machine, and whole.

    Raises BadModelFile for a name that is not known and for a model that is nowhere to be fetched, NotFetched when it
    could not be.
    """
    entry, file = catalog.require(name)
    here = _find_whole(entry, file, catalog)
    if here is not None:
        return here
    if file.url is None:
        raise BadModelFile(f"{catalog.require_file(entry, file)} is damaged; install {entry.name} again.")
    wanted = WantedFile(name=file.file, url=file.url, n_bytes=file.n_bytes, sha256=file.sha256)
    downloaded = download(wanted, folder, circumstances=circumstances)
    return Pulled(entry, file, downloaded.path, downloaded, is_proven=file.sha256 is not None)


def _find_whole(entry: CatalogEntry, file: ModelFile, catalog: Catalog) -> Pulled | None:
    """None for a file that is not here, or damaged and to be replaced."""
    if catalog.find_file(entry, file) is None:
        return None
    try:
        found = find_model(entry.name_of(file), catalog=catalog)
        is_proven = verify(found)
        if not is_proven:
            require_whole(found.path)
        return Pulled(entry, file, found.path, None, is_proven=is_proven)
    except BadModelFile:
        if file.url is None:
            raise
        return None
