"""A file that is not yet whole: kept beside its place under the name `FILE.part`, put into it when it is.

One process at a time owns it. Whatever kills the owner, what is there can be gone on with, and nothing unfinished ever
has the final name. Knows no network and no models.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, cast

SPARE_BYTES = 64 << 20  # left free on the disk: a full one harms everything else first
_CHUNK_BYTES = 1 << 20


class NotFetched(Exception):
    """A file that was wanted is not there; one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the bytes of a part come from."""

    source: str
    validator: str | None
    """of this source, when the part was begun"""
    total_bytes: int | None
    sha256: str | None
    """of the whole file, as it must be"""


class Part:
    """The unfinished file, owned."""

    def __init__(self, path: Path) -> None:
        self.final = path
        """Where it is put when it is whole."""
        self.path = path.with_name(f"{path.name}.part")
        self.origin: Origin | None = None
        """None before `begin`, and when nothing is known of what is there."""
        self.n_bytes = 0
        self._note = path.with_name(f"{path.name}.part.json")
        self._digest = hashlib.sha256()
        self._file: IO[bytes] | None = None
        if self.path.exists():
            self.origin = self._read_note()

    @property
    def sha256(self) -> str:
        """Of what is there, in hexadecimal digits."""
        return self._digest.hexdigest()

    def begin(self, origin: Origin) -> None:
        """From nothing. Raises NotFetched."""
        self.discard()
        with _trouble(self.path):
            # in this order: a note never describes bytes of another origin
            unfinished = self._note.with_name(f"{self._note.name}.new")
            unfinished.write_text(json.dumps(asdict(origin)), encoding="utf-8")
            unfinished.replace(self._note)
            self._file = self.path.open("wb", buffering=0)
        self.origin = origin

    def resume(self, *, check: Callable[[int], None] = lambda n_bytes: None) -> None:
        """Go on with what is there; reads all of it, and tells `check` how far it is. Raises NotFetched."""
        with _trouble(self.path):
            self._file = self.path.open("r+b", buffering=0)
            while chunk := self._file.read(_CHUNK_BYTES):
                self._digest.update(chunk)
                self.n_bytes += len(chunk)
                check(self.n_bytes)

    def require_room(self, n_bytes: int, *, find_free_bytes: Callable[[Path], int] | None = None) -> None:
        """Raises NotFetched when the disk does not hold so much more."""
        free_bytes = (find_free_bytes or _find_free_bytes)(self.path.parent)
        if free_bytes < n_bytes + SPARE_BYTES:
            raise NotFetched(
                f"{self.final.name} needs {n_bytes / 1e6:.0f} MB more in {self.path.parent}, where"
                f" {free_bytes / 1e6:.0f} MB are free; make room there, or name another folder in BYTEFIM_MODELS."
            )

    def write(self, chunk: bytes) -> None:
        """Append. Raises NotFetched."""
        assert self._file is not None
        rest = memoryview(chunk)
        with _trouble(self.path):
            while rest:
                n_bytes = self._file.write(rest)
                self._digest.update(rest[:n_bytes])
                self.n_bytes += n_bytes
                rest = rest[n_bytes:]

    def finish(self) -> Path:
        """The file is whole: it gets its name. Raises NotFetched."""
        assert self._file is not None
        with _trouble(self.final):
            os.fsync(self._file.fileno())
            self.close()
            self.path.replace(self.final)
            _sync_folder(self.final.parent)
            self._note.unlink(missing_ok=True)
        return self.final

    def discard(self) -> None:
        """Nothing is there any more. Raises NotFetched."""
        self.close()
        self.origin, self.n_bytes, self._digest = None, 0, hashlib.sha256()
        with _trouble(self.path):
            self.path.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)

    def close(self) -> None:
        """What is there stays there."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read_note(self) -> Origin | None:
        try:
            fields = cast("dict[str, object]", json.loads(self._note.read_text(encoding="utf-8")))
            return Origin(**fields)  # type: ignore[arg-type]  # we wrote it; another version may have had other fields
        except (OSError, ValueError, TypeError):
            return None


@contextmanager
def owning_part(path: Path) -> Generator[Part]:
    """The part of the file `path`; its folder is made. Raises NotFetched, also when another process owns it."""
    with _trouble(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise NotFetched(f"{path} is a folder, where a file is to be put; move it away or rename it.")
    with _locking(path.with_name(f"{path.name}.part.lock"), what=path.name):
        part = Part(path)
        try:
            yield part
        finally:
            part.close()


@contextmanager
def _locking(lock: Path, *, what: str) -> Generator[None]:
    """The system frees the lock of an owner that has died."""
    while True:
        with _trouble(lock):
            file = lock.open("ab")
        try:
            with _trouble(lock):
                is_ours = _try_lock(file)
            if not is_ours:
                raise NotFetched(f"{what} is being fetched by another process already; wait for that one, or end it.")
            if not _is_same_file(file, lock):  # its owner has removed it meanwhile
                continue
            try:
                yield
            finally:
                _unlink_if_allowed(lock)
            return
        finally:
            file.close()


def _try_lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # the latter on Windows
        return False
    return True


def _is_same_file(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _unlink_if_allowed(lock: Path) -> None:
    """A lock that stays does no harm; Windows lets nobody remove a file that is open."""
    with suppress(OSError):
        lock.unlink()


def _find_free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _sync_folder(folder: Path) -> None:
    """So that the name outlives a power cut, where folders can be synchronised."""
    if sys.platform == "win32":
        return
    with suppress(OSError):  # not every file system can
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _trouble(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NotFetched(
                f"The disk of {path.parent} is full; make room there, and run the same command again."
            ) from error
        raise NotFetched(
            f"{path} cannot be written ({error.strerror}); check the folder's permissions, or name another in"
            " BYTEFIM_MODELS."
        ) from error
