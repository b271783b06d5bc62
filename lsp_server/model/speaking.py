"""What does the work at hand: one model, or several as one. Knows no worker, no process and no protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lsp_server.documents.request import CompletionRequest
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer

if TYPE_CHECKING:
    from byte_fim.complete import Completion
    from byte_fim.generate import FindEnd, ShouldStop


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A middle, and what is to be told with it."""

    completion: Completion
    add_to: Callable[[Answer], Answer]
    """The answer made of it, with what people are told of files and members."""
    is_worn: bool
    """the prompt is better laid out anew before the next question comes"""
    notice: str = ""
    """what is told to the user, once, as a sentence"""


class Speaker(Protocol):
    """All but `set_abort` belongs to the thread that loaded it."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    @property
    def uses_devices(self) -> bool:
        """Part of it lies in memory that is not the processor's."""
        ...

    def most_steps(self, settings: Settings) -> int:
        """How often, at most, it looks for the end of one middle."""
        ...

    def say(self, asked: CompletionRequest, settings: Settings, *, should_stop: ShouldStop, find_end: FindEnd) -> Said:
        """The middle. Raises ModelError, DecodeAborted."""
        ...

    def lay_out_anew(self, asked: CompletionRequest, settings: Settings, *, should_stop: ShouldStop) -> None:
        """Evaluates the prompt at a new anchor. When this raises, the old one stays in use. Raises as `say`."""
        ...

    def set_abort(self, is_set: bool) -> None:
        """From any thread, never waits: True ends an evaluation within milliseconds, False re-arms."""
        ...

    def memory(self) -> Mapping[str, int]:
        """As `LoadedModel.memory`."""
        ...

    def close(self) -> None:
        """Frees what it holds."""
        ...
