"""A bundle put into the user's folder: names, sizes and checksums are proven first, and nothing in it is trusted.

What a bundle is: lsp_server/store/bundle.py.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import tarfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from byte_fim.errors import BadModelFile
from lsp_server.store.added import keep_added, read_entry_text
from lsp_server.store.bundle import BUNDLE_VERSION, ENTRY, LICENCE, MANIFEST, MODEL_NAME
from lsp_server.store.catalog import Catalog
from lsp_server.store.entries import CatalogEntry
from lsp_server.store.entry_reading import BadEntry, is_name
from lsp_server.store.file import find_sha256, require_model_file
from lsp_server.store.part import Origin, Part, owning_part

_MAX_TEXT_BYTES = 1 << 20  # of manifest, entry and licence
_CHUNK_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A model out of a bundle, in the user's folder."""

    name: str
    """what one says to mean it"""
    path: Path
    sha256: str
    was_here: bool


@dataclass(frozen=True, slots=True)
class _Member:
    n_bytes: int
    sha256: str


def unpack_bundle(bundle: Path, folder: Path, *, catalog: Catalog, name: str | None = None) -> Unpacked:
    """Puts the model into the folder, and writes down what the bundle says of it unless the catalogue knows it.

    Raises BadModelFile for a file that is no bundle, not whole, or not what it says, and where another model has the
    name; NotFetched where the disk does not take it.
    """
    try:
        with tarfile.open(bundle, "r:") as tar:
            return _Unpacking(tar, bundle, folder, catalog).run(name)
    except (tarfile.TarError, RecursionError) as error:  # the latter: JSON, TOML or headers nested without end
        raise BadModelFile(
            f"{bundle} is no bundle, or not a whole one ({error}); write it again with `bytefim models bundle`."
        ) from error


class _Unpacking:
    def __init__(self, tar: tarfile.TarFile, bundle: Path, folder: Path, catalog: Catalog) -> None:
        self._tar = tar
        self._bundle = bundle
        self._folder = folder
        self._catalog = catalog

    def run(self, name: str | None) -> Unpacked:
        model, members = self._read_manifest()
        text = self._read_text(ENTRY, members[ENTRY])
        self._read_text(LICENCE, members[LICENCE])
        member = members[model]
        entry = self._read_entry(text, model, member)
        known = self._find_known(model, member)
        if known is None:
            entry = self._choose_name(entry, name)
        elif name not in (None, known):
            raise BadModelFile(f"{self._bundle} holds {known} of the catalogue; add it without --name.")
        path = self._folder / model
        is_here = path.exists() and self._is_same(path, member)
        if not is_here:
            self._copy(model, member, path)
        if known is None:
            keep_added(entry, folder=self._folder)
        return Unpacked(known or entry.name, path, member.sha256, is_here)

    def _read_manifest(self) -> tuple[str, Mapping[str, _Member]]:
        try:
            manifest = cast("dict[str, object]", json.loads(self._open(MANIFEST).read(_MAX_TEXT_BYTES)))
            if manifest["bytefim_bundle"] != BUNDLE_VERSION:
                raise self._bad("is of another version; update bytefim")
            model = cast(str, manifest["model"])
            tables = cast("dict[str, dict[str, object]]", manifest["files"])
            members = {
                name: _Member(_count(tables[name]["n_bytes"]), _digits(tables[name]["sha256"]))
                for name in (ENTRY, LICENCE, model)
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._bad("has a manifest that cannot be read") from error
        if not MODEL_NAME.fullmatch(model):
            raise self._bad(f"names its model {model!r}, which is no plain name of a .gguf file")
        return model, members

    def _read_text(self, name: str, member: _Member) -> bytes:
        text = self._open(name, member.n_bytes).read(_MAX_TEXT_BYTES)
        if hashlib.sha256(text).hexdigest() != member.sha256:
            raise self._bad(f"holds another {name} than its manifest says")
        return text

    def _read_entry(self, text: bytes, model: str, member: _Member) -> CatalogEntry:
        try:
            (entry,) = read_entry_text(text.decode())
            (file,) = entry.files
        except (BadEntry, ValueError) as error:
            raise self._bad(f"has an {ENTRY} that cannot be used ({error})") from error
        if (file.file, file.n_bytes, file.sha256) != (model, member.n_bytes, member.sha256):
            raise self._bad(f"has an {ENTRY} of another file")
        if not _is_printable(tomllib.loads(text.decode())):
            raise self._bad(f"has signs in its {ENTRY} that change what a terminal shows")
        return entry

    def _find_known(self, model: str, member: _Member) -> str | None:
        """The catalogue's name for this very file. Raises BadModelFile when it means another by the same name."""
        for entry in self._catalog.entries:
            for file in entry.files:
                if file.file != model:
                    continue
                if file.sha256 not in (None, member.sha256) or file.n_bytes not in (None, member.n_bytes):
                    raise self._bad(f"holds another {model} than the model {entry.name_of(file)} of the catalogue")
                return entry.name_of(file)
        return None

    def _choose_name(self, entry: CatalogEntry, name: str | None) -> CatalogEntry:
        """A name that is free: the wished one, or the bundle's."""
        taken = {other.name for other in self._catalog.entries}
        if name is None and entry.name in taken:  # known in other quantisations
            name = f"{entry.name}-{entry.file.quantisation.lower()}"
        require_free_name(name or entry.name, catalog=self._catalog)
        return dataclasses.replace(entry, name=name or entry.name)

    def _is_same(self, path: Path, member: _Member) -> bool:
        """Raises BadModelFile when another file has the name."""
        if path.stat().st_size == member.n_bytes and find_sha256(path) == member.sha256:
            return True
        raise BadModelFile(f"{path} is another file than the one in {self._bundle}; remove it or rename it first.")

    def _copy(self, model: str, member: _Member, path: Path) -> None:
        source = self._open(model, member.n_bytes)
        with owning_part(path) as part:
            part.require_room(member.n_bytes)
            part.begin(Origin(str(self._bundle), None, member.n_bytes, member.sha256))
            try:
                self._copy_bytes(source, part)
                if part.sha256 != member.sha256:
                    raise self._bad(f"is damaged: {model} has another SHA-256 than its manifest says")
                self._require_model(part.path, model)
            except BaseException:  # an interrupt, too: nobody goes on with half a copy
                part.discard()
                raise
            part.finish()

    def _require_model(self, copy: Path, model: str) -> None:
        try:
            require_model_file(copy)
        except BadModelFile as error:
            raise self._bad(f"holds a {model} that is no model") from error

    def _copy_bytes(self, source: IO[bytes], part: Part) -> None:
        while chunk := source.read(_CHUNK_BYTES):
            part.write(chunk)

    def _open(self, name: str, n_bytes: int | None = None) -> IO[bytes]:
        """The next member, which must be this one: an ordinary file, and of this size."""
        found = self._tar.next()
        if found is None:
            raise self._bad(f"ends before its {name}")
        if found.name != name or found.type != tarfile.REGTYPE or found.pax_headers:
            raise self._bad(f"holds {found.name!r} where {name} must be")
        if found.size != (found.size if n_bytes is None else n_bytes):
            raise self._bad(f"holds a {name} of {found.size} bytes, and its manifest says {n_bytes}")
        opened = self._tar.extractfile(found)
        assert opened is not None
        return opened

    def _bad(self, what: str) -> BadModelFile:
        return BadModelFile(f"{self._bundle} {what}; do not use it, and get it anew from where you trust.")


def require_free_name(name: str, *, catalog: Catalog) -> None:
    """Raises BadModelFile for a name that no model may have, and when a model has it."""
    if not is_name(name):
        raise BadModelFile(
            f"{name!r} is no name for a model; choose one of letters, digits, and . _ + - with --name, without .gguf."
        )
    if any(entry.name == name for entry in catalog.entries):
        raise BadModelFile(f"There is a model named {name} already; choose another name with --name.")


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(value)
    return value


def _digits(value: object) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise ValueError(value)
    return value


def _is_printable(value: object) -> bool:
    """No text in it moves a cursor or changes colours."""
    if isinstance(value, dict):
        table = cast("dict[object, object]", value)
        return all(map(_is_printable, table)) and all(map(_is_printable, table.values()))
    if isinstance(value, list):
        return all(map(_is_printable, cast("list[object]", value)))
    return not isinstance(value, str) or value.isprintable()
