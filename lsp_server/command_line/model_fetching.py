"""`bytefim models pull`: what is fetched, from where, under which licence, and how far it is. Knows no network."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

from lsp_server.store.catalog import read_catalog
from lsp_server.store.download import Circumstances, Progress
from lsp_server.store.folders import require_user_folder
from lsp_server.store.pace import Pace, as_megabytes
from lsp_server.store.pull import Pulled, pull
from lsp_server.store.web import Route, host_of

_TERMINAL_PAUSE_S = 0.25
_LINES_PAUSE_S = 10.0  # a log keeps every line


class Shown:
    """Progress on a stream: one line that is written anew on a terminal, lines now and then elsewhere."""

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._pace = Pace(clock, pause_s=_TERMINAL_PAUSE_S if self._is_terminal else _LINES_PAUSE_S)
        self._n_shown = 0  # signs in the line that stands there
        self._is_begun = False

    def tell(self, progress: Progress) -> None:
        """As much as is due."""
        if not self._is_begun and progress.n_from_before and not progress.is_checking:
            self.say(f"going on after {as_megabytes(progress.n_from_before)} that had arrived before")
        self._is_begun = self._is_begun or not progress.is_checking
        report = self._pace.report(progress)
        if report is None:
            return
        if not self._is_terminal:
            self.say(report.line)
            return
        line = report.line[: shutil.get_terminal_size().columns - 1]  # a line that wraps cannot be written anew
        self._stream.write("\r" + line.ljust(self._n_shown))
        self._stream.flush()
        self._n_shown = len(line)

    def say(self, sentence: str) -> None:
        """A line that stays."""
        self.end()
        self._stream.write(f"bytefim: {sentence}\n")
        self._stream.flush()

    def end(self) -> None:
        """Whatever is written next begins on a line of its own."""
        if self._n_shown:
            self._stream.write("\n")
        self._n_shown = 0


def run_pull(name: str, *, mirror: str | None, proxy: str | None, as_json: bool) -> int:
    """The exit status. Raises BadModelFile and NotFetched."""
    catalog = read_catalog()
    folder = require_user_folder()
    route = Route(mirror=mirror, proxy=proxy)
    shown = Shown(sys.stderr)
    if not as_json:
        entry, file = catalog.require(name)
        if file.url is not None and catalog.find_file(entry, file) is None:
            host = host_of(mirror or file.url)
            shown.say(f"{file.file}, {as_megabytes(file.about_bytes)}, comes from {host} and goes to {folder}")
    circumstances = Circumstances(route=route) if as_json else Circumstances(route=route, tell=shown.tell)
    try:
        pulled = pull(name, catalog=catalog, folder=folder, circumstances=circumstances)
    except KeyboardInterrupt:
        shown.say("interrupted; what has arrived stays, and the same command goes on with it")
        return 1
    finally:
        shown.end()
    print(json.dumps(_facts(pulled)) if as_json else _render(pulled))
    return 0


def _facts(pulled: Pulled) -> dict[str, object]:
    done = pulled.downloaded
    return {
        "name": pulled.name,
        "path": str(pulled.path),
        "was_here": done is None,
        "n_bytes": pulled.path.stat().st_size,
        "n_resumed_bytes": done.n_from_before if done else 0,
        "sha256": done.sha256 if done else pulled.file.sha256,
        "proven": pulled.is_proven,
        "unchecked": list(done.unchecked) if done else [],
        "licence": pulled.entry.licence,
        "licence_warning": pulled.entry.licence_warning,
    }


def _render(pulled: Pulled) -> str:
    entry, done = pulled.entry, pulled.downloaded
    was = "is here already" if done is None else "is here now"
    lines = [f"{pulled.name} {was}: {pulled.path}"]
    if pulled.is_proven:
        lines.append("whole: its SHA-256 is the one that the catalogue knows")
    elif done is not None:
        unchecked = " and ".join(done.unchecked)
        lines.append(f"not checked, because nobody tells what it should be: {unchecked}; SHA-256 found: {done.sha256}")
    else:
        lines.append("it looks like a model; no SHA-256 is known to prove that it is whole")
    lines.append(f"licence: {entry.licence}{f', {entry.upstream}' if entry.upstream else ''}")
    if entry.licence_warning:
        lines.append(f"warning: {entry.licence_warning}")
    return "\n".join(lines)
