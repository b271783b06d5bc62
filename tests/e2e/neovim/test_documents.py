"""Documents of all kinds in a real editor: the server's mirror stays right, and what is accepted fits them."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.neovim.conftest import StartEditor
from tests.e2e.neovim.editor import KEYS, Editor

ADD = b"def add(a, b):\n    return \n"
LOOP = b"items = [1, 2]\nfor item in items:\n    pr\n"


def test_each_document_has_suggestions_of_its_own(editor: Editor, tmp_path: Path) -> None:
    """What was shown in one must not be left in, or inserted into, the other."""
    texts = {"add.py": ADD, "loop.py": LOOP}
    first: dict[str, str] = {}
    for name, text in texts.items():
        editor.open(tmp_path / name, text)
        editor.keys("<Esc>GA")
        first[name] = editor.wait_for_ghost()
        editor.check()
    editor.keys("<Esc>")
    editor.open(tmp_path / "add.py")
    editor.keys("GA")

    assert first["add.py"] != first["loop.py"]
    assert editor.wait_for_ghost() == first["add.py"]
    editor.take(KEYS["accept"], editor.check().with_inserted(first["add.py"]))


def test_a_file_with_crlf_gets_crlf(editor: Editor, tmp_path: Path) -> None:
    """The item has line feeds; mixed line ends would show in every diff."""
    editor.open(tmp_path / "windows.py", b"import os\r\n\r\n\r\ndef add(a, b):\r\n")
    editor.keys("GA")
    ghost = editor.wait_for_ghost()
    after = editor.take(KEYS["accept"], editor.check().with_inserted(ghost))

    assert "\n" in ghost
    assert after.text.count(b"\r\n") == after.text.count(b"\n")


def test_two_windows_on_one_buffer(editor: Editor, tmp_path: Path) -> None:
    """The cursor of the window in use counts, and the other one shows the same text."""
    editor.open(tmp_path / "split.py", b"import os\n\n" + ADD)
    editor.nvim.command("split")
    editor.keys("GA")
    ghost = editor.wait_for_ghost()
    editor.take(KEYS["accept"], editor.check().with_inserted(ghost))
    editor.keys("<Esc><C-w>wgg0fsa")
    editor.settle()
    editor.check()
    editor.type(".path")
    editor.settle()

    assert editor.check().text.startswith(b"import os.path\n")
    assert len(editor.nvim.windows) == 2


def test_saved_under_another_name_it_is_the_same_document(editor: Editor, tmp_path: Path) -> None:
    """The server knows documents by their URIs."""
    editor.open(tmp_path / "old.py", ADD)
    editor.keys("GA")
    ghost = editor.wait_for_ghost()
    editor.keys("<Esc>")
    editor.nvim.command(f"silent saveas {tmp_path / 'new.py'}")
    editor.check()
    editor.keys("GA")

    assert editor.wait_for_ghost() == ghost
    editor.take(KEYS["accept"], editor.check().with_inserted(ghost))
    assert editor.nvim.current.buffer.name.endswith("new.py")


def test_a_very_long_line(editor: Editor, tmp_path: Path) -> None:
    """Minified files must not stop the editor, nor lose the mirror."""
    long = b"values = [" + b"1234567, " * 25_000 + b"]\n"
    editor.open(tmp_path / "long.py", long + ADD)
    editor.keys("ggA")
    editor.type("; x = 1")
    editor.settle()
    editor.check()
    editor.keys("<Esc>0fla")
    editor.type("u")
    editor.settle()
    editor.check()
    editor.keys("<Esc>GA")
    ghost = editor.wait_for_ghost()

    editor.take(KEYS["accept"], editor.check().with_inserted(ghost))


def test_files_in_and_outside_of_a_workspace_share_one_server(editor: Editor, tmp_path: Path) -> None:
    """A second server would be a second model in memory."""
    for name in ("one", "two"):
        (tmp_path / name / ".git").mkdir(parents=True)
        editor.open(tmp_path / name / "inside.py", ADD)
        editor.check()
    editor.open(tmp_path / "alone.py", ADD)
    editor.keys("GA")
    ghost = editor.wait_for_ghost()

    editor.take(KEYS["accept"], editor.check().with_inserted(ghost))
    assert editor.lua("return #vim.lsp.get_clients({ name = 'bytefim' })") == 1


def test_pasting_many_lines(editor: Editor, tmp_path: Path) -> None:
    """One big edit among small ones."""
    editor.open(tmp_path / "paste.py", b"import os\n\n\n")
    editor.keys("GA")
    functions = (f"def f_{i}(x):\n    return x + {i}  # ∑ 😀\n\n\n" for i in range(500))
    pasted = "".join(functions) + ADD.decode().rstrip("\n")
    editor.nvim.api.paste(pasted, True, -1)
    assert editor.check().text == b"import os\n\n" + pasted.encode() + b"\n"
    ghost = editor.wait_for_ghost()

    editor.take(KEYS["accept"], editor.check().with_inserted(ghost))


def test_lines_moved_and_replaced_all_over(editor: Editor, tmp_path: Path) -> None:
    """Edits that no insert mode makes: sorting, substituting, joining, undoing all of it."""
    source = b"".join(b"name_%d = %d  # \xc3\xa9\n" % (i, i) for i in range(200))
    editor.open(tmp_path / "moved.py", source)
    for command in ("sort! n", "%s/name/näme/", "10,20d", "1,5t$", "30,40join", "g/7/m0"):
        editor.nvim.command("silent " + command)
        editor.check()
    while editor.view().text != source:
        editor.nvim.command("silent undo")
        editor.check()


def test_a_file_without_a_last_line_break(editor: Editor, tmp_path: Path) -> None:
    """The end of a file is a byte that is there or not."""
    editor.open(tmp_path / "cut.py", ADD[:-1])
    editor.keys("GA")
    ghost = editor.wait_for_ghost()
    after = editor.take(KEYS["accept"], editor.check().with_inserted(ghost))
    assert after.text == ADD[:-1] + ghost.encode()
    editor.keys("<Esc>")
    editor.nvim.command("silent write")  # adds a line break to the file
    editor.check()
    editor.keys("GA")
    editor.type(" + 1")
    editor.settle()

    editor.check()


def test_a_buffer_without_a_name_is_left_alone(start_editor: StartEditor) -> None:
    """It has no filetype, so Neovim starts no server; the statusline says so."""
    editor = start_editor()
    editor.keys("i")
    editor.type("print(")
    editor.keys("<Esc>")

    assert editor.messages() == ""
    assert editor.status().startswith("off: ")
