"""A prompt behind whose anchor much was typed is laid out anew while nobody waits, and never in anybody's way."""

from __future__ import annotations

from pathlib import Path

from byte_fim.backends.llama_cpp import LlamaCppModel
from lsp_server.documents.request import CompletionRequest
from lsp_server.model.loading import LoadedModel
from lsp_server.model.work import ModelWork
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer
from tests.lsp_server.requests import URI, ask
from tests.lsp_server.schedule_desk import ALONE, FOO, Desk

ONE_TOKEN = Settings(layout="psm", max_tokens=1)  # the prompt is what is counted


def begin_worn(desk: Desk, prefix: bytes = b"foo.") -> None:
    """Ask, and have the model find that the prompt is worn."""
    desk.submit(ask(prefix))
    desk.step()
    assert desk.schedule.running is not None
    desk.schedule.running.is_worn = True


def finish(desk: Desk) -> None:
    while desk.schedule.running is not None:
        desk.step()


def test_a_worn_prompt_is_laid_out_anew_once_and_after_all_else() -> None:
    """Prefetch goes first: it serves the very next key."""
    desk = Desk(FOO)
    begin_worn(desk)
    finish(desk)
    purposes: list[str] = []
    while desk.step():
        if desk.schedule.running is not None:
            purposes.append(desk.schedule.running.purpose)
            finish(desk)

    assert purposes == ["prefetch", "lay out anew"]


def test_it_gives_way_to_a_request_that_needs_the_model() -> None:
    """Idle work is idle work."""
    desk = Desk(FOO, ALONE)
    begin_worn(desk)
    finish(desk)
    desk.step()
    work = desk.schedule.running
    assert work is not None
    assert work.purpose == "lay out anew"
    number = desk.submit(ask(b"foo.bar(x)"))

    assert work.is_stopped
    desk.run()
    assert desk.answers[number].middle == b"\n    pass"


def test_it_goes_on_while_its_suggestion_is_typed_through() -> None:
    """That needs no model."""
    desk = Desk(FOO, ALONE)
    begin_worn(desk)
    finish(desk)
    desk.step()
    desk.change(ask(b"foo.b"))
    number = desk.submit(ask(b"foo.b"))

    assert desk.answers[number].middle == b"ar(x)"
    assert desk.schedule.running is not None
    assert not desk.schedule.running.is_stopped


def test_it_is_dropped_when_the_document_changes_elsewhere_or_is_closed() -> None:
    """A prompt of a text that is gone helps nobody."""
    for drop in (
        lambda desk: desk.change(ask(b"foo.", b"\nother end\n")),
        lambda desk: desk.schedule.forget(URI, reason="the document was closed"),
    ):
        desk = Desk(FOO, ALONE)
        begin_worn(desk)
        finish(desk)
        drop(desk)

        assert not desk.step()


def test_a_prompt_is_laid_out_for_whoever_asks_for_it_once_nobody_waits() -> None:
    """What else goes into a prompt changes when other documents do; no key press shall wait for that."""
    desk = Desk(FOO, ALONE)
    desk.submit(ask(b"foo."))
    desk.schedule.warm(ask(b"foo.x"), settings=ALONE)
    desk.step()
    finish(desk)
    desk.step()
    work = desk.schedule.running

    assert work is not None
    assert (work.purpose, work.asked.prefix) == ("lay out anew", b"foo.x")


def test_what_it_finds_is_offered_to_nobody() -> None:
    """It has no answer."""
    desk = Desk(FOO, ALONE)
    begin_worn(desk)
    finish(desk)
    desk.step()
    work = desk.schedule.running
    desk.schedule.conclude(Answer(outcome="empty", reason="laid out anew"))
    number = desk.submit(ask(b"foo.bar(x)\n"))

    assert work is not None
    assert number not in desk.answers


def test_on_the_real_model_the_next_key_finds_the_new_prompt_evaluated(tiny: LlamaCppModel) -> None:
    """The point of it: the work is done when the key comes."""
    tiny.forget()
    typed, work = type_until_worn(tiny)
    before = tiny.counts
    work.lay_out_anew(document(typed), ONE_TOKEN)
    n_ahead = tiny.counts.since(before).decoded_tokens
    before = tiny.counts
    done = work.answer(document(typed + b"x"), ONE_TOKEN, lambda middle: None)
    n_for_the_key = tiny.counts.since(before).decoded_tokens

    assert n_ahead > 100
    assert n_for_the_key <= 8
    assert not done.is_worn


def document(prefix: bytes) -> CompletionRequest:
    return ask(prefix, Path(__file__).read_bytes()[:600])


def type_until_worn(model: LlamaCppModel) -> tuple[bytes, ModelWork]:
    loaded = LoadedModel(
        name="tiny",
        path=Path(model.name),
        model=model,
        fim=model.fim,
        layout="psm",
        cut="anchor",
        set_abort=model.set_abort,
        facts={},
    )
    work, text = ModelWork(lambda *_: loaded), b"import json\n"
    work.load(ONE_TOKEN, lambda *_: None)
    for i in range(60):
        text += b"value_%d = json.loads(line)\n" % i
        if work.answer(document(text), ONE_TOKEN, lambda middle: None).is_worn:
            return text, work
    raise AssertionError("never worn")
