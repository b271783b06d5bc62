"""In idle time, what is shown of other documents is chosen anew, and evaluated before it is used. Knows no documents.

Other documents change while one is typed in. Showing them as they are now means evaluating the prompt anew, for which
nobody is to wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from lsp_server.context.chunks import NOT_TRAINED, OFF
from lsp_server.context.gathering import Gathering
from lsp_server.documents.request import CompletionRequest
from lsp_server.engine.engine import Engine
from lsp_server.suggestion.answer import Answer

IDLE_S = 2.0  # longer than the pauses in which people think about the next word


class Renewal:
    """Of the document that was asked about last. Belongs to the event loop."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering
        self._timer: asyncio.TimerHandle | None = None

    def call_off(self) -> None:
        """Somebody asks: the machine is his, and what was planned is about a text that may be gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def plan(self, request: CompletionRequest, answer: Answer, engine: Engine, roots: Sequence[str]) -> None:
        """When nothing is asked for a while after this answer, choose anew; if a model gave it that shows files."""
        self.call_off()
        if answer.context_reason not in ("", NOT_TRAINED, OFF):
            self._timer = asyncio.get_running_loop().call_later(IDLE_S, self.renew, request, engine, roots)

    def renew(self, request: CompletionRequest, engine: Engine, roots: Sequence[str]) -> None:
        """Choose anew; what differs is evaluated, and taken up by the first request after that."""
        proposed = self._gathering.renew(request, roots)
        if proposed is not None:
            engine.warm(proposed)
