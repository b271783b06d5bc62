"""Members of scripted ensembles: each says a text of its own, and fails or takes its time when it is told to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from byte_fim.errors import DecodeAborted, ModelFailed
from byte_fim.fim import FimFormat
from byte_fim.generate import Alternative
from byte_fim.model import Float64Array
from byte_fim.reference import ToyModel
from byte_fim.vocab import TokenId, Tokens
from lsp_server.model.loading import LoadedModel
from lsp_server.model.loading_several import LoadedEnsemble
from lsp_server.model.several_models import SeveralModels
from lsp_server.model.speaking import Said
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer
from tests.lsp_server.requests import ask
from tests.lsp_server.staffed_engine import HandAlarms

SAID = b"result = 1"
BEGUN = b"resu"
SETTINGS = Settings(deadline_ms=1000)
FAULT = "the graphics card is gone; use another"


class Parrot(ToyModel):
    """Says its text, byte by byte, then stops."""

    def __init__(self, text: bytes, *, doubt: float = 1e-6) -> None:
        """`doubt`: the probability of each outcome that is not in the text."""
        super().__init__([], law=self._follow)
        self.text = text
        self.is_broken = False
        self.n_asked = 0
        self.before: Callable[[], None] = lambda: None
        """what happens while it evaluates"""
        self.is_aborted = False
        self._doubt = doubt

    def next_token_logprobs(self, contexts: Sequence[Sequence[TokenId]]) -> Float64Array:
        self.n_asked += 1
        self.before()
        if self.is_aborted:
            raise DecodeAborted
        if self.is_broken:
            raise ModelFailed(FAULT)
        return super().next_token_logprobs(contexts)

    def set_abort(self, is_set: bool) -> None:
        self.is_aborted = is_set

    def _follow(self, context: Tokens) -> Float64Array:
        said = bytes(context[1:])
        probability = np.full(self.vocab.n_tokens, self._doubt)
        goes_on = self.text.startswith(said) and len(said) < len(self.text)
        probability[self.text[len(said)] if goes_on else self.stop_id] = 1.0
        return np.log(probability / probability.sum())


def load(parrot: Parrot, name: str) -> LoadedModel:
    """As `load_model`; plain, since toys have no FIM tokens."""
    return LoadedModel(
        name=name,
        path=Path(f"{name}.gguf"),
        model=parrot,
        fim=FimFormat(None, None, None, start_ids=(parrot.stop_id,)),
        layout="plain",
        cut="word",
        set_abort=parrot.set_abort,
        facts={},
    )


class Table:
    """Several of them at work, with a clock and alarms that the test moves."""

    def __init__(self, *parrots: Parrot, has_words: bool = False) -> None:
        """They are named a, b, c."""
        self.now_s = 0.0
        self.alarms = HandAlarms()
        self.loaded = LoadedEnsemble(
            tuple(load(each, name) for each, name in zip(parrots, "abc", strict=False)), has_words=has_words
        )
        self.speaker = SeveralModels(self.loaded, call_after=self.alarms.call_after, clock=lambda: self.now_s)

    def take(self, seconds: float) -> None:
        """So much time passes, and whoever waits for it is called."""
        self.now_s += seconds
        self.alarms.ring()


def say(table: Table, prefix: bytes = BEGUN, settings: Settings = SETTINGS) -> Said:
    return table.speaker.say(ask(prefix, b""), settings, should_stop=lambda: None, find_end=lambda middle: None)


def best(said: Said) -> Alternative:
    return said.completion.alternatives[0]


def told(said: Said) -> Answer:
    return said.add_to(Answer(outcome="shown", reason=""))
