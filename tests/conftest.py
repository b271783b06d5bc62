"""What all tests share: the embedded models, loaded once, and the vocabularies that the set-up keeps outside the
tree.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from byte_fim.backends.llama_cpp import LlamaCppModel, LlamaVocabulary, RuntimeParams

MODELS = Path(__file__).resolve().parent.parent / "models"
VOCABULARIES = ("qwen2", "starcoder", "deepseek-coder", "llama-spm")
USER_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def pytest_report_header() -> str:
    """States the environment that the results depend on."""
    from byte_fim.backends.llama_cpp import library_facts

    facts = library_facts()
    return f"llama-cpp-python {facts['llama-cpp-python']}; {facts['features']}"


@pytest.fixture(scope="session", autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests find out about a model on a machine at work is not for the user; child processes inherit this."""
    with pytest.MonkeyPatch.context() as patch:
        folder = str(tmp_path_factory.mktemp("cache"))
        patch.setenv("XDG_CACHE_HOME", folder)
        patch.setenv("LOCALAPPDATA", folder)
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


@pytest.fixture(scope="session", params=VOCABULARIES)
def vocabulary(request: pytest.FixtureRequest) -> LlamaVocabulary:
    """The vocabularies of well-known models, from llama-cpp-python's source archive."""
    path = USER_CACHE / "bytefim" / "vocabularies" / f"ggml-vocab-{request.param}.gguf"
    if not path.exists():
        pytest.fail(
            f"{path.name} is missing; run `rm -f .venv/installed-from && make .venv` to fetch the test vocabularies."
        )
    return LlamaVocabulary(path)
