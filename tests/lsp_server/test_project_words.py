"""The model of what stands in the open files: what it has read, whatever way the text took."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from byte_fim.ensemble import EnsembleState
from byte_fim.ngram import NgramModel
from lsp_server.documents.request import CompletionRequest, ContextChunk
from lsp_server.model.project_words import ProjectWords
from tests.lsp_server.requests import ask

LINES = [b"line_%d = read(%d)\n" % (i, i * i) for i in range(60)]
TEXT = b"".join(LINES)
AFTER = b"\nprint(line_0)\n"
CHUNK = ContextChunk("other.py", b"def read(n):\n    return n\n")


def asked_at(prefix: bytes) -> CompletionRequest:
    return replace(ask(prefix, AFTER), context=(CHUNK,))


def law(words: ProjectWords, asked: CompletionRequest) -> np.ndarray:
    member = words.member(asked, weight=1.0)
    return np.exp(EnsembleState.start([member], asked.prefix, asked.suffix).byte_law().logp)


@pytest.mark.parametrize(
    "steps",
    [
        [TEXT[:n] for n in range(300, 500, 7)],
        [TEXT[:500], TEXT[:498], TEXT[:440], TEXT[:460]],
        [TEXT[:500], TEXT[:500].replace(b"line_3", b"other")],
        [TEXT[:500], b"x = 1\n", TEXT[:400]],
    ],
    ids=["typing", "deleting", "editing above", "elsewhere"],
)
def test_it_knows_the_text_as_it_is_whatever_it_was_before(steps: list[bytes]) -> None:
    """What is read on must be what is read anew: no suggestion may depend on how the text came about."""
    words = ProjectWords()
    for prefix in steps:
        np.testing.assert_array_equal(law(words, asked_at(prefix)), law(ProjectWords(), asked_at(prefix)))


def test_typing_on_reads_only_what_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """At every key there are milliseconds, and a long file takes tens of them."""
    n_read = 0
    learn = NgramModel.learn

    def count(model: NgramModel, text: bytes) -> None:
        nonlocal n_read
        n_read += len(text)
        learn(model, text)

    monkeypatch.setattr(NgramModel, "learn", count)
    words = ProjectWords()
    words.member(asked_at(TEXT[:900]), weight=1.0)
    n_first = n_read
    for n in range(901, 1000):
        words.member(asked_at(TEXT[:n]), weight=1.0)

    assert n_first == len(CHUNK.text) + len(AFTER) + TEXT[:900].rfind(b"\n") + 1
    assert n_read - n_first == TEXT[:999].rfind(b"\n") - TEXT[:900].rfind(b"\n")


def test_the_window_of_a_long_document_may_move_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its beginning is cut a little later with each key; that is no other text."""
    n_anew = 0
    make = NgramModel.__init__

    def count(model: NgramModel) -> None:
        nonlocal n_anew
        n_anew += 1
        make(model)

    monkeypatch.setattr(NgramModel, "__init__", count)
    words = ProjectWords()
    n_anew = 0
    for start in range(0, 200, 3):
        words.member(asked_at(TEXT[start : start + 700]), weight=1.0)

    assert n_anew == 1
