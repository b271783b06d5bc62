"""The model's process: `python -P -m lsp_server.model.child`. Does one job after the other and heeds aborts meanwhile.

Ends when its stdin does, whatever it is doing: so it never outlives the server, not even one that was killed. Knows
neither documents nor the editor.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import BinaryIO

from lsp_server.model import messages
from lsp_server.model.worker import CannotLoad, WorkAborted, Worker, WorkFailed
from lsp_server.system.child_process import die_quietly
from lsp_server.system.stdio import take_stdio

_log = logging.getLogger(__name__)


def work_for_server(make_worker: Callable[[], Worker]) -> None:
    """Serve the process that started this one; returns never. To make the worker may run native code, which prints."""
    die_quietly()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal it reaches all processes; the server decides
    stdin_fd, stdout = take_stdio()
    worker = make_worker()
    jobs: queue.SimpleQueue[messages.Job] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(stdin_fd, jobs, worker), daemon=True).start()
    while True:
        _say(stdout, _do(jobs.get(), worker, stdout))


def _say(stdout: BinaryIO, message: messages.Reply) -> None:
    try:
        messages.write(stdout, message)
    except OSError:
        os._exit(0)  # the server is gone


def _listen(stdin_fd: int, jobs: queue.SimpleQueue[messages.Job], worker: Worker) -> None:
    with os.fdopen(stdin_fd, "rb") as stdin:
        while True:
            try:
                message = messages.read(stdin)
            except (EOFError, OSError):
                os._exit(0)
            except Exception:  # without this thread nobody would notice that the server is gone
                _log.exception("unreadable job")
                os._exit(1)
            match message:
                case messages.SetAbort(is_set):
                    worker.set_abort(is_set)
                case messages.Load() | messages.Ask() | messages.LayOutAnew():
                    jobs.put(message)
                case _:
                    raise TypeError(f"{type(message).__name__} is no job")


def _do(job: messages.Job, worker: Worker, stdout: BinaryIO) -> messages.Reply:
    tell = partial(_say, stdout)
    try:
        match job:
            case messages.Load(settings):
                return worker.load(settings, lambda message, percent: tell(messages.Told(message, percent)))
            case messages.Ask(asked, settings):
                return worker.answer(asked, settings, lambda middle: tell(messages.Grew(middle)))
            case messages.LayOutAnew(asked, settings):
                return worker.lay_out_anew(asked, settings)
    except (CannotLoad, WorkFailed, WorkAborted) as error:
        return messages.Failed(type(error)(*error.args))  # without what caused it, which may not be picklable
    except Exception as error:  # the rim of the process: whatever it is, the server must hear of it
        _log.exception("a job failed: %s", type(job).__name__)
        return messages.Failed(WorkFailed(f"internal error: {type(error).__name__}; please report it"))


def main() -> None:
    """Load with llama.cpp."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    work_for_server(_make_worker)


def _make_worker() -> Worker:
    # only now: importing this already runs native code
    from lsp_server.model.work import ModelWork

    return ModelWork()


if __name__ == "__main__":
    main()
