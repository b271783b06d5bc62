"""The vocabularies of well-known models: files without weights, from llama-cpp-python's source archive.

The set-up keeps them outside the tree (scripts/setup_venv.py).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

RECORDED = ("qwen2", "starcoder", "deepseek-coder", "llama-spm")
"""Those whose tokens stand in tests/golden/token_borders.tsv."""
OTHERS = (
    *("aquila", "baichuan", "command-r", "deepseek-llm", "gemma-4", "gpt-2", "gpt-neox", "llama-bpe", "mpt", "phi-3"),
    *("qwen35", "refact"),
)
"""Those that bytefim can work with too."""
UNUSABLE = ("bert-bge", "falcon", "nomic-bert-moe")

_USER_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")  # tests set it, but after this import


def find_vocabulary(name: str) -> Path:
    """The file; where it is missing, the test fails and says what to do."""
    path = _USER_CACHE / "bytefim" / "vocabularies" / f"ggml-vocab-{name}.gguf"
    if not path.exists():
        pytest.fail(
            f"{path.name} is missing; run `rm -f .venv/installed-from && make .venv` to fetch the test vocabularies."
        )
    return path
