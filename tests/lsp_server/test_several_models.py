"""Several models asked as one: who counts how much, who drops out, and what of that people are told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from byte_fim.ensemble import DropOut
from byte_fim.errors import DecodeAborted, ModelFailed
from lsp_server.documents.request import ContextChunk
from lsp_server.engine.generation import Generation
from lsp_server.engine.working import do_work
from lsp_server.model.project_words import NAME as WORDS
from lsp_server.model.several_models import MAX_FAILURES
from lsp_server.model.work import ModelWork
from tests.lsp_server.members import BEGUN, FAULT, SAID, SETTINGS, Parrot, Table, best, say, told
from tests.lsp_server.requests import ask

WITH_WORDS = replace(SETTINGS, project_words=True)


def after_seven(middle: bytes) -> int | None:
    return 7 if len(middle) > 7 else None


def test_members_that_agree_say_it_together() -> None:
    """The whole way through, and with their shares told."""
    said = say(Table(Parrot(SAID), Parrot(SAID)))

    assert (best(said).middle, best(said).stop_reason) == (b"lt = 1", "end")
    assert told(said).members == (("a", 0.5), ("b", 0.5))
    assert told(said).dropped == ()


def test_fixed_weights_decide_between_members_that_disagree() -> None:
    """The user's word counts, and is told back."""
    for weights, middle in (((3.0, 1.0), b"lt = 1"), ((1.0, 3.0), b"me()")):
        table = Table(Parrot(SAID), Parrot(b"resume()"))
        said = say(table, settings=replace(SETTINGS, weights=weights))

        assert best(said).middle == middle
        assert [share for _, share in told(said).members] == pytest.approx([w / 4 for w in weights])


def test_weights_that_are_not_fixed_follow_what_was_right() -> None:
    """Of two that disagree, whoever has said the text so far is believed."""
    known = b"alpha beta gamma delta epsilon zeta"
    table = Table(Parrot(known), Parrot(b"ALPHA", doubt=1e-3))
    said = say(table, known[:20])

    assert best(said).middle == known[20:]
    assert dict(told(said).members)["a"] > 0.99


def test_weights_for_another_number_of_models_are_no_weights() -> None:
    """While other models are loaded, those of before still answer."""
    said = say(Table(Parrot(SAID), Parrot(SAID)), settings=replace(SETTINGS, weights=(1.0, 2.0, 3.0)))

    assert told(said).members == (("a", 0.5), ("b", 0.5))


@pytest.mark.parametrize("kind", ["mixture", "product"])
def test_a_member_that_fails_drops_out_and_the_others_answer(kind: str) -> None:
    """A broken second model must not cost the suggestions of the first."""
    broken = Parrot(b"resume()")
    broken.is_broken = True
    said = say(Table(Parrot(SAID), broken), settings=replace(SETTINGS, ensemble=kind))

    assert best(said).middle == b"lt = 1"
    assert told(said).members == (("a", 1.0),)
    assert told(said).dropped == (("b", FAULT),)
    assert said.notice == ""


def test_who_fails_again_and_again_is_asked_no_more_which_is_told_once() -> None:
    """Every request would pay for it otherwise."""
    broken = Parrot(SAID)
    broken.is_broken = True
    table = Table(Parrot(SAID), broken)
    notices = [say(table).notice for _ in range(MAX_FAILURES + 2)]
    n_asked = broken.n_asked
    said = say(table)

    assert [bool(notice) for notice in notices] == [False] * (MAX_FAILURES - 1) + [True, False, False]
    assert notices[MAX_FAILURES - 1].startswith("b completes no longer: dropped out 3 times in a row: " + FAULT)
    assert (broken.n_asked, n_asked) == (MAX_FAILURES, MAX_FAILURES)
    assert told(said).dropped[0][0] == "b"
    assert best(said).middle == b"lt = 1"


def test_two_that_fail_at_once_are_both_told() -> None:
    """Else the second one would be asked, and fail, once more."""
    broken = [Parrot(SAID), Parrot(SAID)]
    for each in broken:
        each.is_broken = True
    table = Table(Parrot(SAID), *broken)
    *_, notice = [say(table).notice for _ in range(MAX_FAILURES)]

    assert "b completes no longer" in notice
    assert "c completes no longer" in notice


def test_failures_with_a_success_between_them_are_forgiven() -> None:
    """In a row means in a row."""
    shaky = Parrot(SAID)
    table = Table(Parrot(SAID), shaky)
    for is_broken in (True, True, False, True, True):
        shaky.is_broken = is_broken
        assert say(table).notice == ""
    shaky.is_broken = False

    assert len(told(say(table)).members) == 2


def test_when_all_fail_so_does_the_request() -> None:
    """As with one model: the reason is told, and nothing is suggested; words alone know no code."""
    for has_words in (False, True):
        table = Table(Parrot(SAID), Parrot(SAID), has_words=has_words)
        for each in table.loaded.models:
            assert isinstance(each.model, Parrot)
            each.model.is_broken = True
        with pytest.raises(ModelFailed, match=FAULT):
            say(table)


def test_an_abort_reaches_every_member_and_counts_as_no_failure() -> None:
    """Superseded requests make room within one evaluation, whoever evaluates, and nobody is blamed for it."""
    members = [Parrot(SAID), Parrot(SAID)]
    table = Table(*members)
    for _ in range(MAX_FAILURES + 1):
        for hit in members:
            hit.before = lambda: table.speaker.set_abort(True)
            n_before = sum(each.n_asked for each in members)
            with pytest.raises(DecodeAborted):
                say(table)

            assert sum(each.n_asked for each in members) - n_before <= 2
            assert all(each.is_aborted for each in members)
            hit.before = lambda: None
            table.speaker.set_abort(False)

    assert told(say(table)).members == (("a", 0.5), ("b", 0.5))


def test_words_of_the_open_files_are_a_member() -> None:
    """They decide what is said where the models do not know, and evaluate nothing."""
    unsure = Parrot(b"", doubt=1.0)
    table = Table(unsure, has_words=True)
    text = b"handle_frobnication()\nhandle_frobnication()\nhandle_fro"
    context = ContextChunk("other.py", b"frobnicate = 1\n")
    asked = replace(ask(text, b"\n"), context=(context,))
    said = table.speaker.say(asked, WITH_WORDS, should_stop=lambda: None, find_end=after_seven)

    assert best(said).middle == b"bnicati"
    assert dict(told(said).members) == pytest.approx({"a": 0.75, WORDS: 0.25})
    assert told(said).context_files == ("other.py",)
    assert said.completion.counts.decode_calls == unsure.counts.decode_calls


def test_files_that_are_switched_off_are_not_learnt_from() -> None:
    """The setting speaks of all that sees other files."""
    table = Table(Parrot(b"", doubt=1.0), has_words=True)
    asked = replace(ask(b"frob", b"\n"), context=(ContextChunk("other.py", b"frobnicate = 1\n"),))
    off = replace(WITH_WORDS, context_files=False)
    said = table.speaker.say(asked, off, should_stop=lambda: None, find_end=after_seven)

    assert told(said).context_files == ()
    assert not best(said).middle.startswith(b"nicate")


def test_a_prompt_is_laid_out_anew_for_every_member() -> None:
    """The next key finds all of them prepared."""
    members = [Parrot(SAID), Parrot(SAID)]
    Table(*members).speaker.lay_out_anew(ask(BEGUN, b""), SETTINGS, should_stop=lambda: None)

    assert [each.n_asked for each in members] == [1, 1]


def test_a_worker_tells_whom_it_goes_without() -> None:
    """Once, when the others are ready; and in every answer."""
    table = Table(Parrot(SAID))
    loaded = replace(table.loaded, missing=(DropOut("big", "big is not on this machine; fetch it."),), places=(0,))
    work = ModelWork(lambda *_: loaded, alarms=table.alarms, clock=lambda: 0.0)
    ready = work.load(SETTINGS, lambda *_: None)
    done = work.answer(ask(BEGUN, b""), replace(SETTINGS, weights=(1.0, 1.0)), lambda _: None)

    assert (ready.name, ready.notice) == ("a", "big does not take part: big is not on this machine; fetch it.")
    assert done.answer.middle == b"lt = 1"
    assert done.answer.as_json()["dropped"] == [{"name": "big", "reason": "big is not on this machine; fetch it."}]
    assert done.answer.as_json()["members"] == [{"name": "a", "weight": 1.0}]
    work.close()


def test_the_engine_tells_who_completes_no_longer() -> None:
    """Whatever the request was for: the user is told when it happens, and not again."""
    broken = Parrot(SAID)
    broken.is_broken = True
    table = Table(Parrot(SAID), broken)
    work = ModelWork(lambda *_: table.loaded, alarms=table.alarms, clock=lambda: 0.0)
    work.load(SETTINGS, lambda *_: None)
    notices: list[str] = []
    for _ in range(MAX_FAILURES + 1):
        generation = Generation(ask(BEGUN, b""), SETTINGS, purpose="prefetch")
        answer, state = do_work(work, generation, on_growth=lambda middle: None, model="a + b")
        notices.append(state.notice if state else "")

        assert answer.middle == b"lt = 1"
    assert [notice.partition(":")[0] for notice in notices] == ["", "", "b completes no longer", ""]
