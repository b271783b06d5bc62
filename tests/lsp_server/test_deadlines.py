"""Deadlines of many requests on one thread: each is told once, in the order in which they are due."""

from __future__ import annotations

import queue
import threading
from functools import partial

from lsp_server.system.deadlines import Deadlines
from tests.lsp_server.fake_engine import PATIENCE_S


def test_what_is_due_first_is_called_first_whatever_came_first() -> None:
    """Settings change while requests wait."""
    called: queue.SimpleQueue[str] = queue.SimpleQueue()
    deadlines = Deadlines()
    deadlines.call_after(0.05, partial(called.put, "later"))
    deadlines.call_after(0.01, partial(called.put, "sooner"))

    assert [called.get(timeout=PATIENCE_S) for _ in range(2)] == ["sooner", "later"]
    deadlines.close()


def test_many_requests_need_one_thread() -> None:
    """To start a thread can take longer than to answer, and the editor's messages wait meanwhile."""
    deadlines = Deadlines()
    n_before = threading.active_count()
    for _ in range(1000):
        deadlines.call_after(60, lambda: None)

    assert threading.active_count() == n_before
    deadlines.close()


def test_after_the_end_nothing_is_called() -> None:
    """What it would end has ended."""
    called = threading.Event()
    deadlines = Deadlines()
    deadlines.call_after(0.02, called.set)
    deadlines.close()

    assert not called.wait(0.06)
