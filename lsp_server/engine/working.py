"""One piece of work, done by the worker: what becomes of it, whatever happens. Knows no threads and no queue."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from lsp_server.engine.generation import Generation
from lsp_server.engine.state import EngineState
from lsp_server.model.worker import WorkAborted, Worker, WorkerDied, WorkFailed
from lsp_server.suggestion.answer import Answer

_log = logging.getLogger(__name__)


def do_work(
    worker: Worker, work: Generation, *, on_growth: Callable[[bytes], None], model: str
) -> tuple[Answer, EngineState | None]:
    """The answer, and how the model is, if it has shown that to somebody who asked. Raises WorkerDied."""
    try:
        if work.purpose == "lay out anew":
            worker.lay_out_anew(work.asked, work.settings)
            work.is_laid_out = True
            return Answer(outcome="empty", reason="laid out anew"), None
        done = worker.answer(work.asked, work.settings, on_growth)
    except WorkAborted:
        return Answer(outcome="empty", reason="the evaluation was interrupted"), None
    except WorkFailed as error:
        _log.warning("the model failed: %s", error)
        return Answer(outcome="empty", reason=str(error)), _if_asked(work, EngineState("error", str(error), model))
    except WorkerDied:
        raise
    except Exception as error:  # the rim: a request that is not answered hangs in the editor
        _log.exception("completion failed")
        worker.kill()  # what it says next might be the answer to this
        return Answer(outcome="empty", reason=f"internal error: {type(error).__name__}; please report it"), None
    work.is_worn = done.is_worn
    answer = replace(done.answer, timings_ms={"queue": work.queued_ms, **done.answer.timings_ms})
    is_ready = EngineState("idle", "ready", model, notice=done.notice)
    return answer, is_ready if done.notice else _if_asked(work, is_ready)  # after an error, it works again


def _if_asked(work: Generation, state: EngineState) -> EngineState | None:
    return state if work.purpose == "answer" else None
