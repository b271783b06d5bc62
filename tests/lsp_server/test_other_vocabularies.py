"""Models that bytefim was not made for: random weights behind the vocabularies of well-known models.

They are served to an editor and held to the definition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from byte_fim.backends.llama_cpp import LlamaCppModel, RuntimeParams
from byte_fim.fim import Layout
from byte_fim.next_byte import next_byte_law
from tests.lsp_server.conftest import RunningServer
from tests.lsp_server.editor import INLINE, URI, at
from tests.lsp_server.served import serving_models
from tests.made_models import write_random_model
from tests.vocabularies import OTHERS, RECORDED, find_vocabulary

FAST = (
    "llama-spm",
    "deepseek-coder",
)  # SentencePiece with a blank in front, without FIM tokens; byte-level BPE with them
WITH_FIM = ("starcoder", "deepseek-coder", "refact")
TEXT = """import json


class Café:
    def load(self, path):
        with open(path) as handle:
            return json.load(handle)["naïve 👍"]
"""
CURSORS = {
    "in a word": (5, 22),
    "after a blank": (6, 19),
    "in indentation": (5, 6),
    "at a line's end": (4, 25),
    "in a character": (6, 41),
    "in a longer one": (6, 47),
    "at the beginning": (0, 0),
    "at the end": (7, 0),
}
"""In UTF-8, which editors that ask for it count in, so that a position may be inside a character."""


@dataclass(frozen=True, slots=True)
class MadeModel:
    name: str
    path: Path

    @property
    def layout(self) -> Layout:
        return "spm" if self.name in WITH_FIM else "plain"


def marked(name: str) -> Any:
    return pytest.param(name, marks=[] if name in FAST else [pytest.mark.slow])


@pytest.fixture(scope="module", params=[marked(name) for name in (*RECORDED, *OTHERS)])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MadeModel:
    """A small model with the vocabulary of a large one; the same for all tests of a run."""
    path = tmp_path_factory.mktemp("made") / f"{request.param}.gguf"
    write_random_model(path, find_vocabulary(request.param))
    return MadeModel(request.param, path)


@pytest.fixture(scope="module")
def serving(made: MadeModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """`bytefim serve` as installed, with the model; ready."""
    settings = f'layout = "{made.layout}"\nn_threads = 1\ndeadline_ms = 20000\nmax_tokens = 8\n'
    counts_bytes = {"general": {"positionEncodings": ["utf-8"]}}
    folder = tmp_path_factory.mktemp("serving")
    with serving_models(folder, str(made.path), settings=settings, text=TEXT, capabilities=counts_bytes) as server:
        yield server


@pytest.fixture(scope="module")
def model(made: MadeModel) -> Iterator[LlamaCppModel]:
    """The same in this process."""
    model = LlamaCppModel(made.path, RuntimeParams(n_context_tokens=512, n_threads=1))
    yield model
    model.close()


@pytest.mark.parametrize("cursor", CURSORS.values(), ids=CURSORS)
def test_every_cursor_is_answered(serving: RunningServer, cursor: tuple[int, int]) -> None:
    """A model that has learnt nothing says nonsense; but it says it without an error, and its bytes fit the place."""
    line, column = cursor
    before = TEXT.splitlines(keepends=True)[line].encode()[:column] if line < 7 else b""
    items = serving.client.ask(INLINE, at(line, column))["items"]
    why = serving.client.ask("bytefim/why", {"textDocument": {"uri": URI}})

    assert why["outcome"] in ("shown", "empty")
    assert why["tokens"]["generated"] > 0
    for item in items:
        start = item["range"]["start"]["character"]
        assert item["range"]["start"]["line"] == line
        assert item["insertText"].encode().startswith(before[start:])


@pytest.mark.parametrize("after", [b"import js", b"class ", b"Caf\xc3", b"      ", b"open(path)", b"\xf0\x9f"])
def test_the_fast_law_is_the_slow_one(made: MadeModel, model: LlamaCppModel, after: bytes) -> None:
    """What is called exact is exact whatever the vocabulary: the covers weighed in one call against one by one."""
    cut = TEXT.encode().index(after) + len(after)
    fast, slow = (
        next_byte_law(model, model.fim, TEXT.encode()[:cut], b"\n", layout=made.layout, conditioning=how).distribution
        for how in ("exact", "reference")
    )

    assert fast.total_variation(slow) <= 1e-6
    assert fast.missing_mass.pruned <= 1e-2  # more than with models that expect what stands there


def test_fim_tokens_are_found_where_they_are(made: MadeModel, model: LlamaCppModel) -> None:
    """The model's layout depends on it, and nobody has to say it by hand."""
    assert model.fim.is_complete == (made.name in WITH_FIM)
