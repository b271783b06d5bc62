"""Editors for tests, each closed at the end and looked through for what it should not have said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.neovim.editor import SURE, Editor

StartEditor = Callable[..., Editor]


@pytest.fixture
def start_editor(tmp_path: Path) -> Iterator[StartEditor]:
    """Starts a Neovim with settings of one's own, and lines of one's own for its init.lua."""
    started: list[Editor] = []

    def start(settings: Mapping[str, object] = SURE, *, init: str = "") -> Editor:
        started.append(Editor(tmp_path, settings, init=init))
        return started[-1]

    yield start
    for editor in started:
        editor.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """A Neovim with a loaded model, for several tests one after the other."""
    one = Editor(tmp_path_factory.mktemp("desk"), SURE)
    one.open(one.folder / "first.py", b"")
    one.wait_until_ready()
    yield one
    one.close()


@pytest.fixture
def editor(desk: Editor, tmp_path: Path) -> Iterator[Editor]:
    """A Neovim with an empty Python file and a loaded model. Whatever the test does, Neovim may say nothing."""
    desk.open(tmp_path / "work.py", b"")
    yield desk
    said = desk.messages()
    desk.keys("<Esc>")
    desk.nvim.command("silent %bwipeout! | messages clear")
    assert said == ""
