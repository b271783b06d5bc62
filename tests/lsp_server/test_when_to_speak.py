"""When a suggestion is shown that nobody asked for: setting min_confidence, from the model to the editor."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from byte_fim.complete import CompleteOptions, Completion
from byte_fim.generate import Alternative
from lsp_server.documents.request import CompletionRequest
from lsp_server.engine.generation import Generation
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer, judge, unless_unsure
from lsp_server.suggestion.trimming import Trimmer
from tests.lsp_server.conftest import StartServer
from tests.lsp_server.fake_engine import make_completion
from tests.lsp_server.requests import URI, ask
from tests.lsp_server.schedule_desk import Desk, say

INLINE = "textDocument/inlineCompletion"
CAUTIOUS = Settings(min_confidence=0.5, prefetch=False)
SPEECH = say({b"foo.": b"bar(x)\n", b"foo.b": b"az\n", b"foo.ba": b"r(y)\n"})


def invoked(prefix: bytes) -> CompletionRequest:
    return replace(ask(prefix), is_invoked=True)


class UnsureDesk(Desk):
    """The model is as sure as it is told to be."""

    def __init__(self, confidence: float, settings: Settings = CAUTIOUS) -> None:
        super().__init__(SPEECH, settings)
        self.confidence = confidence

    def _judge(self, work: Generation) -> Answer:
        return replace(super()._judge(work), confidence=self.confidence)


def answer_to(desk: Desk, request: CompletionRequest) -> Answer:
    """The answer when nothing else happens."""
    number = desk.submit(request)
    desk.run()
    return desk.answers[number]


def test_what_is_too_unlikely_is_not_shown_and_the_reason_is_told() -> None:
    """Rule 39: silence by confidence, never by length, and never without a word about it."""
    answer = answer_to(UnsureDesk(0.123), ask(b"foo."))

    assert (answer.outcome, answer.middle, answer.rule) == ("empty", b"", 39)
    assert answer.reason == "not sure enough (0.12 < 0.5, setting min_confidence)"


@pytest.mark.parametrize(
    ("confidence", "request_", "outcome"),
    [(0.5, ask(b"foo."), "shown"), (0.0, invoked(b"foo."), "shown"), (0.49, ask(b"foo."), "empty")],
)
def test_likely_enough_or_asked_for(confidence: float, request_: CompletionRequest, outcome: str) -> None:
    """Who asks gets an answer."""
    assert answer_to(UnsureDesk(confidence), request_).outcome == outcome


def test_who_asks_after_silence_is_answered_at_once() -> None:
    """The model has done the work already."""
    desk = UnsureDesk(0.1)
    answer_to(desk, ask(b"foo."))
    answer = answer_to(desk, invoked(b"foo."))

    assert (answer.middle, answer.confidence) == (b"bar(x)", 0.1)
    assert desk.asked == [b"foo."]


def test_after_silence_the_same_question_gets_the_same_silence_at_once() -> None:
    """Editors ask again at the same place; and what was computed ahead has been asked already."""
    desk = UnsureDesk(0.1)
    answer_to(desk, ask(b"foo."))
    answer = answer_to(desk, ask(b"foo."))

    assert (answer.outcome, answer.rule, answer.confidence) == ("empty", 39, 0.1)
    assert answer.reason == "not sure enough (0.1 < 0.5, setting min_confidence)"
    assert desk.asked == [b"foo."]


def test_after_silence_typing_on_asks_anew() -> None:
    """A letter more may make all the difference."""
    desk = UnsureDesk(0.1)
    answer_to(desk, ask(b"foo."))
    desk.confidence = 0.9

    assert answer_to(desk, ask(b"foo.b")).middle == b"az"


def test_what_was_asked_for_stays_while_it_is_typed_and_comes_back() -> None:
    """It is on display; that the editor asks by itself at the next key must not take it away."""
    desk = UnsureDesk(0.1)
    answer_to(desk, invoked(b"foo."))

    assert [answer_to(desk, ask(prefix)).middle for prefix in (b"foo.b", b"foo.ba", b"foo.")] == [
        b"ar(x)",
        b"r(x)",
        b"bar(x)",
    ]
    assert desk.asked == [b"foo."]


def test_what_was_served_to_who_asked_stays_too() -> None:
    """It came from an earlier answer that was not shown; from now on it was."""
    desk = UnsureDesk(0.1)
    answer_to(desk, ask(b"foo."))
    answer_to(desk, invoked(b"foo.b"))

    assert answer_to(desk, ask(b"foo.ba")).middle == b"r(x)"
    assert answer_to(desk, ask(b"foo.")).outcome == "empty"


def test_what_was_fetched_ahead_and_is_unlikely_is_not_shown() -> None:
    """It has been asked for by nobody, not even when the suggestion before it was."""
    desk = UnsureDesk(0.1, replace(CAUTIOUS, prefetch=True))
    answer_to(desk, invoked(b"foo."))
    desk.run()

    assert answer_to(desk, ask(b"foo.bar(x)")).outcome == "empty"


def completion_of(middle: bytes, *steps: tuple[int, float]) -> Completion:
    made = make_completion(middle, "trimmed", CompleteOptions())
    said = tuple((n_bytes, math.log(probability)) for n_bytes, probability in steps)
    return replace(made, alternatives=(Alternative(middle, said[-1][1], "trimmed", len(said), steps=said),))


@pytest.mark.parametrize(
    ("document", "raw", "confidence"),
    [
        ("foo.|", b"bar(x)", 0.25),  # as far as it is offered
        ("foo.|)", b"bar) + 1", 0.5),  # what is cut behind does not count
        ("foo = |", b" ba", 0.5),  # what is cut before does
        ("bar|(x)", b"bar(x)", 0.0),  # nothing left
    ],
)
def test_the_confidence_is_that_of_the_bytes_that_are_offered(document: str, raw: bytes, confidence: float) -> None:
    """Steps: `bar` 0.5, then the rest 0.25, then the end of the line, which is not offered, 0.01."""
    prefix, suffix = document.encode().split(b"|")
    completion = completion_of(raw, (3, 0.5), (len(raw), 0.25), (len(raw) + 1, 0.01))
    answer = judge(ask(prefix, suffix), completion, Trimmer().of(ask(prefix, suffix)), timings_ms={}, memory={})

    assert answer.confidence == pytest.approx(confidence)
    assert answer.as_json()["confidence"] == answer.confidence


def test_other_outcomes_are_left_as_they_are() -> None:
    """Who is out of time is told that."""
    answer = Answer(outcome="empty", reason="out of time")

    assert unless_unsure(answer, ask(b"foo."), CAUTIOUS) is answer


def test_an_editor_that_asks_by_itself_is_told_nothing_and_one_that_is_told_to_ask_gets_it(
    start_server: StartServer,
) -> None:
    """All the way through the real server; its model is sure by one half."""
    server = start_server()
    server.initialize(initializationOptions={"min_confidence": 0.6})
    server.client.wait_for_state("idle")
    server.open(URI, "resu")
    asked: dict[str, object] = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 4}}

    assert server.client.ask(INLINE, {**asked, "context": {"triggerKind": 2}}) == {"items": []}
    why = server.client.ask("bytefim/why", {"textDocument": {"uri": URI}})
    assert (why["reason"], why["rule"]) == ("not sure enough (0.5 < 0.6, setting min_confidence)", 39)
    assert len(server.client.ask(INLINE, {**asked, "context": {"triggerKind": 1}})["items"]) == 1
