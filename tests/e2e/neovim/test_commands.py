"""What users call by name: commands, maps, the statusline, the health check, the help."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.homes import ROOT
from tests.e2e.neovim.conftest import StartEditor
from tests.e2e.neovim.editor import KEYS, SURE, Editor
from tests.e2e.waiting import wait_for

ADD = "def add(a, b):\n    return "


@pytest.fixture
def typist(start_editor: StartEditor) -> Editor:
    """A Neovim in which something was typed and suggested."""
    editor = start_editor()
    editor.open(editor.folder / "work.py", b"")
    editor.wait_until_ready()
    editor.keys("i")
    editor.type(ADD)
    editor.wait_for_ghost()
    return editor


def command(editor: Editor, command: str) -> str:
    """Type a command in normal mode; what Neovim answers."""
    editor.keys("<Esc>:messages clear<CR>")
    editor.keys(f":{command}<CR>")
    return wait_for(editor.messages, f"an answer to :{command}")


def type_on(editor: Editor) -> str:
    """Something else than was suggested, at the end; the ghost text then."""
    editor.keys("<Esc>A")
    editor.type("b")
    editor.settle()
    editor.check()
    return editor.ghost()


@pytest.mark.parametrize(
    ("where", "told", "status", "reason"),
    [
        ("", "", "off: completion is turned off", "completion is turned off"),
        (" buffer", " in this buffer", "off: this buffer", "work.py (setting files_off)"),
        (" language", " for language python", "off: language python", "language python"),
    ],
)
def test_toggled_off_it_is_silent_and_toggled_on_it_speaks(
    typist: Editor, where: str, told: str, status: str, reason: str
) -> None:
    """Three switches, one way back each."""
    assert command(typist, "BytefimToggle" + where) == f"bytefim: suggestions are off{told}"
    wait_for(lambda: typist.status() == status, "the statusline knows")
    assert not type_on(typist)
    assert reason in typist.why()["reason"]
    assert command(typist, "BytefimToggle" + where) == f"bytefim: suggestions are on{told}"
    wait_for(lambda: typist.status() == "idle", "the statusline knows")
    typist.keys("<Esc>xA")

    assert typist.wait_for_ghost()


def test_why_tells_the_last_decision(typist: Editor) -> None:
    """The one command for "why do I see this"."""
    said = command(typist, "BytefimWhy")

    assert said.startswith("bytefim: shown: ")
    assert "confidence" in said


def test_the_status_names_the_model(typist: Editor) -> None:
    """Which model it is decides what one may hope for."""
    assert "model: bytefim-tiny" in command(typist, "BytefimStatus")


def test_another_model_is_loaded_by_name_and_a_wrong_name_is_told(typist: Editor) -> None:
    """A model is tried by changing it, not by restarting the editor."""
    assert "bytefim-nano-spm" in command(typist, "BytefimModel nonsense")
    assert "is being loaded" in command(typist, "BytefimModel bytefim-nano-spm")
    wait_for(lambda: "bytefim-nano-spm" in command(typist, "BytefimStatus"), "the other model is at work")
    typist.wait_until_ready()

    type_on(typist)


def test_a_model_can_be_chosen_from_a_list(typist: Editor) -> None:
    """Nobody knows the names by heart."""
    typist.lua("vim.ui.select = function(items, options, choose) e2e.offered = items; choose(items[2]) end")
    said = command(typist, "BytefimModel")

    assert said == f"bytefim: {typist.lua('return e2e.offered[2]')} is being loaded"
    typist.wait_until_ready()


def test_restarting_keeps_the_document(typist: Editor) -> None:
    """The way out of whatever state the server is in."""
    server = typist.server()
    assert "starting" in command(typist, "BytefimRestart")
    wait_for(lambda: not server.is_running(), "the old server has ended")
    wait_for(lambda: typist.lua("return e2e.is_attached()"), "the new server has the document")
    typist.wait_until_ready()
    typist.check()

    type_on(typist)


def test_asking_is_answered_where_nothing_comes_by_itself(start_editor: StartEditor) -> None:
    """A doubtful suggestion is better than none to somebody who asks."""
    editor = start_editor({**SURE, "min_confidence": 1})
    editor.open(editor.folder / "work.py", b"")
    editor.wait_until_ready()
    editor.keys("i")
    editor.type(ADD)
    editor.settle()
    assert not editor.ghost()
    editor.keys(KEYS["trigger"])
    ghost = wait_for(editor.ghost, "what was asked for")

    editor.take(KEYS["accept"], editor.check().with_inserted(ghost))


def test_no_key_is_taken(start_editor: StartEditor) -> None:
    """Keys are the user's."""
    editor = start_editor()
    mine = "return vim.tbl_map(function(m) return m.lhs end, vim.api.nvim_get_keymap('i'))"
    with_plugin = [key for key in editor.lua(mine) if not key.startswith("<Plug>(bytefim-")]
    ours = sorted(key.upper() for key in with_plugin if "F" in key)

    assert ours == sorted(KEYS.values())  # those of the test's own init.lua


def test_the_health_check_finds_all_well(typist: Editor) -> None:
    """The answer to "why do I see nothing" begins with what is right."""
    typist.keys("<Esc>")
    typist.nvim.command("checkhealth bytefim")
    report = "\n".join(typist.nvim.current.buffer[:])

    assert "ERROR" not in report
    for part in ("Neovim 0.", "bytefim 0.", "the model works", "min_confidence"):
        assert part in report


def test_the_help_is_found(start_editor: StartEditor, tmp_path: Path) -> None:
    """`:help bytefim` is where Neovim's users look first."""
    (tmp_path / "help" / "doc").mkdir(parents=True)
    shutil.copy(ROOT / "editors" / "neovim" / "doc" / "bytefim.txt", tmp_path / "help" / "doc")
    editor = start_editor()
    editor.nvim.command(f"helptags {tmp_path / 'help' / 'doc'} | set runtimepath+={tmp_path / 'help'}")
    for topic in ("bytefim", "bytefim-maps", "bytefim-server", ":BytefimToggle"):
        editor.nvim.command(f"help {topic}")

    assert editor.nvim.current.buffer.name.endswith("bytefim.txt")
    assert editor.messages() == ""
