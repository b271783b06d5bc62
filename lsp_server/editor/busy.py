"""Whether a request takes so long that people want to see that something is at work. Knows no requests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Generator

BUSY_AFTER_S = 0.3  # sooner, a sign of work would only flicker


class BusySign:
    """Lit while any work has taken long. Belongs to the event loop."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.is_lit = False
        self._on_change = on_change
        self._n_long = 0  # pieces of work that have taken long enough to be noticed

    @contextlib.contextmanager
    def working(self) -> Generator[None]:
        """While a piece of work goes on."""
        is_long = False

        def notice() -> None:
            nonlocal is_long
            is_long = True
            self._n_long += 1
            self._light()

        loop = asyncio.get_running_loop()
        noticing = loop.call_later(BUSY_AFTER_S, notice)
        try:
            yield
        finally:
            noticing.cancel()
            if is_long:
                self._n_long -= 1
                # typing on asks again at once, and what works on shall not seem to stop
                loop.call_later(BUSY_AFTER_S, self._light)

    def _light(self) -> None:
        if self.is_lit != (self._n_long > 0):
            self.is_lit = self._n_long > 0
            self._on_change()
