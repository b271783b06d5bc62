"""What all tests share: the embedded models, loaded once, and the vocabularies that the set-up keeps outside the
tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from byte_fim.backends.llama_cpp import LlamaCppModel, LlamaVocabulary, RuntimeParams
from tests.vocabularies import OTHERS, RECORDED, find_vocabulary

MODELS = Path(__file__).resolve().parent.parent / "models"


def pytest_report_header() -> str:
    """States the environment that the results depend on."""
    from byte_fim.backends.llama_cpp import library_facts

    facts = library_facts()
    return f"llama-cpp-python {facts['llama-cpp-python']}; {facts['features']}"


@pytest.fixture(scope="session", autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests find out about a model on a machine at work is not for the user, and what models he has is not for
    them; child processes inherit this.
    """
    with pytest.MonkeyPatch.context() as patch:
        folder = str(tmp_path_factory.mktemp("cache"))
        patch.setenv("XDG_CACHE_HOME", folder)
        patch.setenv("LOCALAPPDATA", folder)
        patch.setenv("BYTEFIM_MODELS", str(tmp_path_factory.mktemp("models")))
        yield


@pytest.fixture(scope="session")
def tiny() -> Iterator[LlamaCppModel]:
    """The embedded default: byte-level BPE."""
    model = LlamaCppModel(MODELS / "bytefim-tiny-f16.gguf")
    yield model
    model.close()


@pytest.fixture(scope="session")
def nano() -> Iterator[LlamaCppModel]:
    """The embedded SentencePiece model with byte fallback."""
    model = LlamaCppModel(MODELS / "bytefim-nano-spm-q8_0.gguf", RuntimeParams(n_context_tokens=512))
    yield model
    model.close()


@pytest.fixture(scope="session", params=RECORDED)
def vocabulary(request: pytest.FixtureRequest) -> LlamaVocabulary:
    """The vocabularies of well-known models for code, from llama-cpp-python's source archive."""
    return LlamaVocabulary(find_vocabulary(request.param))


@pytest.fixture(scope="session", params=[*RECORDED, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)])
def any_vocabulary(request: pytest.FixtureRequest) -> LlamaVocabulary:
    """These and others that bytefim can work with."""
    return LlamaVocabulary(find_vocabulary(request.param))
