"""A model as one file for machines without network: its weights, what is known of it, its licence, and checksums.

A bundle is a plain tar of four files in this order: `manifest.json` (sizes and SHA-256 of the others), `entry.toml`
(as in the catalogue), `LICENCE.txt`, and the model. lsp_server/store/unpacking.py reads it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import re
import tarfile
from contextlib import suppress
from pathlib import Path

from byte_fim.errors import BadModelFile
from lsp_server.store.catalog import FoundModel
from lsp_server.store.entries import CatalogEntry
from lsp_server.store.entry_writing import as_toml
from lsp_server.store.file import find_sha256
from lsp_server.store.usable import require_whole

MANIFEST, ENTRY, LICENCE = "manifest.json", "entry.toml", "LICENCE.txt"
BUNDLE_VERSION = 1
MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,180}\.gguf")
"""What every file system takes, and what names nothing but a file in the folder at hand."""


def write_bundle(found: FoundModel, out: Path) -> str:
    """Packs the model's file and what the catalogue says of it; the model's SHA-256. A file `out` is replaced.

    Raises BadModelFile for a file that is damaged or that nothing is known of, and for a place that takes no bundle.
    """
    if out.exists() and out.samefile(found.path):
        raise BadModelFile(f"{out} is the model itself; choose another file for the bundle.")
    if out.is_dir():
        raise BadModelFile(f"{out} is a folder; name the file to write, such as {out / 'model.bundle'}.")
    if out.suffix.lower() == ".gguf":
        raise BadModelFile(f"{out} would be taken for a model; choose a name that does not end in .gguf.")
    if out.exists() and not out.is_file():
        raise BadModelFile(f"{out} is not an ordinary file; choose another place for the bundle.")
    if found.entry is None or found.file is None:
        raise BadModelFile(f"Nothing is known of {found.path}; `bytefim models add` it first.")
    if require_whole(found.path).find_count("split.count") > 1:
        raise BadModelFile(f"{found.path} is one of several parts; merge them first (llama-gguf-split --merge).")
    n_bytes, sha256 = found.path.stat().st_size, find_sha256(found.path)
    if sha256 != (found.file.sha256 or sha256):
        raise BadModelFile(f"{found.path} is damaged; `bytefim models verify {found.entry.name_of(found.file)}` tells.")
    file = dataclasses.replace(found.file, file=found.path.name, n_bytes=n_bytes, about_bytes=n_bytes, sha256=sha256)
    if not MODEL_NAME.fullmatch(file.file):
        raise BadModelFile(f"{found.path} has a name that not every system takes; rename it to letters, digits, and -.")
    entry = dataclasses.replace(found.entry, files=(file,), card=None)
    texts = {ENTRY: as_toml([entry]).encode(), LICENCE: _licence_note(entry).encode()}
    members = {name: {"n_bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()} for name, text in texts.items()}
    members[file.file] = {"n_bytes": n_bytes, "sha256": sha256}
    manifest = json.dumps({"bytefim_bundle": BUNDLE_VERSION, "model": file.file, "files": members}, indent=1).encode()
    unfinished = out.with_name(f"{out.name}.{os.getpid()}")
    try:
        with tarfile.open(unfinished, "w", format=tarfile.GNU_FORMAT) as tar:
            for name, text in {MANIFEST: manifest, **texts}.items():
                tar.addfile(_describe(name, len(text)), io.BytesIO(text))
            with found.path.open("rb") as model:
                tar.addfile(_describe(file.file, n_bytes), model)
        unfinished.replace(out)
    except OSError as error:
        reason = f"{out} cannot be written ({error.strerror})"
        raise BadModelFile(f"{reason}; choose another place for the bundle.") from error
    finally:
        with suppress(OSError):  # what went wrong before says more
            unfinished.unlink(missing_ok=True)
    return sha256


def _describe(name: str, n_bytes: int) -> tarfile.TarInfo:
    """Without anything that differs from machine to machine."""
    info = tarfile.TarInfo(name)
    info.size = n_bytes
    return info


def _licence_note(entry: CatalogEntry) -> str:
    lines = [f"The model {entry.name} is under the licence {entry.licence}."]
    lines += [entry.licence_warning] if entry.licence_warning else []
    lines += [f"Its licence text is where it comes from: {entry.upstream}"] if entry.upstream else []
    return "\n".join(lines) + "\n"
