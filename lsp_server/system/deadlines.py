"""Tells when a time is up. One thread for all: to start one may take longer than to answer.

Knows nothing of what is due but when.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable


class Deadlines:
    """What is to be called, and when, on a thread of its own."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Callable[[], None]]] = []  # a heap
        self._numbers = itertools.count()  # of calls that are due at the same time, the first one first
        self._is_closing = False
        self._thread = threading.Thread(target=self._work, name="bytefim-deadlines", daemon=True)
        self._thread.start()

    def call_after(self, delay_s: float, call: Callable[[], None]) -> None:
        """Once so many seconds have passed. It cannot be called off: a call that comes too late does nothing."""
        with self._changed:
            entry = (time.monotonic() + delay_s, next(self._numbers), call)
            heapq.heappush(self._due, entry)
            if self._due[0] is entry:  # otherwise the thread wakes early enough
                self._changed.notify()

    def close(self) -> None:
        """Whatever is due later is not called any more."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()

    def _work(self) -> None:
        while (call := self._wait()) is not None:
            call()

    def _wait(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._is_closing:
                left_s = self._due[0][0] - time.monotonic() if self._due else None
                if left_s is not None and left_s <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(left_s)
            return None
