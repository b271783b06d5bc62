"""Other files as the model is shown them, and what people are told about it. Knows no documents and no protocol."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from byte_fim.other_files import OtherFile, Preamble, show_files
from lsp_server.context.chunks import NO_ROOM, NONE_CHOSEN, NOT_TRAINED, SHOWN
from lsp_server.documents.request import CompletionRequest
from lsp_server.suggestion.answer import Answer

if TYPE_CHECKING:
    from byte_fim.fim import FimFormat
    from byte_fim.model import Tokenizing

ROOM_SHARE = 1 / 4  # of the room for text: what is around the cursor says more


@dataclass(frozen=True, slots=True)
class Shown:
    """A preamble and its reason."""

    preamble: Preamble = field(default_factory=Preamble)
    reason: str = NONE_CHOSEN

    @property
    def paths(self) -> tuple[str, ...]:
        """In their order in the prompt."""
        return tuple(file.path.decode() for file in self.preamble.files)

    def add_to(self, answer: Answer) -> Answer:
        """The answer, with what people are told of the files."""
        tokens = {**answer.tokens, "context": len(self.preamble.tokens)}
        return replace(answer, tokens=tokens, context_files=self.paths, context_reason=self.reason)


class Preambles:
    """Of one model. The last is kept, since it is the same from key to key."""

    def __init__(self, model: Tokenizing, fim: FimFormat) -> None:
        self._model = model
        self._fim = fim
        self._last: tuple[object, Shown] = ((), Shown())

    def of(self, asked: CompletionRequest, *, n_room_tokens: int) -> Shown:
        """What is shown in front of this question, when there is so much room for text in all."""
        question = (asked.context, asked.repository, asked.path, n_room_tokens)
        if self._last[0] != question:
            self._last = question, self._show(asked, int(n_room_tokens * ROOM_SHARE))
        return self._last[1]

    def _show(self, asked: CompletionRequest, n_tokens: int) -> Shown:
        if self._fim.repository_id is None or self._fim.file_id is None:
            return Shown(reason=NOT_TRAINED)
        if not asked.context:
            return Shown()
        preamble = show_files(
            self._model.tokenize,
            self._fim,
            [OtherFile(chunk.path.encode(), chunk.text) for chunk in asked.context],
            repository=asked.repository.encode(),
            path=asked.path.encode(),
            n_tokens=n_tokens,
        )
        return Shown(preamble, SHOWN if preamble.files else NO_ROOM)
