"""One file from the web into a folder: gone on with where it stopped, proven, and only then given its name.

Knows no catalogue. lsp_server/store/web.py opens the way, lsp_server/store/part.py keeps what has arrived.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from byte_fim.errors import BadModelFile
from lsp_server.store.part import NotFetched, Origin, Part, owning_part
from lsp_server.store.usable import require_whole
from lsp_server.store.web import Answer, NotAnswered, NothingFurther, Route, open_at

PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Before each new attempt, when nothing came in the one before."""
_ENOUGH_BYTES = 1 << 20  # an attempt that brought so much was no failure
_CHUNK_BYTES = 1 << 18
_OTHER_MIRROR = "try another mirror (--mirror)"


class DownloadStopped(NotFetched):
    """Somebody wished so; what has arrived stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedFile:
    """A file, and what is known of it."""

    name: str
    url: str
    n_bytes: int | None = None
    """exact"""
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is."""

    n_bytes: int
    total_bytes: int | None
    n_from_before: int
    """of these, how many had arrived in an earlier attempt"""
    is_checking: bool = False
    """True while what arrived earlier is read once more"""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file in its place."""

    path: Path
    n_bytes: int
    sha256: str
    n_from_before: int
    unchecked: tuple[str, ...]
    """Clauses: what nobody could compare it with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Of a download: the way, who watches, what time is."""

    route: Route = field(default_factory=Route)
    tell: Callable[[Progress], None] = lambda progress: None
    is_stopped: Callable[[], bool] = lambda: False
    """asked between any two pieces; another thread may say yes"""
    wait: Callable[[float], object] = time.sleep
    find_free_bytes: Callable[[Path], int] | None = None


def download(wanted: WantedFile, folder: Path, *, circumstances: Circumstances | None = None) -> Downloaded:
    """The file in the folder, whole. A file that has its name already is replaced.

    Raises NotFetched.
    """
    with owning_part(folder / wanted.name) as part:
        return _Download(wanted, part, circumstances or Circumstances()).run()


class _Download:
    def __init__(self, wanted: WantedFile, part: Part, circumstances: Circumstances) -> None:
        self._wanted = wanted
        self._part = part
        self._around = circumstances
        self._url = self._lead(wanted.url)
        self._total_bytes = wanted.n_bytes
        self._sha256_told: str | None = None
        self._n_from_before = 0
        self._has_arrived = False

    def run(self) -> Downloaded:
        self._take_up()
        n_failures, most_bytes = 0, self._part.n_bytes
        while True:
            try:
                if self._fetch():
                    return self._finish()
            except NotAnswered as error:
                if self._part.n_bytes >= most_bytes + _ENOUGH_BYTES:  # further than ever, so that this has an end
                    n_failures, most_bytes = 0, self._part.n_bytes
                # nobody shall wait for half a minute to be told that there is no network
                if not error.may_pass or not self._has_arrived or n_failures == len(PAUSES_S):
                    raise self._failure(error) from error
                self._around.wait(PAUSES_S[n_failures])
                n_failures += 1
                self._require_going_on()

    def _take_up(self) -> None:
        """Go on with what an earlier attempt has left, as far as it is certain that it is of the same file."""
        origin, wanted = self._part.origin, self._wanted
        if origin is None:
            return
        is_same_file = origin.sha256 == wanted.sha256 and wanted.n_bytes in (None, origin.total_bytes)
        is_same_version = origin.source == self._url and origin.validator is not None
        if not is_same_file or (wanted.sha256 is None and not is_same_version):
            return
        self._total_bytes = origin.total_bytes
        self._part.resume(check=self._check)
        self._n_from_before = self._part.n_bytes
        if self._total_bytes is not None and self._part.n_bytes > self._total_bytes:
            self._drop()

    def _fetch(self) -> bool:
        """One attempt; True when the file is all there, False when the next must be from the beginning.

        Raises NotAnswered.
        """
        start_byte, origin = self._part.n_bytes, self._part.origin
        if start_byte and start_byte == self._total_bytes:
            return True
        validator = origin.validator if start_byte and origin is not None and origin.source == self._url else None
        try:
            with open_at(self._url, start_byte=start_byte, validator=validator, route=self._around.route) as answer:
                if not self._fits(answer):
                    self._drop()
                    return False
                self._make_ready(answer)
                while chunk := answer.read(_CHUNK_BYTES):
                    self._part.write(chunk)
                    self._has_arrived = True
                    if self._total_bytes is None:  # nobody knows where this ends
                        self._part.require_room(0, find_free_bytes=self._around.find_free_bytes)
                    elif self._part.n_bytes > self._total_bytes:
                        break
                    self._tell()
                return self._is_whole(answer)
        except NothingFurther as error:
            if not start_byte:
                raise NotAnswered("the host sends nothing of it", _OTHER_MIRROR) from error
            if error.total_bytes != start_byte:
                self._drop()
                return False
            return True

    def _fits(self, answer: Answer) -> bool:
        """Whether what will come goes on with what is there. Raises NotAnswered when it cannot be the wanted file."""
        wanted, origin = self._wanted, self._part.origin
        if answer.total_bytes is not None and wanted.n_bytes not in (None, answer.total_bytes):
            raise NotAnswered(
                f"{answer.host} has {answer.total_bytes} bytes under that name, and the catalogue knows"
                f" {wanted.n_bytes}",
                f"update bytefim, or {_OTHER_MIRROR}",
            )
        if answer.start_byte == 0:
            return True
        if origin is None:
            raise NotAnswered(f"{answer.host} sends a part that was not asked for", _OTHER_MIRROR)
        is_same_version = wanted.sha256 is not None or answer.validator == origin.validator
        is_as_large = None in (answer.total_bytes, self._total_bytes) or answer.total_bytes == self._total_bytes
        return answer.start_byte == self._part.n_bytes and is_as_large and is_same_version

    def _make_ready(self, answer: Answer) -> None:
        """Room on the disk, and a new beginning where all of it will come."""
        part, wanted = self._part, self._wanted
        self._sha256_told = answer.sha256 or self._sha256_told
        if answer.start_byte == 0:
            self._drop()
            self._total_bytes = wanted.n_bytes
        self._total_bytes = self._total_bytes or answer.total_bytes
        part.require_room((self._total_bytes or 0) - part.n_bytes, find_free_bytes=self._around.find_free_bytes)
        if answer.start_byte == 0:
            part.begin(Origin(self._url, answer.validator, self._total_bytes, wanted.sha256))
        self._tell()

    def _is_whole(self, answer: Answer) -> bool:
        n_bytes, total_bytes = self._part.n_bytes, self._total_bytes
        if total_bytes is None or n_bytes == total_bytes:
            return True
        if n_bytes > total_bytes:
            self._drop()
            raise NotAnswered(f"{answer.host} sends more than the file has", _OTHER_MIRROR)
        raise NotAnswered(f"{answer.host} ended the connection early", may_pass=True)

    def _finish(self) -> Downloaded:
        part, wanted = self._part, self._wanted
        found, expected = part.sha256, wanted.sha256 or self._sha256_told
        if expected is not None and found != expected:
            part.discard()
            raise NotFetched(
                f"What arrived as {wanted.name} is not that file (SHA-256 {found[:12]}..., not {expected[:12]}...) and"
                f" was deleted; run the same command again, or {_OTHER_MIRROR}."
            )
        if wanted.sha256 is None:
            self._require_model()
        unchecked = (
            *(() if wanted.n_bytes is not None else ("its exact size",)),
            *(() if expected is not None else ("its SHA-256",)),
        )
        n_bytes = part.n_bytes
        return Downloaded(part.finish(), n_bytes, found, self._n_from_before, unchecked)

    def _require_model(self) -> None:
        try:
            require_whole(self._part.path)
        except BadModelFile as error:
            self._part.discard()
            raise NotFetched(
                f"What arrived as {self._wanted.name} is no whole model and was deleted ({error}); open {self._url} in"
                " a browser to see what is there."
            ) from error

    def _drop(self) -> None:
        self._part.discard()
        self._n_from_before = 0

    def _lead(self, url: str) -> str:
        try:
            return self._around.route.lead(url)
        except NotAnswered as error:
            raise self._failure(error) from error

    def _check(self, n_bytes: int) -> None:
        self._around.tell(Progress(n_bytes, self._total_bytes, n_bytes, is_checking=True))
        self._require_going_on()

    def _tell(self) -> None:
        self._around.tell(Progress(self._part.n_bytes, self._total_bytes, self._n_from_before))
        self._require_going_on()

    def _require_going_on(self) -> None:
        if self._around.is_stopped():
            raise DownloadStopped(f"{self._wanted.name} was not fetched to its end{self._stays()}.")

    def _failure(self, error: NotAnswered) -> NotFetched:
        return NotFetched(f"{self._wanted.name} was not fetched: {error.reason}; {error.remedy}{self._stays()}.")

    def _stays(self) -> str:
        n_bytes = self._part.n_bytes
        if not n_bytes:
            return ""
        return f"; {n_bytes / 1e6:.1f} MB have arrived and stay, and the same command goes on with them"
