"""Other files on their way into the prompt, and what `bytefim/why` tells of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from byte_fim.backends.llama_cpp import LlamaCppModel
from byte_fim.fim import FimFormat, Layout
from lsp_server.context.chunks import NO_ROOM, NONE_CHOSEN, NOT_TRAINED, OFF
from lsp_server.context.preambles import ROOM_SHARE
from lsp_server.documents.request import CompletionRequest, ContextChunk
from lsp_server.model.loading import LoadedModel
from lsp_server.model.work import ModelWork
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer
from tests.lsp_server.requests import ask

SETTINGS = Settings(max_tokens=4)
STORE = ContextChunk("src/store.py", b"class Store:\n    def __init__(self, path):\n        self.path = path\n\n\n")
CALC = ContextChunk("calc.py", b"def add(left, right):\n    return left + right\n\n\nTOTAL = add(1, 2)\n")
BEFORE = b"from store import Store\n\n\ndef load(path):\n    return St"


def work_of(model: LlamaCppModel, *, layout: Layout = "spm", fim: FimFormat | None = None) -> ModelWork:
    """Taken as trained on repositories unless `fim` says otherwise: what matters here is the form, not the sense."""
    loaded = LoadedModel(
        name="tiny",
        path=Path(model.name),
        model=model,
        fim=fim or model.fim,
        layout=layout,
        cut="anchor",
        set_abort=model.set_abort,
        facts={},
    )
    work = ModelWork(lambda *_: loaded)
    work.load(SETTINGS, lambda *_: None)
    return work


def question(*chunks: ContextChunk, prefix: bytes = BEFORE) -> CompletionRequest:
    return replace(ask(prefix), repository="shop", path="src/load.py", context=chunks)


def answer(work: ModelWork, asked: CompletionRequest, settings: Settings = SETTINGS) -> Answer:
    return work.answer(asked, settings, lambda _: None).answer


def test_why_tells_files_in_the_order_of_the_prompt_and_their_tokens(tiny: LlamaCppModel) -> None:
    """Whoever wonders at a suggestion sees what it was made of."""
    work = work_of(tiny)
    without, told = answer(work, question()), answer(work, question(STORE, CALC)).as_json()

    assert told["context_files"] == ["calc.py", "src/store.py"]
    assert isinstance(told["tokens"], dict)
    assert told["tokens"]["prompt"] == without.tokens["prompt"] + told["tokens"]["context"]
    assert told["tokens"]["context"] > len(tiny.tokenize(STORE.text + CALC.text))


@pytest.mark.parametrize(
    ("asked", "settings", "is_trained", "reason"),
    [
        (question(), SETTINGS, True, NONE_CHOSEN),
        (question(STORE), SETTINGS, False, NOT_TRAINED),
        (question(STORE), replace(SETTINGS, context_files=False), True, OFF),
        (question(ContextChunk("a.py", b"word " * 4000)), SETTINGS, True, NO_ROOM),
    ],
)
def test_where_nothing_is_shown_why_tells_the_reason(
    tiny: LlamaCppModel, asked: CompletionRequest, settings: Settings, is_trained: bool, reason: str
) -> None:
    """And the prompt is exactly what it would be without other files."""
    fim = tiny.fim if is_trained else replace(tiny.fim, repository_id=None, file_id=None)
    work = work_of(tiny, fim=fim)
    told = answer(work, asked, settings)

    assert (told.context_files, told.tokens["context"], told.context_reason) == ((), 0, reason)
    assert told.tokens["prompt"] == answer(work, question(), settings).tokens["prompt"]


def test_other_files_never_take_more_than_their_share(tiny: LlamaCppModel) -> None:
    """The text at the cursor says more, and has to fit."""
    work = work_of(tiny)
    long = [ContextChunk(f"f{i}.py", b"".join(b"x%d = load(%d)\n" % (n, i) for n in range(30))) for i in range(6)]
    told = answer(work, question(*long, prefix=b"a = 1\n" * 2000))

    assert 0 < told.tokens["context"] <= tiny.n_context_tokens * ROOM_SHARE
    assert told.tokens["prompt"] <= tiny.n_context_tokens
    assert len(told.context_files) < 6


@pytest.mark.parametrize("layout", ["plain", "spm", "psm"])
def test_with_other_files_a_keystroke_still_costs_a_keystroke(tiny: LlamaCppModel, layout: Layout) -> None:
    """They stand before all that is typed, and stay where they are."""
    work, typed = work_of(tiny, layout=layout), b"ore(path)\n    x = "
    tiny.forget()
    beyond: list[int] = []
    for n in range(len(typed) + 1):
        tokens = answer(work, question(STORE, CALC, prefix=BEFORE + typed[:n])).tokens
        beyond.append(tokens["decoded"] - tokens["generated"])

    assert beyond[0] > 50
    assert sum(beyond[1:]) / len(typed) <= 3.0


def test_a_prompt_that_was_warmed_is_there_for_the_next_key(tiny: LlamaCppModel) -> None:
    """The point of choosing in idle time."""
    work = work_of(tiny)
    tiny.forget()
    answer(work, question())
    before = tiny.counts
    work.lay_out_anew(question(STORE, CALC), SETTINGS)
    n_ahead = tiny.counts.since(before).decoded_tokens
    tokens = answer(work, question(STORE, CALC, prefix=BEFORE + b"o")).tokens

    assert n_ahead > 50
    assert tokens["decoded"] - tokens["generated"] <= 8
    assert tokens["context"] > 0
