"""How the model is, for people, and how often it may die before it is left alone. Knows no threads and no model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["loading", "idle", "off", "error"]

MAX_DEATHS = 3  # so many in a row are no accident
DEATHS_APART_S = 300.0


@dataclass(frozen=True, slots=True)
class EngineState:
    """What people are told."""

    state: State
    message: str
    model: str = ""
    percentage: int | None = None
    """of the loading, where it is known"""
    notice: str = ""
    """sentences that are worth a message of their own; empty: none"""


class Deaths:
    """When the model died lately."""

    def __init__(self) -> None:
        self._at_s: list[float] = []

    def count(self, now_s: float) -> bool:
        """Take note of one more; False when there were too many to try again."""
        self._at_s = [s for s in self._at_s if now_s - s < DEATHS_APART_S] + [now_s]
        return len(self._at_s) < MAX_DEATHS

    @property
    def n_lately(self) -> int:
        """So many, the one that was counted last included."""
        return len(self._at_s)

    def forget(self) -> None:
        """Somebody wants it to be tried again."""
        self._at_s.clear()
