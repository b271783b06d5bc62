"""A model for the server's tests: says what it is told to, waits when it is told to, and heeds an abort."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from byte_fim.complete import CompleteOptions, Completion
from byte_fim.distribution import MissingMass
from byte_fim.errors import DecodeAborted
from byte_fim.fim import FimFormat
from byte_fim.generate import Alternative, FindEnd, ShouldStop, StopReason
from byte_fim.model import DecodeCounts, TokenModel
from byte_fim.reference import ToyModel
from lsp_server.model.loading import LoadedModel
from lsp_server.model.work import ModelWork

WAIT = b"WAIT"  # a prefix that ends so keeps the model busy until it is aborted
PATIENCE_S = 20.0  # a test that waits longer has failed


@dataclass(frozen=True, slots=True)
class Asked:
    """What a scripted model looks at of a call of `complete`."""

    prefix: bytes
    suffix: bytes
    options: CompleteOptions
    should_stop: ShouldStop
    find_end: FindEnd


class FakeModel:
    """A loaded toy model whose completions are scripted."""

    def __init__(self, script: Callable[[bytes], bytes] = lambda prefix: b"lt = 1\nnext line") -> None:
        self.script = script
        self.aborted = threading.Event()
        self.waiting = threading.Event()
        """Set while a completion waits for its abort."""
        self.asked: list[bytes] = []
        """Prefixes in the order in which they were asked."""
        self.n_wrong_aborts = 0
        """Aborts that hit work which nobody had stopped; counted by models that can tell."""
        self.closed = threading.Event()
        self.closing_thread: int | None = None

    def worker(self) -> ModelWork:
        """It at work, in this process."""
        return ModelWork(self.load, complete=self.complete)

    def load(self, *_: object) -> LoadedModel:
        """What `load_model` gives."""
        return LoadedModel(
            name="fake",
            path=Path("fake.gguf"),
            model=ToyModel([]),
            fim=FimFormat(None, None, None),
            layout="plain",
            cut="word",
            set_abort=lambda is_set: self.aborted.set() if is_set else self.aborted.clear(),
            facts={},
            close=self._close,
        )

    def complete(
        self,
        model: TokenModel,
        fim: FimFormat,
        prefix: bytes,
        suffix: bytes,
        *,
        options: CompleteOptions,
        should_stop: ShouldStop,
        find_end: FindEnd,
        **_: object,
    ) -> Completion:
        """What `answer` gives, which is what other models say otherwise."""
        return self.answer(Asked(prefix, suffix, options, should_stop, find_end))

    def answer(self, asked: Asked) -> Completion:
        """The scripted middle; as long as one token, a decode that only an abort ends."""
        self.asked.append(asked.prefix)
        if asked.prefix.endswith(WAIT):
            self.waiting.set()
            assert self.aborted.wait(PATIENCE_S), "nobody aborted"
            self.waiting.clear()
            assert asked.should_stop() is not None, "aborted without a reason"
            raise DecodeAborted
        middle = self.script(asked.prefix)
        kept = asked.find_end(middle)
        return make_completion(middle if kept is None else middle[:kept], "trimmed", asked.options)

    def _close(self) -> None:
        self.closing_thread = threading.get_ident()
        self.closed.set()


def make_completion(middle: bytes, stop_reason: StopReason, options: CompleteOptions) -> Completion:
    """A completion with figures that can be told apart."""
    return Completion(
        alternatives=(Alternative(middle, float(np.log(0.5)), stop_reason, 3),),
        missing_mass=MissingMass(0.0, 0.25),
        stem_tokens=(1, 2),
        tail=b"",
        covers=(),
        n_contexts=4,
        counts=DecodeCounts(5, 6, 7),
        layout=options.layout,
        conditioning=options.conditioning,
    )
