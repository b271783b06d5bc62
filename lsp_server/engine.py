"""The single worker thread that owns the model. Knows no protocol, no documents and no bytes of a prompt.

Of each document the newest request wins: it supersedes a queued one and stops a running one. What is left of an earlier
suggestion that is being typed is served at once, without the model. Every request is answered:
at its deadline at the latest, at once while the model loads, and whatever the model does.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol

from lsp_server.answer import Answer, judge, serve_again
from lsp_server.request import CompletionRequest
from lsp_server.reuse import Offers
from lsp_server.settings import Settings
from lsp_server.trimming import find_end

if TYPE_CHECKING:  # numpy and the model's runtime are imported by the worker, so that the editor need not wait for them
    from byte_fim.complete import CompleteOptions, Completion
    from byte_fim.fim import FimFormat
    from byte_fim.generate import FindEnd, ShouldStop
    from byte_fim.model import TokenModel
    from lsp_server.model_catalog import LoadedModel

State = Literal["loading", "idle", "error"]

CLOSE_TIMEOUT_S = 5.0  # an aborted decode ends within milliseconds, if the runtime heeds the abort

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineState:
    """How the model is, for people."""

    state: State
    message: str
    model: str = ""


class Complete(Protocol):
    """The signature of `byte_fim.complete.complete`."""

    def __call__(
        self,
        model: TokenModel,
        fim: FimFormat,
        prefix: bytes,
        suffix: bytes,
        *,
        options: CompleteOptions,
        should_stop: ShouldStop,
        find_end: FindEnd,
    ) -> Completion: ...


@dataclass(slots=True, eq=False)
class _Job:
    request: CompletionRequest
    settings: Settings
    submitted_s: float
    answered: Future[Answer] = field(default_factory=Future[Answer])
    deadline: threading.Timer | None = None
    is_done: bool = False


class Engine:
    """Answers requests with the model that `load` gives. Loading begins at once, in the background."""

    def __init__(
        self,
        load: Callable[[], LoadedModel],
        settings: Settings,
        *,
        on_state: Callable[[EngineState], None] = lambda state: None,
        complete: Complete | None = None,
    ) -> None:
        """`on_state` is called by the worker thread; `complete` is `byte_fim.complete.complete` unless given."""
        self.settings = settings
        self._load = load
        self._on_state = on_state
        self._complete = complete
        self._changed = threading.Condition()
        self._queue: list[_Job] = []
        self._running: _Job | None = None
        self._loaded: LoadedModel | None = None
        self._why_not = "model is loading"
        self._is_closing = False
        self._told: EngineState | None = None
        self._last: dict[str, Answer] = {}
        self._offers = Offers()
        self._thread = threading.Thread(target=self._work, name="bytefim-model", daemon=True)
        self._thread.start()

    def submit(self, request: CompletionRequest) -> Future[Answer]:
        """The future answer; a request of the same document that is queued or running is superseded."""
        job = _Job(request, self.settings, time.monotonic())
        job.answered.set_running_or_notify_cancel()  # from here on only the engine ends it
        self.supersede(request.uri, reason="a newer request came")
        with self._changed:
            why_not = self._why_not if self.settings.enabled else "completion is turned off"
            left = None if why_not else self._offers.find(request, settings=job.settings)
            if not why_not and left is None:
                job.deadline = threading.Timer(job.settings.deadline_ms / 1000, self._miss_deadline, [job])
                job.deadline.daemon = True
                job.deadline.start()
                self._queue.append(job)
                self._changed.notify_all()
        if why_not:
            self._finish(job, Answer(outcome="empty", reason=why_not))
        elif left is not None:
            self._finish(job, serve_again(left))
        return job.answered

    def cancel(self, request: CompletionRequest) -> None:
        """The client wants no answer to this request any more."""
        for job in self._jobs():
            if job.request is request:
                self._finish(job, Answer(outcome="cancelled", reason="the client cancelled the request"))

    def supersede(self, uri: str, *, reason: str) -> None:
        """What is queued or running for this document is out of date."""
        for job in self._jobs():
            if job.request.uri == uri:
                self._finish(job, Answer(outcome="superseded", reason=reason))

    def find_last_answer(self, uri: str | None = None) -> Answer | None:
        """What became of the latest request of a document, or of the latest of all."""
        with self._changed:
            if uri is None:
                return next(reversed(self._last.values()), None)
            return self._last.get(uri)

    def forget(self, uri: str) -> None:
        """The document is closed."""
        self.supersede(uri, reason="the document was closed")
        with self._changed:
            self._last.pop(uri, None)
            self._offers.forget(uri)

    def close(self, *, timeout_s: float = CLOSE_TIMEOUT_S) -> bool:
        """Stop the worker, in the middle of a decode if need be; True when it has ended."""
        with self._changed:
            self._is_closing = True
            self._why_not = "the server is stopping"
            self._changed.notify_all()
        for job in self._jobs():
            self._finish(job, Answer(outcome="cancelled", reason="the server is stopping"))
        # a model that is still being loaded holds nothing worth waiting for
        self._thread.join(timeout_s if self._loaded else 0.0)
        return not self._thread.is_alive()

    def _jobs(self) -> list[_Job]:
        with self._changed:
            return [*self._queue, *([self._running] if self._running else [])]

    def _miss_deadline(self, job: _Job) -> None:
        reason = f"out of time after {job.settings.deadline_ms} ms (setting deadline_ms)"
        self._finish(job, Answer(outcome="empty", reason=reason))

    def _finish(self, job: _Job, answer: Answer) -> None:
        """Answer a job, once; if it is running, stop it."""
        with self._changed:
            if job.is_done:
                return
            job.is_done = True
            if job in self._queue:
                self._queue.remove(job)
            if job is self._running and self._loaded is not None:
                self._loaded.set_abort(True)
            self._last.pop(job.request.uri, None)  # so that the latest stands at the end
            self._last[job.request.uri] = answer
        if job.deadline is not None:
            job.deadline.cancel()
        _log_request(job, answer)
        job.answered.set_result(answer)

    def _work(self) -> None:
        loaded = self._load_model()
        if loaded is None:
            return
        while (job := self._next_job(loaded)) is not None:
            self._finish(job, self._answer(loaded, job))
            with self._changed:
                self._running = None
        loaded.close()

    def _load_model(self) -> LoadedModel | None:
        from byte_fim.model import ModelError

        self._tell(EngineState("loading", "the model is being loaded"))
        began_s = time.monotonic()
        try:
            loaded = self._load()
        except ModelError as error:
            self._give_up(str(error))
            return None
        except Exception as error:  # the rim of the thread: whatever it is, requests must be answered
            _log.exception("model could not be loaded")
            self._give_up(f"The model could not be loaded ({type(error).__name__}: {error}); run `bytefim doctor`.")
            return None
        with self._changed:
            self._loaded = loaded
            if not self._is_closing:
                self._why_not = ""
        _log.info("loaded model=%s layout=%s ms=%.0f", loaded.name, loaded.layout, _ms_since(began_s))
        self._tell(EngineState("idle", "ready", loaded.name))
        return loaded

    def _give_up(self, message: str) -> None:
        with self._changed:
            if not self._is_closing:
                self._why_not = message
        self._tell(EngineState("error", message))

    def _tell(self, state: EngineState) -> None:
        if state != self._told:
            self._told = state
            self._on_state(state)

    def _next_job(self, loaded: LoadedModel) -> _Job | None:
        """The newest job of all; None when the engine closes."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._is_closing)
            if self._is_closing:
                return None
            self._running = self._queue.pop()
            # under the lock: an abort that was meant for the job before must not hit this one
            loaded.set_abort(False)
            return self._running

    def _answer(self, loaded: LoadedModel, job: _Job) -> Answer:
        from byte_fim.model import DecodeAborted, ModelError

        try:
            answer = self._ask(loaded, job)
            if answer.outcome == "shown":
                with self._changed:
                    self._offers.keep(job.request, answer.middle, settings=job.settings)
            self._tell(EngineState("idle", "ready", loaded.name))  # after an error, it works again
            return answer
        except DecodeAborted:
            return Answer(outcome="empty", reason="the evaluation was interrupted")
        except ModelError as error:
            _log.warning("the model failed: %s", error)
            self._tell(EngineState("error", str(error), loaded.name))
            return Answer(outcome="empty", reason=str(error))
        except Exception as error:  # the rim of the thread: a request that is not answered hangs in the editor
            _log.exception("completion failed")
            return Answer(outcome="empty", reason=f"internal error: {type(error).__name__}; please report it")

    def _ask(self, loaded: LoadedModel, job: _Job) -> Answer:
        from byte_fim.complete import CompleteOptions, complete

        request, settings = job.request, job.settings
        options = CompleteOptions(
            layout=loaded.layout if settings.layout == "auto" else settings.layout,
            cut=loaded.cut,
            conditioning=settings.conditioning,
            max_tokens=settings.max_tokens,
        )
        began_s = time.monotonic()
        completion = (self._complete or complete)(
            loaded.model,
            loaded.fim,
            request.prefix,
            request.suffix,
            options=options,
            should_stop=lambda: "cancelled" if job.is_done else None,
            find_end=partial(find_end, suffix=request.suffix),
        )
        timings_ms = {"queue": (began_s - job.submitted_s) * 1000, "complete": _ms_since(began_s)}
        return judge(request, completion, timings_ms=timings_ms)


def _log_request(job: _Job, answer: Answer) -> None:
    tokens = " ".join(f"{name}={count}" for name, count in answer.tokens.items())
    stages = " ".join(f"{name}_ms={ms:.1f}" for name, ms in answer.timings_ms.items())
    _log.info(
        'request uri=%s version=%d offset=%d outcome=%s reason="%s" n_bytes=%d %s %s total_ms=%.1f',
        job.request.uri,
        job.request.version,
        job.request.cursor_offset_bytes,
        answer.outcome,
        answer.reason,
        len(answer.middle),
        tokens,
        stages,
        _ms_since(job.submitted_s),
    )


def _ms_since(began_s: float) -> float:
    return (time.monotonic() - began_s) * 1000
