"""Whether anybody has asked lately. Knows no requests and no model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lsp_server.system.deadlines import Deadlines

LEAST_PAUSE_S = 5.0  # between two looks


class Idleness:
    """How long nobody has asked. Under a lock of whoever uses it."""

    def __init__(self, alarms: Deadlines, clock: Callable[[], float]) -> None:
        self._alarms = alarms
        self._clock = clock
        self._used_s = clock()
        self._number = 0  # of the alarm that counts

    def end(self) -> None:
        """Somebody asks."""
        self._used_s = self._clock()

    def has_lasted(self, minutes: int) -> bool:
        """True when nobody has asked for so long."""
        return self._clock() - self._used_s >= 60 * minutes

    def watch(self, minutes: int, look: Callable[[], None]) -> None:
        """Have `look` called once it may have lasted so long; instead of what was to be called before. 0: never."""
        self._number += 1
        if minutes:
            pause_s = self._used_s + 60 * minutes - self._clock()
            self._alarms.call_after(max(LEAST_PAUSE_S, pause_s), partial(self._call, self._number, look))

    def _call(self, number: int, look: Callable[[], None]) -> None:
        if number == self._number:
            look()
