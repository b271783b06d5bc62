"""The screen as its user sees it, also kept as a drawing in build/e2e/."""

from __future__ import annotations

from tests.e2e.homes import ROOT
from tests.e2e.neovim.conftest import StartEditor
from tests.e2e.neovim.editor import SURE, Editor
from tests.e2e.neovim.screen import Screen
from tests.e2e.waiting import wait_for

LOOK = """
vim.o.laststatus = 2
vim.o.statusline = " %t %m%=bytefim: %{v:lua.require'bytefim'.status()}  %l:%c "
vim.o.ruler = false
"""
SHOP = '''"""Prices of a small shop."""

import json


class Item:
    def __init__(self, name, price):
        self.name = name
        self.price = price


def load(path):
    '''
INSIDE_A_WORD = "with open(path, enc"
IN_BUILD = ROOT / "build" / "e2e" / "neovim.svg"


def look_at(editor: Editor, *, n_columns: int, n_rows: int) -> Screen:
    """All that is on the screen now."""
    screen = Screen(n_columns, n_rows)
    editor.nvim.ui_attach(n_columns, n_rows, rgb=True, ext_linegrid=True)
    editor.nvim.command("redraw!")
    while True:
        _, name, events = editor.nvim.next_message()
        if name == "redraw" and screen.take(events) and any(line.strip() for line in screen.lines()):
            return screen


def test_ghost_text_is_on_the_screen(start_editor: StartEditor) -> None:
    """Extmarks are what Neovim means to show; this is what it shows."""
    editor = start_editor(SURE, init=LOOK)
    editor.open(editor.folder / "shop.py", b"")
    editor.wait_until_ready()
    editor.nvim.command("syntax on")
    editor.keys("i")
    editor.type(SHOP + INSIDE_A_WORD)
    ghost = editor.wait_for_ghost()
    wait_for(lambda: editor.status() == "idle", "the server is idle")
    screen = look_at(editor, n_columns=76, n_rows=18)
    IN_BUILD.parent.mkdir(parents=True, exist_ok=True)
    IN_BUILD.write_text(screen.to_svg(), encoding="utf-8")

    assert INSIDE_A_WORD + ghost.splitlines()[0] in "\n".join(screen.lines())
    assert any("bytefim: idle" in line for line in screen.lines())
