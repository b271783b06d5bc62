"""What the engine asks of whatever holds the model, and how that may end. Knows no runtime, no process, no protocol.

`work.ModelWork` is the model itself, `process.ModelProcess` the same in a process of its own; one contract
suite holds both to this text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from lsp_server.documents.request import CompletionRequest
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer

Tell = Callable[[str, int | None], None]
"""Takes what is being done, for people, and how many percent of it are done where that is known."""


class CannotLoad(Exception):
    """There will be no model; the message is one sentence with the remedy."""


class NoRoom(CannotLoad):
    """Memory does not suffice; with a smaller context or a smaller model it might."""


class WorkFailed(Exception):
    """The model could not do it this time; the message is one sentence."""


class WorkAborted(Exception):
    """It was stopped before there was anything to say."""


class WorkerDied(Exception):
    """Whatever held the model is gone, and with it what it had evaluated; the message says how it ended."""


class WorkerStarved(WorkerDied):
    """The system ended it, as systems do when memory runs out."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What was loaded."""

    name: str
    uses_devices: bool = False
    """part of it lies in memory that is not the processor's"""
    notice: str = ""
    """what people are told of it, as sentences"""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one question."""

    answer: Answer
    is_worn: bool
    """the prompt is better laid out anew before the next question comes"""
    notice: str = ""
    """what people are told, once, as a sentence"""


class Worker(Protocol):
    """One model at work. `load` comes first.

    All methods but `set_abort` and `kill` belong to one thread; each of them may raise WorkerDied.
    """

    on_death: Callable[[WorkerDied], None]
    """Called, by a thread of the worker, when it has died, so that it is noticed while nothing is asked, too."""

    def load(self, settings: Settings, tell: Tell) -> Ready:
        """Loads the model, slowly. Raises CannotLoad, NoRoom."""
        ...

    def answer(self, asked: CompletionRequest, settings: Settings, on_growth: Callable[[bytes], None]) -> Done:
        """What the model says, trimmed and judged; `on_growth` hears the middle so far.

        Raises WorkFailed, WorkAborted.
        """
        ...

    def lay_out_anew(self, asked: CompletionRequest, settings: Settings) -> None:
        """Evaluates the prompt at a new anchor, for questions to come. Raises WorkFailed, WorkAborted."""
        ...

    def set_abort(self, is_set: bool) -> None:
        """From any thread, never waits: True ends what is being done within milliseconds, False re-arms."""
        ...

    def kill(self) -> None:
        """From any thread: end it, whatever it is doing, if that is possible."""
        ...

    def close(self) -> None:
        """Frees what it holds; nothing may be asked afterwards."""
        ...
