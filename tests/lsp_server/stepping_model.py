"""A model that speaks token by token, each when the test lets it; its text is a fixed function of what it is asked.

So what a request must be shown can be computed, and every place in the middle of a generation can be reached, without
a clock.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from byte_fim.complete import Completion
from byte_fim.errors import DecodeAborted
from byte_fim.generate import ShouldStop
from lsp_server.model.loading import LoadedModel
from lsp_server.suggestion.trimming import Trimmer
from tests.lsp_server.fake_engine import PATIENCE_S, Asked, FakeModel, make_completion

Speak = Callable[[bytes, bytes], Iterator[bytes]]


def speak(prefix: bytes, suffix: bytes) -> Iterator[bytes]:
    """Tokens of one or two bytes whose text depends on every byte asked, and goes on the same after its beginning.

    Signs, not letters: of words trimming cuts what the line before the cursor has begun already.
    """
    while True:
        token = b""
        for _ in range(1 + zlib.crc32(prefix) % 2):
            draw = zlib.crc32(suffix, zlib.crc32(prefix)) % 31
            if draw == 30:
                if token:
                    yield token
                return
            token += b"\n" if draw < 4 else b"+" if draw < 17 else b"-"
            prefix += token[-1:]
        yield token


def expect(prefix: bytes, suffix: bytes) -> bytes:
    """What `speak` makes of it once it is trimmed; empty when there is nothing worth offering."""
    cut = Trimmer().at(prefix, suffix, language="python")
    middle = b""
    for token in speak(prefix, suffix):
        middle += token
        if (kept := cut.find_end(middle)) is not None:
            middle = middle[:kept]
            break
    return cut.trim(middle, is_whole=True).middle


class SteppingModel(FakeModel):
    """Every token, the first included, waits until it is let through."""

    def __init__(self, speak: Speak = speak) -> None:
        super().__init__()
        self._speak = speak
        self._moved = threading.Condition()
        self._n_let_through = 0
        self._is_free = False
        self._is_at_gate = False
        self._is_aborted = False

    def load(self, *_: object) -> LoadedModel:
        """What `load_model` gives."""
        return replace(super().load(), set_abort=self._set_abort)

    def let_through(self, n_tokens: int) -> None:
        """So many tokens more, of whatever is asked."""
        with self._moved:
            self._n_let_through += n_tokens
            self._moved.notify_all()

    def step(self, n_tokens: int) -> None:
        """As `let_through`; returns when the model has said them and waits for the next."""
        self.let_through(n_tokens)
        self.wait_at_gate()

    def let_all_through(self) -> None:
        """From now on it never waits."""
        with self._moved:
            self._is_free = True
            self._moved.notify_all()

    def wait_at_gate(self, *, n_asked: int = 0) -> None:
        """Returns when the model waits for a token, and was asked at least so often."""
        with self._moved:
            assert self._moved.wait_for(
                lambda: self._is_at_gate and not self._n_let_through and len(self.asked) >= n_asked, PATIENCE_S
            ), f"asked {self.asked}"

    def answer(self, asked: Asked) -> Completion:
        """As the real loop: the end is looked for first, then whether to stop, then comes the next token."""
        with self._moved:
            self.asked.append(asked.prefix)
        middle = b""
        for token in self._speak(asked.prefix, asked.suffix):
            if not self._pass_gate(asked.should_stop):
                if not middle:
                    raise DecodeAborted
                return make_completion(middle, "cancelled", asked.options)
            middle += token
            if (kept := asked.find_end(middle)) is not None:
                return make_completion(middle[:kept], "trimmed", asked.options)
            if asked.should_stop() is not None:
                return make_completion(middle, "cancelled", asked.options)
        return make_completion(middle, "end", asked.options)

    def _pass_gate(self, should_stop: ShouldStop) -> bool:
        with self._moved:
            self._is_at_gate = True
            self._moved.notify_all()
            assert self._moved.wait_for(lambda: self._is_free or self._n_let_through or self._is_aborted, PATIENCE_S), (
                "nobody let the model go on"
            )
            self._is_at_gate = False
            if self._is_aborted:
                self.n_wrong_aborts += should_stop() is None
                return False
            self._n_let_through = max(0, self._n_let_through - 1)
            return True

    def _set_abort(self, is_set: bool) -> None:
        with self._moved:
            self._is_aborted = is_set
            self._moved.notify_all()
