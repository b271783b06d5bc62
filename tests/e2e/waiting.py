"""Waiting for something to be so, for as long as a busy machine may need and no longer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

LIMIT_S = 60.0  # only a machine under heavy load comes near
LOOK_AGAIN_S = 0.01


def wait_for(look: Callable[[], Value | None], what: str, *, limit_s: float = LIMIT_S) -> Value:
    """What `look` returns as soon as it is true. Raises TimeoutError, which says `what` was waited for."""
    end_s = time.monotonic() + limit_s
    while not (seen := look()):
        if time.monotonic() > end_s:
            raise TimeoutError(f"after {limit_s:.0f} s still not so: {what}")
        time.sleep(LOOK_AGAIN_S)
    return seen
