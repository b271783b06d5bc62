"""A desk for the tests of the schedule: edits, and a model that is moved token by token. No threads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lsp_server.documents.request import CompletionRequest
from lsp_server.engine.generation import Generation
from lsp_server.engine.pending import Pending
from lsp_server.engine.schedule import Schedule
from lsp_server.settings import DEFAULTS, Settings
from lsp_server.suggestion.answer import Answer
from lsp_server.suggestion.trimming import Trimmer
from tests.lsp_server.stepping_model import Speak, speak

ALONE = Settings(prefetch=False)


class Desk:
    """A schedule, a model that is moved token by token, and the answers so far."""

    def __init__(self, speak: Speak = speak, settings: Settings = DEFAULTS) -> None:
        self.schedule = Schedule()
        self.settings = settings
        self.asked: list[bytes] = []
        """Prefixes that the model was asked, with or without anybody waiting."""
        self.answers: dict[int, Answer] = {}
        self.submitted: list[Pending] = []
        self._speak = speak
        self._tokens: Iterator[bytes] = iter(())
        self._middle = b""

    def submit(self, asked: CompletionRequest) -> int:
        """The number under which the answer will be found."""
        pending = Pending(asked, self.settings)
        self.submitted.append(pending)
        self.schedule.add(pending)
        self.collect()
        return len(self.submitted) - 1

    def change(self, now: CompletionRequest) -> None:
        """An edit, as the server reports it, with the cursor where `now` has it."""
        if self.schedule.find_followed(now.uri) is None:
            self.schedule.supersede(now.uri, reason="the document changed")
        else:
            self.schedule.change(now, reason="the document changed", settings=self.settings)
        self.collect()

    def step(self) -> bool:
        """One token more, or the beginning or the end of some work; False when there is nothing to do."""
        work = self.schedule.running
        if work is None:
            work = self.schedule.begin(settings=self.settings)
            if work is None:
                return False
            self.asked.append(work.asked.prefix)
            self._tokens, self._middle = self._speak(work.asked.prefix, work.asked.suffix), b""
            self._cut = Trimmer().of(work.asked)
        elif work.is_stopped:
            self.schedule.conclude(self._judge(work))  # with what there is by then, as the real loop
        elif (token := next(self._tokens, None)) is None or self._cut.find_end(self._middle) is not None:
            self.schedule.conclude(self._judge(work))
        else:
            self._middle += token
            work.grow(self._middle)
        self.collect()
        return True

    def run(self) -> None:
        """Until there is nothing more to do."""
        for _ in range(10_000):
            if not self.step():
                return
        pytest.fail("the schedule finds no end")

    def collect(self) -> None:
        for pending, answer in self.schedule.take_decided():
            number = self.submitted.index(pending)
            assert number not in self.answers, "answered twice"
            self.answers[number] = answer

    def _judge(self, work: Generation) -> Answer:
        middle = Trimmer().of(work.asked).trim(self._middle, is_whole=True).middle
        return Answer(outcome="shown" if middle else "empty", reason="", middle=middle, confidence=1.0)


def say(text: dict[bytes, bytes]) -> Speak:
    """One byte per token; after a prefix that is not listed, nothing."""
    return lambda prefix, suffix: (bytes([byte]) for byte in text.get(prefix, b""))


def shown(desk: Desk, number: int) -> tuple[bytes, str]:
    answer = desk.answers[number]
    return answer.middle, answer.served_by


FOO = say({b"foo.": b"bar(x)\n", b"foo.bar(x)": b"\n    pass\n", b"foo.z": b"oo\n"})
