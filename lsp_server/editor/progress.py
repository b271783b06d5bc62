"""The loading or fetching of a model as work-done progress, for editors that show it. Knows no engine and no model.

The editor is asked for a place to show it in first; what has become known by the time it agrees is shown then. At most
four reports a second: editors draw each.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

from lsprotocol import types

LEAST_PAUSE_S = 0.25
_TITLE = "bytefim"


class Editor(Protocol):
    """What this needs of the connection."""

    def window_work_done_progress_create(self, params: types.WorkDoneProgressCreateParams) -> Future[None]: ...

    def progress(self, params: types.ProgressParams) -> None: ...


class LoadingProgress:
    """One loading after the other. Belongs to the event loop."""

    def __init__(self, editor: Editor, *, clock: Callable[[], float], subject: str = "loading") -> None:
        self.is_offered = False
        """the editor can show progress"""
        self._editor = editor
        self._clock = clock
        self._subject = subject
        self._numbers = itertools.count(1)
        self._token: str | None = None  # of the loading that goes on
        self._is_begun = False
        self._latest: tuple[str, int | None] = ("", None)
        self._reported_s = 0.0

    def load(self, message: str, percentage: int | None) -> None:
        """The model is being loaded; so far it has come."""
        if not self.is_offered:
            return
        if self._token is None:
            self._token = token = f"bytefim/{self._subject}/{next(self._numbers)}"
            self._latest = (message, percentage)
            created = self._editor.window_work_done_progress_create(types.WorkDoneProgressCreateParams(token))
            created.add_done_callback(lambda created: self._begin(token, created))
            return
        self._latest = (message, percentage)
        if self._is_begun and self._clock() - self._reported_s >= LEAST_PAUSE_S:
            report = types.WorkDoneProgressReport(cancellable=True, message=message, percentage=percentage)
            self._send(self._token, report)

    def end(self, message: str) -> None:
        """Loading has ended, one way or the other."""
        if self._token is not None and self._is_begun:
            self._send(self._token, types.WorkDoneProgressEnd(message=message))
        self._token, self._is_begun = None, False

    def is_about(self, token: object) -> bool:
        """True when the token is that of the loading that goes on."""
        return self._token is not None and token == self._token

    def _begin(self, token: str, created: Future[None]) -> None:
        # meanwhile the loading may be over, or the editor may have said no
        if token != self._token or created.cancelled() or created.exception() is not None:
            return
        self._is_begun = True
        message, percentage = self._latest
        begin = types.WorkDoneProgressBegin(title=_TITLE, cancellable=True, message=message, percentage=percentage)
        self._send(token, begin)

    def _send(self, token: str, value: object) -> None:
        self._reported_s = self._clock()
        self._editor.progress(types.ProgressParams(token, value))
