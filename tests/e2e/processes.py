"""The processes that an editor has started: found by descent, ended one by one, never by name."""

from __future__ import annotations

from collections.abc import Sequence

import psutil


def descendants(process_id: int) -> Sequence[psutil.Process]:
    """Children, and children of children; those that are gone are left out."""
    try:
        return psutil.Process(process_id).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def find_server(process_id: int) -> psutil.Process | None:
    """The language server among the children of an editor."""
    return next((one for one in descendants(process_id) if "serve" in _command(one)), None)


def find_model(process_id: int) -> psutil.Process | None:
    """The process of the model, a child of the language server's."""
    server = find_server(process_id)
    return next(iter(server.children()), None) if server else None


def end_all(processes: Sequence[psutil.Process], *, limit_s: float = 10.0) -> Sequence[psutil.Process]:
    """Wait until all have ended by themselves, then end the others; those are returned."""
    _, alive = psutil.wait_procs(list(processes), timeout=limit_s)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=limit_s)
    return alive


def _command(process: psutil.Process) -> Sequence[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
