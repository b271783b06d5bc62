"""`bytefim models add` and `bytefim models bundle`: models that come and go as files. Knows no network."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from byte_fim.errors import BadModelFile
from lsp_server.model.verdict import Verdict, find_verdict
from lsp_server.store.added import keep_added
from lsp_server.store.bundle import write_bundle
from lsp_server.store.catalog import Catalog, FoundModel, find_model, read_catalog
from lsp_server.store.entries import CatalogEntry, ModelFile
from lsp_server.store.file import find_sha256, require_model_file
from lsp_server.store.folders import absolute, require_user_folder
from lsp_server.store.pace import as_megabytes
from lsp_server.store.unpacking import require_free_name, unpack_bundle
from lsp_server.store.usable import require_whole

_QUANTISATION = re.compile(r"[-._](I?Q\d\w*|B?F16|F32)$", re.IGNORECASE)
_OF_NAMES = re.compile(r"[^A-Za-z0-9._+-]+")


def bundle(name: str, out: Path, *, as_json: bool) -> None:
    """Writes the bundle of a model that is on this machine. Raises BadModelFile and OSError."""
    found = find_model(name)
    sha256 = write_bundle(found, out)
    n_bytes = out.stat().st_size
    if as_json:
        print(json.dumps({"name": name, "path": str(out), "n_bytes": n_bytes, "sha256": sha256}))
        return
    print(f"{out} ({as_megabytes(n_bytes)}) holds {name}; on the other machine: bytefim models add {out.name}")
    if found.entry is not None:
        print(f"licence: {found.entry.licence}")
        if found.entry.licence_warning:
            print(f"warning: {found.entry.licence_warning}")


def add(
    path: Path,
    *,
    name: str | None,
    as_json: bool,
    find_verdict: Callable[..., Verdict] = find_verdict,
) -> None:
    """Registers a model where it lies, or unpacks a bundle. Raises BadModelFile, NotFetched and OSError."""
    path = absolute(path)
    if not _can_be_noted(path):
        raise BadModelFile(f"{str(path)!r} is no UTF-8 text; rename the file or move it.")
    folder = require_user_folder()
    catalog = read_catalog()
    if not _is_model(path):
        unpacked = unpack_bundle(path, folder, catalog=catalog, name=name)
        if as_json:
            facts = {"name": unpacked.name, "path": str(unpacked.path), "sha256": unpacked.sha256}
            print(json.dumps({**facts, "was_here": unpacked.was_here, "verdict": None}))
        else:
            was = "was here already" if unpacked.was_here else "is here now"
            print(f"{unpacked.name} {was}, whole: {unpacked.path}")
        return
    found = find_model(str(path), catalog=catalog)
    name = _choose_name(path, name, catalog)
    verdict = find_verdict(path, _tell, family=found.family)
    if not verdict.is_usable:
        raise BadModelFile(verdict.reason)
    entry = _describe(name, found)
    keep_added(entry, folder=folder)
    if as_json:
        facts = {"name": name, "path": str(path), "sha256": entry.file.sha256, "was_here": True}
        print(json.dumps({**facts, "verdict": verdict.as_json()}))
    else:
        print(f"{name} is known now: {path}\n{verdict.line}")
        if verdict.warning:
            print(f"warning: {verdict.warning}")


def _tell(message: str) -> None:
    print(f"bytefim: {message}", file=sys.stderr, flush=True)


def _can_be_noted(path: Path) -> bool:
    """Lists of models are UTF-8; names of files on Linux may be any bytes."""
    try:
        return bool(str(path).encode())
    except UnicodeEncodeError:
        return False


def _is_model(path: Path) -> bool:
    if path.suffix.lower() == ".gguf":
        return True
    if path.exists() and not path.is_file():
        require_model_file(path)  # says what it is instead; reading a pipe would wait forever
    with path.open("rb") as file:
        return file.read(4) == b"GGUF"


def _choose_name(path: Path, wished: str | None, catalog: Catalog) -> str:
    """The wished one, or the file's. Raises BadModelFile when another model has it."""
    name = _OF_NAMES.sub("-", path.stem).strip("-._+").lower() if wished is None else wished
    others = [entry for entry in catalog.entries if not _may_be_replaced(entry, path)]
    require_free_name(name, catalog=replace(catalog, entries=tuple(others)))
    return name


def _may_be_replaced(entry: CatalogEntry, path: Path) -> bool:
    """It is this file, added once more, or one that lay elsewhere and is gone."""
    file = Path(entry.file.file)
    return file == path or (file.is_absolute() and not file.exists())


def _describe(name: str, found: FoundModel) -> CatalogEntry:
    """What is known of it, and where it lies."""
    n_bytes = found.path.stat().st_size
    quantisation = _QUANTISATION.search(found.path.stem)
    file = ModelFile(
        file=str(found.path),
        quantisation=found.file.quantisation if found.file else quantisation[1].upper() if quantisation else "unknown",
        n_bytes=n_bytes,
        about_bytes=require_whole(found.path).n_bytes,  # of all parts
        sha256=find_sha256(found.path),
    )
    if found.entry is not None:
        return replace(found.entry, name=name, files=(file,), card=None)
    return CatalogEntry(
        name=name, licence="unknown", summary=f"added from {found.path.parent}", files=(file,), family=found.family
    )
