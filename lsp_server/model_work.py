"""What the engine's thread does with the model: answers, and prompts laid out anew ahead of time.

Holds what outlives a request: anchors and drafts. Knows no threads, no queue and no protocol.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from byte_fim.anchor import Anchors
from byte_fim.complete import CompleteOptions, complete
from byte_fim.drafting import Drafter
from lsp_server.answer import Answer, judge
from lsp_server.generation import Generation
from lsp_server.model_catalog import LoadedModel

if TYPE_CHECKING:
    from byte_fim.complete import Completion
    from byte_fim.fim import FimFormat
    from byte_fim.generate import FindEnd, ShouldStop
    from byte_fim.model import TokenModel


class Complete(Protocol):
    """The signature of `byte_fim.complete.complete`."""

    def __call__(
        self,
        model: TokenModel,
        fim: FimFormat,
        prefix: bytes,
        suffix: bytes,
        *,
        options: CompleteOptions,
        should_stop: ShouldStop,
        find_end: FindEnd,
        anchors: Anchors,
        drafter: Drafter,
    ) -> Completion: ...


class ModelWork:
    """One loaded model at work. Belongs to the thread that loaded it."""

    def __init__(self, loaded: LoadedModel, *, complete: Complete = complete) -> None:
        self._loaded = loaded
        self._complete = complete
        self._anchors = Anchors()
        self._drafter = Drafter(loaded.model.vocab, loaded.step_costs or None)

    def answer(self, work: Generation, *, find_end: FindEnd) -> Answer:
        """What the model says, trimmed and judged. Raises ModelError, and DecodeAborted when it was stopped early."""
        began_s = time.monotonic()
        completion = self._ask(work, self._anchors, find_end, lambda: "cancelled" if work.is_stopped else None)
        timings_ms = {"queue": work.queued_ms, "complete": (time.monotonic() - began_s) * 1000}
        return judge(work.asked, completion, timings_ms=timings_ms, memory=self._loaded.memory())

    def is_worn(self, work: Generation) -> bool:
        """True when the text of this work is better laid out anew before the next request comes."""
        scheme = self._options(work).scheme(self._loaded.model)
        asked = work.asked
        return self._anchors.is_worn(self._loaded.model, self._loaded.fim, asked.prefix, asked.suffix, scheme)

    def lay_out_anew(self, work: Generation) -> None:
        """Evaluates the prompt at a new anchor, which is used from then on. When this raises, as `answer` does, the old
        one is.
        """
        fresh = Anchors()
        self._ask(work, fresh, lambda middle: 0, lambda: None)  # finished as soon as the prompt is evaluated
        self._anchors.adopt(fresh)

    def _ask(self, work: Generation, anchors: Anchors, find_end: FindEnd, should_stop: ShouldStop) -> Completion:
        return self._complete(
            self._loaded.model,
            self._loaded.fim,
            work.asked.prefix,
            work.asked.suffix,
            options=self._options(work),
            should_stop=should_stop,
            find_end=find_end,
            anchors=anchors,
            drafter=self._drafter,
        )

    def _options(self, work: Generation) -> CompleteOptions:
        settings = work.settings
        return CompleteOptions(
            layout=self._loaded.layout if settings.layout == "auto" else settings.layout,
            cut=self._loaded.cut,
            conditioning=settings.conditioning,
            max_tokens=settings.max_tokens,
        )
