"""A request that waits for its answer, and the line in the log when it gets it. Knows no model and no queue."""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future

from lsp_server.documents.request import CompletionRequest
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer

_log = logging.getLogger(__name__)


class Pending:
    """One request until it is answered."""

    def __init__(self, request: CompletionRequest, settings: Settings) -> None:
        self.request = request
        self.settings = settings
        """as they were when it came"""
        self.answered: Future[Answer] = Future()
        self.answered.set_running_or_notify_cancel()  # from here on only the engine ends it
        self._submitted_s = time.monotonic()

    def waited_ms(self) -> float:
        """Since it came."""
        return (time.monotonic() - self._submitted_s) * 1000

    def answer(self, answer: Answer) -> None:
        """End it, once; those who wait for the future run their callbacks now, so no lock may be held."""
        self._log(answer)
        self.answered.set_result(answer)

    def _log(self, answer: Answer) -> None:
        tokens = " ".join(f"{name}={count}" for name, count in (*answer.tokens.items(), *answer.memory.items()))
        stages = " ".join(f"{name}_ms={ms:.1f}" for name, ms in answer.timings_ms.items())
        _log.info(
            'request uri=%s version=%d offset=%d outcome=%s reason="%s" rule=%s served_by="%s"'
            " confidence=%.2g n_bytes=%d %s %s total_ms=%.1f",
            self.request.uri,
            self.request.version,
            self.request.cursor_offset_bytes,
            answer.outcome,
            answer.reason,
            answer.rule,
            answer.served_by,
            answer.confidence,
            len(answer.middle),
            tokens,
            stages,
            self.waited_ms(),
        )
