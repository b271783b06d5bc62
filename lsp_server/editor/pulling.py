"""A model fetched because the editor's user said so: one at a time, by a process that can be ended. Knows no network.

The editor is told by progress, if it shows any, and by one message at the end.
"""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from lsp_server.editor.progress import LoadingProgress
from lsp_server.system.child_process import CREATION_FLAGS, PYTHON, child_environment

_CHILD = (*PYTHON, "-m", "lsp_server.store.pull_child")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PullEnd:
    """How it ended."""

    name: str
    path: str | None = None
    """where the model lies; None when it could not be fetched"""
    message: str = ""
    """a sentence, for people; empty when the user has ended it himself"""


class Pulling:
    """At most one model that is being fetched. Belongs to the event loop."""

    def __init__(self, progress: LoadingProgress, on_end: Callable[[PullEnd], None]) -> None:
        self.progress = progress
        self._on_end = on_end
        self._task: asyncio.Task[PullEnd] | None = None
        self._name = ""

    @property
    def name(self) -> str | None:
        """Of the model that is being fetched now."""
        return self._name if self._task is not None else None

    def start(self, name: str, *, mirror: str | None, proxy: str | None) -> None:
        """Only while no other is fetched."""
        assert self._task is None
        self._name = name
        wish = json.dumps({"name": name, "mirror": mirror, "proxy": proxy})
        self.progress.load(f"fetching {name}", None)
        self._task = asyncio.get_running_loop().create_task(self._pull(wish))
        self._task.add_done_callback(self._tell_end)

    def stop(self) -> None:
        """What has arrived stays."""
        if self._task is not None:
            self._task.cancel()

    def _tell_end(self, task: asyncio.Task[PullEnd]) -> None:
        self._task = None
        end = PullEnd(self._name) if task.cancelled() else task.result()
        self.progress.end(end.message or "stopped; what has arrived stays")
        self._on_end(end)

    async def _pull(self, wish: str) -> PullEnd:
        try:
            return await self._follow(wish)
        except (OSError, ValueError) as error:
            _log.warning("pull model=%s failed: %s", self._name, error)
            return PullEnd(self._name, message=f"{self._name} was not fetched: its process failed ({error}).")

    async def _follow(self, wish: str) -> PullEnd:
        end = PullEnd(
            self._name, message=f"{self._name} was not fetched: its process ended; the server's log may tell why."
        )
        process = await asyncio.create_subprocess_exec(
            *_CHILD,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=child_environment(),
            creationflags=CREATION_FLAGS,
        )
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(wish.encode() + b"\n")
            async for line in process.stdout:
                said = cast("dict[str, object]", json.loads(line))
                if "message" in said:
                    self.progress.load(f"{self._name}: {said['message']}", cast("int | None", said["percentage"]))
                else:
                    end = self._read_end(said)
        finally:
            await _end(process)
        _log.info("pull model=%s status=%s", self._name, process.returncode)
        return end

    def _read_end(self, said: dict[str, object]) -> PullEnd:
        if "error" in said:
            return PullEnd(self._name, message=str(said["error"]))
        warning = f" Mind its licence: {said['warning']}" if said["warning"] else ""
        return PullEnd(self._name, str(said["path"]), f"{said['name']} is on this machine.{warning}")


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
