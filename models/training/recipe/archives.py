"""Reads the source files of a package where it lies: wheel, npm tarball, Debian tarball, installed, or a folder.

Nothing is unpacked, installed or run. What a path outside of the archive or a link names is left out. Knows neither
languages nor what is worth keeping: the caller says which paths it wants.
"""

from __future__ import annotations

import json
import os
import platform
import stat
import sysconfig
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

from recipe.licences import recognise_licence
from recipe.packages import STANDARD_LIBRARY, Package

IsWanted = Callable[[str], bool]
LARGEST_FILE_BYTES = 1_000_000
"""Larger files are not even read."""
_NOT_SOURCE_FOLDERS = frozenset(
    ("__pycache__", "site-packages", "dist-packages", "node_modules", "lib2to3", "idle_test", "build", "dist")
)


@dataclass(frozen=True, slots=True)
class Source:
    """A package that can be read."""

    version: str
    licence: str
    """As the package itself states it; empty when no program can tell."""
    read_files: Callable[[IsWanted], Iterator[tuple[str, bytes]]]
    """Path in the package, with slashes, and content of every plain file that is wanted."""


def find_source(package: Package, downloads: Path) -> Source | None:
    """The package where `fetch_corpus.py` put it, or in this environment; None when it is not there."""
    if package.registry == "installed":
        return _read_installed(package)
    suffixes = {"pypi": ".whl", "npm": ".tgz", "debian": ""}[package.registry]
    folder = downloads / package.folder
    archives = sorted(path for path in folder.glob("*") if path.name.endswith(suffixes) and path.suffix != ".asc")
    if package.registry == "debian":
        archives = [path for path in archives if ".orig.tar." in path.name]
    if not archives:
        return None
    return {"pypi": read_wheel, "npm": read_npm, "debian": read_debian}[package.registry](archives[0])


def read_wheel(path: Path) -> Source:
    """A Python wheel."""
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        folder = next(PurePosixPath(name).parent for name in names if name.endswith(".dist-info/METADATA"))
        head = BytesParser().parsebytes(wheel.read(f"{folder}/METADATA"), headersonly=True)
        in_metadata = (name for name in names if name.startswith(f"{folder}/") and "LICEN" in name.upper())
        licence = _python_licence(head, lambda: (wheel.read(name).decode("utf-8", "replace") for name in in_metadata))
    return Source(str(head["Version"]), licence, lambda is_wanted: _zip_members(path, is_wanted))


def read_npm(path: Path) -> Source:
    """A tarball of the npm registry; its one top folder is not part of the paths."""
    manifest: dict[str, Any] = {}
    for name, content in _tar_members(path, lambda name: name == "package.json"):
        assert name == "package.json"
        manifest = json.loads(content)
    stated = manifest.get("license") or [kind.get("type", "") for kind in manifest.get("licenses", [])]
    if isinstance(stated, dict):
        stated = stated.get("type", "")
    licence = stated if isinstance(stated, str) else " OR ".join(stated)
    return Source(str(manifest.get("version", "")), licence, lambda is_wanted: _tar_members(path, is_wanted))


def read_debian(path: Path) -> Source:
    """The upstream tarball of a Debian source package; the licence stands elsewhere, for people."""
    version = path.name.split(".orig.tar.")[0].rpartition("_")[2]
    return Source(version, "", lambda is_wanted: _tar_members(path, is_wanted))


def read_folder(root: Path, *, version: str = "", licence: str = "") -> Source:
    """Somebody's source tree, less what no one wrote by hand."""
    return Source(version, licence, lambda is_wanted: _folder_members(root, is_wanted))


def _read_installed(package: Package) -> Source | None:
    if package.name == STANDARD_LIBRARY:
        return read_folder(Path(sysconfig.get_path("stdlib")), version=platform.python_version())
    try:
        distribution = metadata.distribution(package.name)
    except metadata.PackageNotFoundError:
        return None
    licence = _python_licence(distribution.metadata, lambda: iter(()))

    def read_files(is_wanted: IsWanted) -> Iterator[tuple[str, bytes]]:
        for file in distribution.files or ():
            name, path = file.as_posix(), Path(str(file.locate()))
            if is_inside(name) and is_wanted(name) and path.is_file() and path.stat().st_size <= LARGEST_FILE_BYTES:
                yield name, path.read_bytes()

    return Source(distribution.version, licence, read_files)


def is_inside(name: str) -> bool:
    """Does a member's path stay below the place where the archive is opened?"""
    return not (name.startswith("/") or "\\" in name or ":" in name or ".." in PurePosixPath(name).parts)


def _python_licence(head: Message | metadata.PackageMetadata, read_licences: Callable[[], Iterator[str]]) -> str:
    expression = head["License-Expression"]
    classifiers = [line.split(" :: ")[-1] for line in head.get_all("Classifier") or () if line.startswith("License ::")]
    named = ", ".join(name for name in classifiers if name != "OSI Approved")
    free = str(head["License"] or "")
    if expression or named:
        return str(expression or named)
    if free and "\n" not in free:
        return free
    return next(filter(None, map(recognise_licence, [free, *read_licences()])), "")


def _zip_members(path: Path, is_wanted: IsWanted) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            is_plain = not member.is_dir() and not stat.S_ISLNK(member.external_attr >> 16)
            is_readable = is_plain and is_inside(member.filename) and member.file_size <= LARGEST_FILE_BYTES
            if is_readable and is_wanted(member.filename):
                yield member.filename, archive.read(member)


def _tar_members(path: Path, is_wanted: IsWanted) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive:
            if not member.isfile() or not is_inside(member.name) or member.size > LARGEST_FILE_BYTES:
                continue
            name = "/".join(PurePosixPath(member.name).parts[1:])
            if is_wanted(name) and (file := archive.extractfile(member)):
                yield name, file.read()


def _folder_members(root: Path, is_wanted: IsWanted) -> Iterator[tuple[str, bytes]]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _NOT_SOURCE_FOLDERS and not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            inside = path.relative_to(root).as_posix()
            if not path.is_symlink() and is_wanted(inside) and path.stat().st_size <= LARGEST_FILE_BYTES:
                yield inside, path.read_bytes()
