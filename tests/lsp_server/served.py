"""`bytefim serve` as it is installed, with models as they are: a server that is ready, and that must end well."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.lsp_server import raw_client
from tests.lsp_server.conftest import ROOT, RunningServer
from tests.lsp_server.editor import URI
from tests.lsp_server.raw_client import RawClient

_LOADING_S = (
    120.0  # processes read vocabularies of 260,000 tokens one after the other, or models are tried and measured
)


@contextlib.contextmanager
def serving_models(
    folder: Path, *models: str, settings: str, text: str, capabilities: Mapping[str, object] | None = None
) -> Iterator[RunningServer]:
    """After the loading, with one document. `folder`: for the log and the settings, which are TOML."""
    (folder / "settings.toml").write_text(settings, encoding="utf-8")
    named = [word for model in models for word in ("--model", model)]
    command = [sys.executable, "-P", "-m", "lsp_server", "serve", *named, "--settings", str(folder / "settings.toml")]
    with (folder / "log.txt").open("wb") as stderr:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr)
    assert process.stdin is not None
    assert process.stdout is not None
    server = RunningServer(process, RawClient(process.stdin, process.stdout), folder / "log.txt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(raw_client, "PATIENCE_S", _LOADING_S)
        server.initialize(capabilities=dict(capabilities or {}))
        server.client.wait_for_state("idle")
        server.open(URI, text)
        yield server
        status = server.stop()
    assert status == 0
