"""Typing in a real buffer: ghost text comes, goes on with what is typed, and is taken byte for byte.

After every step the bytes of the buffer are those of the server's mirror (`Editor.check`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.neovim.conftest import StartEditor
from tests.e2e.neovim.editor import KEYS, SURE, Editor
from tests.e2e.waiting import wait_for

ADD = "def add(a, b):\n    return "
CLASS = "class Item:\n    def __init__(self, name, price):\n        "


def begin(editor: Editor, text: str = ADD) -> str:
    """Type a text at the end of the buffer; the suggestion that comes."""
    editor.keys("<Esc>GA")
    editor.type(text)
    ghost = editor.wait_for_ghost()
    editor.check()
    return ghost


def test_typing_brings_ghost_text_that_changes_nothing(editor: Editor) -> None:
    """What it is all about."""
    begin(editor)

    assert editor.check().text == ADD.encode() + b"\n"


def test_accepting_inserts_what_is_shown_and_nothing_else(editor: Editor) -> None:
    """The promise about bytes."""
    ghost = begin(editor)
    before = editor.check()
    after = editor.take(KEYS["accept"], before.with_inserted(ghost))

    assert after.offset == before.offset + len(ghost.encode())


def test_the_server_hears_of_what_was_taken_whole(editor: Editor) -> None:
    """Its statistics count it, and what comes next was computed ahead for it."""
    ghost = begin(editor)
    log = Path(editor.lua("return vim.lsp.log.get_filename()"))
    n_told = log.read_text().count("accepted id=")
    editor.take(KEYS["accept"], editor.check().with_inserted(ghost))

    wait_for(lambda: log.read_text().count("accepted id=") == n_told + 1, "the server knows")


def test_a_word_is_taken_and_the_rest_stays(editor: Editor) -> None:
    """One word is often right where the whole is not."""
    ghost = begin(editor)
    before = editor.check()
    editor.take(KEYS["accept-word"], before.with_inserted("a"))

    assert ghost.startswith("a ")
    assert wait_for(editor.ghost, "the rest") == ghost[1:]
    editor.take(KEYS["accept"], before.with_inserted(ghost))


def test_a_line_is_taken_and_the_rest_stays(editor: Editor) -> None:
    """The first line is often right where the block is not."""
    ghost = begin(editor, "def add(a, b):")
    before = editor.check()
    first = ghost[: ghost.index("\n", 1)]
    editor.take(KEYS["accept-line"], before.with_inserted(first))

    assert wait_for(editor.ghost, "the rest") == ghost[len(first) :]
    editor.take(KEYS["accept"], before.with_inserted(ghost))


def test_several_lines_are_shown_and_taken_whole(editor: Editor) -> None:
    """A body of a function is one suggestion."""
    ghost = begin(editor, "def add(a, b):")
    before = editor.check()

    assert ghost.startswith("\n")
    assert ghost.count("\n") > 1
    editor.take(KEYS["accept"], before.with_inserted(ghost))


def test_next_and_previous_change_nothing_where_there_is_one(editor: Editor) -> None:
    """The server offers one suggestion; going round must come back to it."""
    ghost = begin(editor)
    editor.keys(KEYS["next"])
    assert editor.ghost() == ghost
    editor.keys(KEYS["previous"])

    assert editor.ghost() == ghost
    assert editor.check().text == ADD.encode() + b"\n"


def test_typing_along_keeps_the_rest(editor: Editor) -> None:
    """Who types what is suggested must not lose sight of it."""
    ghost = begin(editor)
    for i in range(1, len(ghost)):
        editor.type(ghost[i - 1])
        assert editor.wait_for_ghost() == ghost[i:]
        editor.check()


def test_accepting_right_after_typing_along_doubles_nothing(editor: Editor) -> None:
    """Neovim has not asked again yet, and its own record still begins where the suggestion began."""
    ghost = begin(editor)
    whole = editor.check().with_inserted(ghost)

    editor.take(ghost[0] + KEYS["accept"], whole)


def test_typing_something_else_takes_it_away(editor: Editor) -> None:
    """A suggestion for another text must neither be seen nor be taken."""
    ghost = begin(editor)
    typed = editor.check().with_inserted("q")
    editor.type("q")
    wait_for(lambda: editor.view().text == typed, "the key has arrived")
    seen = editor.ghost()
    editor.settle()

    assert seen in ("", editor.ghost())
    assert seen != ghost[1:]
    editor.check()


def test_accepting_right_after_typing_something_else_inserts_nothing(editor: Editor) -> None:
    """The key was meant for a suggestion that is no longer one."""
    begin(editor)
    typed = editor.check().with_inserted("qq")
    editor.take("q" + KEYS["accept"] + "q", typed)


def test_deleting_brings_the_longer_rest_back(editor: Editor) -> None:
    """A slip of the finger costs nothing."""
    ghost = begin(editor)
    editor.type(ghost[0])
    assert editor.wait_for_ghost() == ghost[1:]
    editor.keys("<BS>")

    assert editor.wait_for_ghost() == ghost
    assert editor.check().text == ADD.encode() + b"\n"


def test_undo_takes_back_the_suggestion_alone_and_redo_brings_it(editor: Editor) -> None:
    """What was typed before was not accepted, and must survive."""
    ghost = begin(editor)
    before = editor.check()
    whole = editor.take(KEYS["accept"], before.with_inserted(ghost)).text
    editor.take("<Esc>:silent undo<CR>", before.text)
    editor.take(":silent redo<CR>", whole)


def test_dismissed_it_stays_away_until_something_is_typed(editor: Editor) -> None:
    """No means no."""
    ghost = begin(editor)
    editor.keys(KEYS["dismiss"])
    wait_for(lambda: not editor.ghost(), "it is gone")
    editor.type(ghost[0])

    assert editor.wait_for_ghost() == ghost[1:]


def test_leaving_insert_mode_takes_it_away(editor: Editor) -> None:
    """Ghost text in normal mode would look like text."""
    begin(editor)
    editor.keys("<Esc>")
    wait_for(lambda: not editor.ghost(), "it is gone")

    editor.check()


@pytest.mark.parametrize(
    ("place", "typed"),
    [
        ("inside a word", "def add(a, b):\n    retur"),
        ("after a space", "items = [1]\nfor item in "),
        ("in indentation", CLASS),
        ("behind an emoji and an accent", "naïve = '😀 e\u0301'; x = pri"),
        ("behind an emoji in the word before", "# 日本語 🎉🎉\nimport o"),
    ],
)
def test_wherever_the_cursor_stands_the_bytes_are_right(editor: Editor, place: str, typed: str) -> None:
    """Columns are counted in bytes here and in UTF-16 elsewhere; tokens do not end where cursors do."""
    ghost = begin(editor, typed)

    assert ghost, place
    editor.take(KEYS["accept"], editor.check().with_inserted(ghost))


def test_brackets_that_the_editor_closes_stay_where_they_are(start_editor: StartEditor) -> None:
    """Plugins that close pairs are everywhere."""
    editor = start_editor(SURE, init='vim.keymap.set("i", "(", "()<Left>")\n')
    editor.open(editor.folder / "pairs.py", b"")
    editor.wait_until_ready()
    ghost = begin(editor, "items = [1]\nfor item in items:\n    print(")
    before = editor.check()

    assert before.text.endswith(b"print()\n")
    assert ")" not in ghost
    editor.take(KEYS["accept"], before.with_inserted(ghost))


def test_text_right_of_the_cursor_survives(editor: Editor) -> None:
    """What stands there was typed by somebody."""
    editor.keys("i")
    editor.type("def add(a, b):\n    return  # the sum: 合計")
    editor.keys("<Esc>0fn a")
    ghost = editor.wait_for_ghost()
    after = editor.take(KEYS["accept"], editor.check().with_inserted(ghost))

    assert after.text.endswith(" # the sum: 合計\n".encode())


def test_an_open_menu_is_no_obstacle(editor: Editor) -> None:
    """Neovim's own completion goes on working, and what it inserts is mirrored too."""
    editor.keys("i")
    editor.type("items = [1]\nfor item in it")
    editor.keys("<C-n>")
    wait_for(lambda: editor.nvim.funcs.pumvisible(), "the menu is open")
    ghost = editor.wait_for_ghost()
    before = editor.check()

    assert before.text.endswith(b"in items\n")
    editor.take(KEYS["accept"], before.with_inserted(ghost))
