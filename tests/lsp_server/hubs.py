"""Fixtures: a hub with one model, and a folder of the user's own that knows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lsp_server.download_desk import without_proxy
from tests.lsp_server.model_hub import Hub, make_model, serving, write_entry

CONTENT = make_model(300_000)


@pytest.fixture
def models_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own; child processes inherit it, and no proxy."""
    monkeypatch.setenv("BYTEFIM_MODELS", str(tmp_path / "models"))
    without_proxy(monkeypatch)
    return tmp_path / "models"


@pytest.fixture
def hub(models_folder: Path) -> Iterator[Hub]:
    """With one model, which the user's list knows as `made-up`."""
    with serving(CONTENT) as hub:
        write_entry(models_folder, hub)
        yield hub
