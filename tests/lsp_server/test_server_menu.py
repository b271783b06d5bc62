"""Suggestions as entries of the completion menu, for editors without inline completion, with a real server process."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lsp_server.conftest import RunningServer, StartServer
from tests.lsp_server.editor import INLINE, URI, at, change, edit

MENU = "textDocument/completion"
WITH_FALLBACK = {"completion_fallback": True}
INLINE_TOO = {"textDocument": {"inlineCompletion": {"dynamicRegistration": True}, "completion": {}}}


def start(
    start_server: StartServer, *, offered: dict[str, Any] | None = None, options: object = None
) -> tuple[RunningServer, dict[str, Any]]:
    """A ready server, and what it has to offer."""
    server = start_server()
    result: Any = server.initialize(capabilities=offered or {}, initializationOptions=options)
    server.client.wait_for_state("idle")
    return server, result["capabilities"]


@pytest.mark.parametrize(
    ("offered", "options", "is_offered"),
    [({}, WITH_FALLBACK, True), ({}, None, False), (INLINE_TOO, WITH_FALLBACK, False), (INLINE_TOO, None, False)],
    ids=["wanted and needed", "not wanted", "not needed", "neither"],
)
def test_the_menu_is_used_only_if_wanted_and_needed(
    start_server: StartServer, offered: dict[str, Any], options: object, is_offered: bool
) -> None:
    """Never both: the same suggestion twice on the screen."""
    server, capabilities = start(start_server, offered=offered, options=options)
    server.open(URI, "resu")

    assert ("completionProvider" in capabilities) == is_offered
    assert capabilities["inlineCompletionProvider"] == {}
    reply = server.client.reply(server.client.request(MENU, at(0, 4)))
    assert ("result" in reply) == is_offered


def test_an_entry_replaces_the_typed_word_and_says_what_it_is(start_server: StartServer) -> None:
    """As it goes over the wire."""
    server, _ = start(start_server, options=WITH_FALLBACK)
    server.open(URI, "🙂 x.résu")
    listed = server.client.ask(MENU, at(0, 9))
    (entry,) = listed["items"]
    (argument,) = entry["command"].pop("arguments")

    assert listed["isIncomplete"] is True
    assert entry == {
        "label": "résult = 1 ⏎",
        "labelDetails": {"description": "local model"},
        "kind": 1,
        "documentation": {"kind": "markdown", "value": "```python\nrésult = 1\n```"},
        "preselect": False,
        "sortText": "zzzz",
        "filterText": "résu",
        "insertTextMode": 1,
        "textEdit": {
            "range": {"start": {"line": 0, "character": 5}, "end": {"line": 0, "character": 9}},
            "newText": "résult = 1",
        },
        "command": {"title": "accepted", "command": "bytefim.accept"},
    }
    assert argument["id"]


def test_after_a_blank_there_is_no_word_to_match(start_server: StartServer) -> None:
    """Menus match against the label then."""
    server, _ = start(start_server, options=WITH_FALLBACK)
    server.open(URI, "x = ")
    (entry,) = server.client.ask(MENU, at(0, 4))["items"]

    assert "filterText" not in entry
    assert entry["textEdit"]["newText"] == "lt = 1"
    assert entry["textEdit"]["range"]["start"]["character"] == 4


@pytest.mark.parametrize("params", [None, {}, at(0, -1), at(0, 4, "file:///not/open.py")])
def test_nothing_to_say_is_an_empty_list_that_is_asked_again(start_server: StartServer, params: object) -> None:
    """A menu that believes to know all does not ask at the next key."""
    server, _ = start(start_server, options=WITH_FALLBACK)
    server.open(URI, "resu")

    assert server.client.ask(MENU, params) == {"isIncomplete": True, "items": []}


def test_what_an_edit_has_made_void_is_null(start_server: StartServer) -> None:
    """The menu keeps what it has."""
    server, _ = start(start_server, options=WITH_FALLBACK)
    server.open(URI, "WAIT")
    number = server.client.request(MENU, at(0, 4))
    change(server, 2, edit((0, 0), (0, 4), "resu"))

    assert server.client.reply(number)["result"] is None
    assert len(server.client.ask(INLINE, at(0, 4))["items"]) == 1


def test_a_fence_in_the_code_does_not_end_its_documentation() -> None:
    """Whatever is suggested is shown as code."""
    from lsp_server.editor.menu import _fence

    assert _fence("a = '```'", "python") == "````python\na = '```'\n````"


def test_a_wish_for_the_menu_that_comes_too_late_is_logged(start_server: StartServer) -> None:
    """Capabilities are settled once; nobody should search for the reason."""
    server, _ = start(start_server)
    server.client.notify("workspace/didChangeConfiguration", {"settings": {"bytefim": WITH_FALLBACK}})
    server.open(URI, "resu")
    server.client.ask(INLINE, at(0, 4))
    assert server.stop() == 0

    log = server.log.read_text(encoding="utf-8")
    assert log.count("setting completion_fallback takes effect when the server is started again") == 1
