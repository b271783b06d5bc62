"""What was found out about this machine and its models, remembered in the user's cache folder. Knows no meaning of it.

A finding is worth a second or a process, never an error: a file that cannot be read counts as empty, and one that
cannot be written is found out again at the next start.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from byte_fim.model import BadModelFile

MAX_REMEMBERED = 100  # findings of a file; older ones are forgotten


@dataclass(frozen=True, slots=True)
class Findings:
    """One JSON file of findings by key. Several processes may use it at once; the last to write wins."""

    file: Path | None
    """None: nothing is remembered"""
    section: str
    """the one name in the file, which says what its findings are"""

    def find(self, key: str) -> object:
        """What was kept under the key, as JSON gives it; None when there is nothing."""
        return self._read().get(key)

    def keep(self, key: str, finding: object) -> None:
        """Remembers what can be written as JSON, if the file can be written."""
        if self.file is None:
            return
        entries = list({**self._read(), key: finding}.items())[-MAX_REMEMBERED:]
        unfinished = self.file.with_name(f"{self.file.name}.{os.getpid()}")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(json.dumps({self.section: dict(entries)}, indent=1), encoding="utf-8")
            unfinished.replace(self.file)  # readers see the old file or the new one, never half of it
        except OSError:
            with suppress(OSError):
                unfinished.unlink()

    def _read(self) -> dict[str, object]:
        try:
            content = cast(object, json.loads(self.file.read_text(encoding="utf-8") if self.file else "{}"))
            return dict(cast("dict[str, dict[str, object]]", content)[self.section])
        except (OSError, ValueError, KeyError, TypeError):
            return {}


def find_cache_file(name: str) -> Path | None:
    """Where a file of findings belongs; None for a user without a home folder."""
    try:
        if sys.platform == "win32":
            base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # containers run as user ids that nobody knows
        return None
    return Path(base) / "bytefim" / name


def key_of(model_file: Path, *circumstances: object) -> str:
    """Changes with the native library, the model's file, and whatever else may change the finding (as JSON).

    Raises BadModelFile when there is no native library.
    """
    files = [_file_identity(file) for file in (*_library_files(), model_file)]
    return hashlib.sha256(json.dumps([files, circumstances]).encode()).hexdigest()


def _file_identity(path: Path) -> list[str | int]:
    status = path.stat()
    return [str(path.resolve()), status.st_size, status.st_mtime_ns]


def _library_files() -> list[Path]:
    """The native libraries of llama-cpp-python, found without importing it: the import alone runs native code."""
    package = importlib.util.find_spec("llama_cpp")
    if package is None or package.origin is None:
        raise BadModelFile(
            "The package llama-cpp-python is missing, and without it no model runs; install bytefim again."
        )
    folder = Path(os.environ.get("LLAMA_CPP_LIB_PATH") or Path(package.origin).parent / "lib")
    return sorted(file for file in folder.glob("*") if {".so", ".dylib", ".dll"} & set(file.suffixes))
