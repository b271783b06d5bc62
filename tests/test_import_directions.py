"""What importing a part of the project drags in, seen from outside: import-linter reads source, this runs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

CORE = "byte_fim.next_byte, byte_fim.complete, byte_fim.reference, byte_fim.ensemble, byte_fim.ngram"


@pytest.mark.parametrize(
    ("imported", "must_be_absent"),
    [
        (CORE, {"llama_cpp", "pygls", "lsprotocol", "lsp_server", "tree_sitter", "asyncio"}),
        ("lsp_server.editor.serve", {"llama_cpp", "numpy"}),
        ("lsp_server.cli", {"llama_cpp", "numpy", "pygls", "lsprotocol"}),
    ],
)
def test_importing_does_not_drag_in(imported: str, must_be_absent: set[str]) -> None:
    """The mathematics runs anywhere; the server answers `initialize` before anything heavy is loaded."""
    code = f"import sys, {imported}; print(*sys.modules, sep='\\n')"
    ran = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert not must_be_absent & set(ran.stdout.split())
