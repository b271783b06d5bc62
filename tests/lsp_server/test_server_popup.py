"""A suggestion while an entry of the editor's completion menu is selected, with a real server process (rule 50).

The scripted model says `lt = 1` to everything, and a checksum of all that is before to what ends with `SUM`.
"""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from tests.lsp_server.conftest import RunningServer
from tests.lsp_server.editor import INLINE, URI, at, change, edit

NOT_TYPED = "the entry selected in the editor's menu is not what is being typed"


def popup(
    text: str, start: tuple[int, int], end: tuple[int, int], cursor: tuple[int, int], **context: object
) -> dict[str, Any]:
    """A request while the entry is selected."""
    selected = {"range": edit(start, end, "")["range"], "text": text}
    return {**at(*cursor), "context": {"triggerKind": 2, "selectedCompletionInfo": selected, **context}}


def ask(server: RunningServer, params: object) -> list[tuple[str, tuple[int, int]]]:
    """Texts and columns of the items."""
    items = server.client.ask(INLINE, params)["items"]
    edges = [(item["range"]["start"], item["range"]["end"]) for item in items]
    assert all(start["line"] == end["line"] for start, end in edges)
    return [
        (item["insertText"], (start["character"], end["character"]))
        for item, (start, end) in zip(items, edges, strict=True)
    ]


def why(server: RunningServer) -> str:
    return server.client.ask("bytefim/why", {"textDocument": {"uri": URI}})["reason"]


def test_the_item_begins_with_the_entry_and_has_its_range(server: RunningServer) -> None:
    """Editors draw nothing else beside the menu."""
    server.open(URI, "x.resu")

    assert ask(server, popup("resu_x", (0, 2), (0, 6), (0, 6))) == [("resu_xlt = 1", (2, 6))]


def test_the_model_is_asked_what_follows_the_entry(server: RunningServer) -> None:
    """As if it were typed already: its bytes are forced, those that it replaces are gone."""
    server.open(URI, "a\r\nx.reSU\r\nb")
    ((text, columns),) = ask(server, popup("resuSUM", (1, 2), (1, 6), (1, 4)))

    assert columns == (2, 6)
    assert text == f"resuSUM_{zlib.crc32(b'a' + bytes([10]) + b'x.resuSUM')}"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [("reta", (0, 2), (0, 6)), ("Result", (0, 2), (0, 6)), ("re", (0, 2), (0, 6)), ("", (0, 2), (0, 6))],
    ids=["another word", "another case", "shorter", "empty"],
)
def test_an_entry_that_is_not_what_is_typed_is_answered_with_nothing(
    server: RunningServer, text: str, start: tuple[int, int], end: tuple[int, int]
) -> None:
    """VS Code would not draw it, and silence has a reason."""
    server.open(URI, "x.resu")

    assert ask(server, popup(text, start, end, (0, 6))) == []
    assert why(server) == NOT_TYPED


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("resu", (0, 2), (0, 4)),
        ("y", (0, 7), (0, 8)),
        ("x.resu\ny", (0, 0), (1, 1)),
        ("resulting", (1, 0), (1, 1)),
        ("x.resu(y)", (0, 0), (0, 9)),
    ],
    ids=["before the cursor", "after it", "two lines", "another line", "a selection of what stands there"],
)
def test_what_is_no_entry_at_the_cursor_is_passed_over(
    server: RunningServer, text: str, start: tuple[int, int], end: tuple[int, int]
) -> None:
    """Neovim sends the visual selection."""
    server.open(URI, "x.resu(y)\ny")

    assert ask(server, popup(text, start, end, (0, 6), triggerKind=1)) == ask(server, at(0, 6)) != []


@pytest.mark.parametrize(
    "selected",
    [None, "result", {**edit((0, 0), (0, 4), ""), "text": 5}, {"text": 5}, {"text": "result"}, {"range": {}}, []],
)
def test_an_entry_of_another_shape_is_passed_over(server: RunningServer, selected: object) -> None:
    """Whatever it is, it is no reason for an error."""
    server.open(URI, "resu")
    params = {**at(0, 4), "context": {"triggerKind": 2, "selectedCompletionInfo": selected}}

    assert ask(server, params) == [("lt = 1", (4, 4))]


def test_when_nothing_follows_the_entry_there_is_no_item(server: RunningServer) -> None:
    """The menu offers the entry itself; here the suggestion stands there already."""
    server.open(URI, "result = 1")

    assert ask(server, popup("resu", (0, 0), (0, 4), (0, 4))) == []


def test_columns_are_counted_as_negotiated_and_the_whole_character_is_replaced(server: RunningServer) -> None:
    """UTF-16 here."""
    server.open(URI, "🙂.é🙂r")

    assert ask(server, popup("é🙂resu", (0, 3), (0, 7), (0, 7))) == [("é🙂result = 1", (3, 7))]
    assert ask(server, popup("resu", (0, 6), (0, 7), (0, 7))) == [("result = 1", (6, 7))]


def test_a_suggestion_that_was_shown_is_served_behind_the_entry_that_begins_it(server: RunningServer) -> None:
    """The menu opens while ghost text stands there: the same suggestion, nothing is generated."""
    server.open(URI, "resu")
    assert ask(server, at(0, 4)) == [("lt = 1", (4, 4))]

    assert ask(server, popup("result", (0, 0), (0, 4), (0, 4))) == [("result = 1", (0, 4))]
    assert server.client.ask("bytefim/why", {"textDocument": {"uri": URI}})["served_by"] == "typing through"
    change(server, 2, edit((0, 0), (0, 4), "result"))
    assert ask(server, at(0, 6)) == [(" = 1", (6, 6))]
