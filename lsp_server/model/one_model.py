"""One model, asked token by token, with what outlives a request: anchors, drafts, other files as it is shown them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from byte_fim.anchor import Anchors
from byte_fim.complete import CompleteOptions
from byte_fim.drafting import Drafter
from lsp_server.context.chunks import OFF
from lsp_server.context.outline import find_outline
from lsp_server.context.preambles import Preambles, Shown
from lsp_server.documents.request import CompletionRequest
from lsp_server.model.loading import LoadedModel
from lsp_server.model.speaking import Said
from lsp_server.settings import Settings

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


class OneModel:
    """A `Speaker` for a single model."""

    def __init__(self, loaded: LoadedModel, *, complete: Complete) -> None:
        self.name = loaded.name
        self.uses_devices = loaded.uses_devices
        self._loaded = loaded
        self._complete = complete
        self._anchors = Anchors(find_outline)
        self._drafter = Drafter(loaded.model.vocab, loaded.step_costs or None)
        self._preambles = Preambles(loaded.model, loaded.fim)

    def most_steps(self, settings: Settings) -> int:
        """Tokens."""
        return settings.max_tokens

    def say(self, asked: CompletionRequest, settings: Settings, *, should_stop: ShouldStop, find_end: FindEnd) -> Said:
        """See Speaker."""
        options, shown = self._options(asked, settings)
        completion = self._ask(asked, options, self._anchors, should_stop, find_end)
        is_worn = self._anchors.is_worn(options.scheme(self._loaded.model))
        return Said(completion=completion, add_to=shown.add_to, is_worn=is_worn)

    def lay_out_anew(self, asked: CompletionRequest, settings: Settings, *, should_stop: ShouldStop) -> None:
        """See Speaker."""
        fresh = Anchors(find_outline)
        options, _ = self._options(asked, settings)
        self._ask(asked, options, fresh, should_stop, lambda middle: 0)  # finished as soon as the prompt is evaluated
        self._anchors.adopt(fresh)

    def set_abort(self, is_set: bool) -> None:
        """See Speaker."""
        self._loaded.set_abort(is_set)

    def memory(self) -> Mapping[str, int]:
        """See Speaker."""
        return self._loaded.memory()

    def close(self) -> None:
        """See Speaker."""
        self._loaded.close()

    def _ask(
        self,
        asked: CompletionRequest,
        options: CompleteOptions,
        anchors: Anchors,
        should_stop: ShouldStop,
        find_end: FindEnd,
    ) -> Completion:
        return self._complete(
            self._loaded.model,
            self._loaded.fim,
            asked.prefix,
            asked.suffix,
            options=options,
            should_stop=should_stop,
            find_end=find_end,
            anchors=anchors,
            drafter=self._drafter,
        )

    def _options(self, asked: CompletionRequest, settings: Settings) -> tuple[CompleteOptions, Shown]:
        options = CompleteOptions(
            layout=self._loaded.layout if settings.layout == "auto" else settings.layout,
            cut=self._loaded.cut,
            conditioning=settings.conditioning,
            max_tokens=settings.max_tokens,
        )
        if not settings.context_files:
            return options, Shown(reason=OFF)
        shown = self._preambles.of(asked, n_room_tokens=options.scheme(self._loaded.model).n_room_tokens)
        return replace(options, preamble=shown.preamble.tokens), shown
