"""The model in a process of its own: when native code crashes or memory runs out, the server and its documents live on.

The reason: docs/decisions/0008. Knows neither the model nor what its answers mean.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, cast

from lsp_server.documents.request import CompletionRequest
from lsp_server.model import messages
from lsp_server.model.worker import CannotLoad, Done, Ready, Tell, WorkerDied, WorkerStarved
from lsp_server.settings import Settings
from lsp_server.system.child_process import CREATION_FLAGS, PYTHON, child_environment, name_end

CHILD_COMMAND = (*PYTHON, "-m", "lsp_server.model.child")
_END_TIMEOUT_S = 5.0  # a process that was killed is gone within milliseconds


class ModelProcess:
    """A `Worker` that `kill` can always end, and that may die."""

    def __init__(self, command: Sequence[str] = CHILD_COMMAND) -> None:
        """The process is started by `load`."""
        self.on_death: Callable[[WorkerDied], None] = lambda death: None
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._is_killed = False
        self._writing = threading.Lock()
        self._is_abort_wanted = self._is_abort_sent = False

    @property
    def process_id(self) -> int | None:
        """None before `load`."""
        return self._process.pid if self._process else None

    def load(self, settings: Settings, tell: Tell) -> Ready:
        """See Worker."""
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=child_environment(),
                creationflags=CREATION_FLAGS,
            )
        except OSError as error:
            raise CannotLoad(f"The model's process did not start ({error.strerror}); run `bytefim doctor`.") from error
        if self._is_killed:  # while it was started, by somebody who could not wait for that
            self._process.kill()
        threading.Thread(target=self._watch, args=(self._process,), daemon=True).start()
        self._send(messages.Load(settings))
        while not isinstance(reply := self._receive(), Ready):
            assert isinstance(reply, messages.Told), reply
            tell(reply.message, reply.percentage)
        return reply

    def answer(self, asked: CompletionRequest, settings: Settings, on_growth: Callable[[bytes], None]) -> Done:
        """See Worker."""
        self._send(messages.Ask(asked, settings))
        while not isinstance(reply := self._receive(), Done):
            assert isinstance(reply, messages.Grew), reply
            on_growth(reply.middle)
        return reply

    def lay_out_anew(self, asked: CompletionRequest, settings: Settings) -> None:
        """See Worker."""
        self._send(messages.LayOutAnew(asked, settings))
        self._receive()

    def set_abort(self, is_set: bool) -> None:
        """See Worker. Whoever is writing a job just now sends it behind that."""
        self._is_abort_wanted = is_set
        self._send_abort()

    def kill(self) -> None:
        """See Worker."""
        self._is_killed = True
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """See Worker."""
        self.kill()
        if (process := self._process) is not None:
            with suppress(subprocess.TimeoutExpired):  # a process in the middle of a system call; it is init's then
                process.wait(_END_TIMEOUT_S)
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):  # what was not flushed
                    cast("IO[bytes]", stream).close()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self.on_death(self._death())

    def _send(self, job: messages.Job) -> None:
        assert self._process is not None, "load() comes first"
        assert self._process.stdin is not None
        try:
            with self._writing:
                messages.write(self._process.stdin, job)
        except (OSError, ValueError) as error:
            raise self._death() from error
        self._send_abort()

    def _send_abort(self) -> None:
        # again and again: whoever wants something else meanwhile has found the lock taken and gone away
        while self._is_abort_sent != self._is_abort_wanted and self._writing.acquire(blocking=False):
            try:
                self._is_abort_sent = self._is_abort_wanted
                if self._process is not None and self._process.stdin is not None:
                    messages.write(self._process.stdin, messages.SetAbort(self._is_abort_sent))
            except (OSError, ValueError):
                pass  # it is gone, which whoever waits for its reply is told
            finally:
                self._writing.release()

    def _receive(self) -> messages.Reply:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            reply = cast("messages.Reply", messages.read(self._process.stdout))
        except (EOFError, OSError, ValueError) as error:
            raise self._death() from error
        if isinstance(reply, messages.Failed):
            raise reply.error
        return reply

    def _death(self) -> WorkerDied:
        assert self._process is not None
        try:
            how = name_end(self._process.wait(_END_TIMEOUT_S))
        except subprocess.TimeoutExpired:
            self._process.kill()
            how = "it said nothing more"
        if how == "SIGKILL" and not self._is_killed:
            return WorkerStarved(f"The model's process ended ({how}: perhaps memory ran out)")
        return WorkerDied(f"The model's process ended ({how})")
