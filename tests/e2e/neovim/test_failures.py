"""What goes wrong on real machines: nothing pops up while one types, documents stay right, and the reason is told."""

from __future__ import annotations

from tests.e2e.neovim.conftest import StartEditor
from tests.e2e.neovim.editor import KEYS, SURE, Editor
from tests.e2e.processes import find_model, find_server
from tests.e2e.waiting import wait_for

ADD = "def add(a, b):\n    return "


def type_add(editor: Editor) -> None:
    """Open a file and type into it until the server has answered; the model is loaded, or cannot be."""
    editor.open(editor.folder / "work.py", b"")
    wait_for(lambda: not editor.status().startswith("loading"), "the model is loaded, or cannot be")
    editor.keys("i")
    editor.type(ADD)
    editor.settle()
    editor.check()


def type_on(editor: Editor) -> None:
    """One more key, and its answer."""
    editor.keys("a")
    editor.settle()
    editor.check()


def test_a_killed_server_is_started_again_without_a_word(start_editor: StartEditor) -> None:
    """Memory runs out, and the system kills what is biggest."""
    editor = start_editor()
    type_add(editor)
    server = editor.server()
    server.kill()
    editor.type("a")
    wait_for(lambda: (found := find_server(editor.process_id)) and found.pid != server.pid, "another server")
    wait_for(lambda: editor.lua("return e2e.is_attached()"), "the new server has the document")
    editor.wait_until_ready()
    editor.keys("<BS>")
    ghost = editor.wait_for_ghost()

    editor.take(KEYS["accept"], editor.check().with_inserted(ghost))
    assert editor.messages() == ""


def test_accepting_from_a_server_that_is_gone_inserts_what_is_shown(start_editor: StartEditor) -> None:
    """What is on the screen may be taken; that nobody can be told of it is no error."""
    editor = start_editor()
    type_add(editor)
    ghost = editor.wait_for_ghost()
    expected = editor.check().with_inserted(ghost)
    editor.server().kill()
    wait_for(lambda: not editor.lua("return e2e.is_attached()"), "the server is gone")
    editor.keys(KEYS["accept"])
    wait_for(lambda: editor.view().text in (expected, expected[: -len(ghost) - 1] + b"\n"), "all of it, or nothing")
    wait_for(lambda: editor.lua("return e2e.is_attached()"), "another server has the document")

    editor.check()
    assert editor.messages() == ""


def test_a_server_that_keeps_dying_is_given_up_and_told_once(start_editor: StartEditor) -> None:
    """Starting it for ever would burn the machine; silence would leave the user wondering."""
    editor = start_editor()
    type_add(editor)
    for _ in range(3):
        wait_for(lambda: editor.lua("return e2e.is_attached()"), "a server has the document")
        editor.server().kill()
        wait_for(lambda: not editor.lua("return e2e.is_attached()"), "it is gone")
    wait_for(lambda: editor.status().startswith("error: "), "it is given up")
    editor.type("a")
    said = editor.messages()

    assert said.startswith("bytefim: the server ended 3 times")
    assert len(said.splitlines()) == 1
    editor.keys("<Esc>:messages clear | BytefimRestart<CR>")
    wait_for(lambda: editor.lua("return e2e.is_attached()"), "it runs again")
    editor.wait_until_ready()
    editor.keys("a")
    type_on(editor)


def test_edits_made_while_no_server_runs_are_known_to_the_next(start_editor: StartEditor) -> None:
    """Neovim itself forgets to listen to such a buffer; suggestions would be for an old text from then on."""
    editor = start_editor()
    type_add(editor)
    for _ in range(2):
        editor.lua("vim.lsp.enable('bytefim', false)")
        wait_for(lambda: not editor.lua("return e2e.is_attached()"), "the server is gone")
        editor.type("a")
        editor.lua("vim.lsp.enable('bytefim')")
        wait_for(lambda: editor.lua("return e2e.is_attached()"), "the next server has the document")
        editor.wait_until_ready()
        editor.check()
        type_on(editor)

    assert editor.check().text == ADD.encode() + b"aaaa\n"
    assert editor.messages() == ""


def test_a_killed_model_is_loaded_again(start_editor: StartEditor) -> None:
    """The documents live in another process, and typing goes on."""
    editor = start_editor()
    type_add(editor)
    wait_for(lambda: find_model(editor.process_id), "the model's process").kill()
    editor.type("a")
    wait_for(lambda: "loading" in editor.statuses()[editor.statuses().index("idle") :], "it is loaded again")
    editor.wait_until_ready()
    editor.check()
    editor.keys("<BS>")
    ghost = editor.wait_for_ghost()

    editor.take(KEYS["accept"], editor.check().with_inserted(ghost))
    assert editor.messages() == ""


def test_while_the_model_is_loaded_the_statusline_says_so_and_nothing_else(start_editor: StartEditor) -> None:
    """People type before the model is there."""
    editor = start_editor()
    editor.open(editor.folder / "early.py", b"")
    editor.keys("i")
    editor.type(ADD)
    editor.wait_until_ready()
    statuses = editor.statuses()

    assert any(status.startswith("loading") for status in statuses[: statuses.index("idle")])
    assert editor.messages() == ""
    editor.check()
    type_on(editor)
    editor.keys("<BS>")
    editor.wait_for_ghost()


def test_wrong_settings_are_told_once_and_the_defaults_are_used(start_editor: StartEditor) -> None:
    """A slip in init.lua costs a sentence, not the suggestions."""
    editor = start_editor({**SURE, "max_tokens": "many"})
    type_add(editor)
    editor.wait_until_ready()
    type_on(editor)
    editor.keys("<BS>")
    editor.wait_for_ghost()

    assert editor.messages().count("max_tokens") == 1
    assert len(editor.messages().splitlines()) == 1


def test_a_model_that_is_not_there_is_told_once_and_is_the_reason(start_editor: StartEditor) -> None:
    """Whoever sees nothing must be able to find out why."""
    editor = start_editor({**SURE, "model": "/nowhere/model.gguf"})
    type_add(editor)
    wait_for(lambda: editor.status().startswith("error: "), "the error in the statusline")
    type_on(editor)

    assert not editor.ghost()
    assert "/nowhere/model.gguf" in editor.why()["reason"]
    assert len(editor.messages().splitlines()) == 1
    editor.keys("<Esc>:messages clear | BytefimStatus<CR>")
    wait_for(lambda: "/nowhere/model.gguf" in editor.messages(), "the whole message")


def test_without_a_server_one_sentence_names_the_remedy(start_editor: StartEditor) -> None:
    """A plugin that is silently dead is the worst of all."""
    editor = start_editor(init='vim.g.bytefim = { cmd = { "/nowhere/bytefim", "serve" } }\n')
    for name in ("one.py", "two.py"):
        editor.nvim.command(f"edit {editor.folder / name}")
    editor.keys("i")
    editor.type(ADD)

    assert editor.messages().count("/nowhere/bytefim") == 1
    assert "/nowhere/bytefim" in editor.status()


def test_a_language_that_is_switched_off_is_silent_until_asked(start_editor: StartEditor) -> None:
    """The setting is about what comes by itself."""
    editor = start_editor({**SURE, "languages_off": ["python"]})
    type_add(editor)
    type_on(editor)

    assert not editor.ghost()
    assert "python" in editor.why()["reason"]
    assert editor.status() == "off: language python"
    editor.keys("<BS>")
    editor.keys(KEYS["trigger"])
    ghost = wait_for(editor.ghost, "what was asked for")
    editor.take(KEYS["accept"], editor.check().with_inserted(ghost))
    assert editor.messages() == ""


def test_the_health_check_names_a_server_that_is_not_there(start_editor: StartEditor) -> None:
    """The remedy is told where one looks for it."""
    editor = start_editor(init='vim.g.bytefim = { cmd = { "/nowhere/bytefim", "serve" } }\n')
    editor.nvim.command("checkhealth bytefim")

    report = "\n".join(editor.nvim.current.buffer[:])
    assert "/nowhere/bytefim" in report
    assert "ERROR" in report
