"""Notebooks as editors see it: a real process, cells that are edited, come, go and move."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from typing import Any, cast

import pytest
from lsprotocol import types

from lsp_server.documents.documents import Document
from lsp_server.documents.text import PositionEncoding
from lsp_server.editor.notebook_sync import change_notebook
from lsp_server.editor.server import build_server
from tests.lsp_server.conftest import RunningServer, StartServer, make_ready, starting_servers
from tests.lsp_server.fake_child import SUM
from tests.lsp_server.fake_engine import FakeModel

NOTEBOOK = "file:///w/a.ipynb"
CODE, MARKUP = 2, 1
FIRST, NOTE, SECOND, THIRD = (f"vscode-notebook-cell:/w/a.ipynb#{name}" for name in ("W0", "W1", "W2", "W3"))
TEXTS = {FIRST: "import os\r\n", NOTE: "# A title\n", SECOND: "x = os.path\n", THIRD: SUM}


def cell(uri: str, kind: int = CODE) -> dict[str, Any]:
    return {
        "kind": kind,
        "document": uri,
        "metadata": {"tags": ["a"], "deep": {"er": None}},
        "executionSummary": {"executionOrder": 3, "success": True},
    }


def item(uri: str, text: str, language: str = "python") -> dict[str, Any]:
    return {"uri": uri, "languageId": language, "version": 1, "text": text}


def open_notebook(server: RunningServer) -> None:
    """Three cells of code, and one of prose."""
    server.client.notify(
        "notebookDocument/didOpen",
        {
            "notebookDocument": {
                "uri": NOTEBOOK,
                "notebookType": "jupyter-notebook",
                "version": 1,
                "cells": [cell(FIRST), cell(NOTE, MARKUP), cell(SECOND), cell(THIRD)],
            },
            "cellTextDocuments": [
                item(uri, text, "markdown" if uri == NOTE else "python") for uri, text in TEXTS.items()
            ],
        },
    )


def change(server: RunningServer, **cells: object) -> None:
    server.client.notify(
        "notebookDocument/didChange",
        {"notebookDocument": {"uri": NOTEBOOK, "version": 2}, "change": {"cells": cells}},
    )


def digest(server: RunningServer, uri: str) -> dict[str, Any] | None:
    """None when the cell is not open."""
    method, params = "bytefim/documentDigest", {"textDocument": {"uri": uri}}
    return server.client.reply(server.client.request(method, params)).get("result")


def digest_of(text: str, version: int = 1) -> dict[str, Any]:
    utf8 = text.encode()
    return {"version": version, "n_bytes": len(utf8), "sha256": hashlib.sha256(utf8).hexdigest()}


def asked_at_end_of(server: RunningServer, uri: str, line: int = 0) -> str:
    """What the scripted model suggests there: a checksum of the prefix that it was given."""
    position = {"line": line, "character": 10_000}
    params = {"textDocument": {"uri": uri}, "position": position, "context": {"triggerKind": 1}}
    (found,) = server.client.ask("textDocument/inlineCompletion", params)["items"]
    return found["insertText"]


def sum_of(prefix: str) -> str:
    return f"_{zlib.crc32(prefix.encode())}"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests here."""
    with starting_servers(tmp_path_factory.mktemp("server")) as start:
        yield make_ready(start())


@pytest.fixture
def server(running: RunningServer) -> Iterator[RunningServer]:
    """With the notebook open; afterwards nothing is."""
    open_notebook(running)
    yield running
    running.client.notify(
        "notebookDocument/didClose",
        {"notebookDocument": {"uri": NOTEBOOK}, "cellTextDocuments": [{"uri": uri} for uri in TEXTS]},
    )


def test_notebooks_are_asked_of_editors_that_have_them(start_server: StartServer) -> None:
    """Without the capability no editor sends a notebook; saving changes no text, so it is not asked for."""
    capabilities: Any = start_server().initialize(
        capabilities={"notebookDocument": {"synchronization": {"executionSummarySupport": True}}}
    )["capabilities"]

    assert capabilities["notebookDocumentSync"] == {"notebookSelector": [{"notebook": "*"}]}


def test_the_protocol_library_keeps_no_texts_of_its_own() -> None:
    """Its store of documents and notebooks shifts positions, and is a second copy that nobody reads."""
    server = build_server(FakeModel().worker)
    methods = cast(dict[str, object], server.protocol.fm.builtin_features)  # pyright: ignore[reportUnknownMemberType]

    assert not [method for method in methods if method.startswith(("textDocument/", "notebookDocument/"))]


def test_every_cell_is_a_document(server: RunningServer) -> None:
    """Digests and completions of a cell are asked for under its own URI."""
    assert {uri: digest(server, uri) for uri in TEXTS} == {uri: digest_of(text) for uri, text in TEXTS.items()}


def test_a_cell_sees_the_code_before_it_and_no_prose(server: RunningServer) -> None:
    """A notebook is one program in parts; its prose is none."""
    assert asked_at_end_of(server, THIRD) == sum_of(f"import os\n\nx = os.path\n\n{SUM}")


def test_a_cell_does_not_see_the_code_behind_it(server: RunningServer) -> None:
    """What is run later is no suffix of a cell."""
    edges = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    change(server, textContent=[{"document": {"uri": FIRST, "version": 2}, "changes": [{"range": edges, "text": SUM}]}])

    assert asked_at_end_of(server, FIRST) == sum_of(SUM)


def test_edits_of_cells_are_mirrored(server: RunningServer) -> None:
    """Positions are those of the cell, also of several edits in one message, and later cells see the new text."""
    end = {"line": 1, "character": 0}
    middle = {"start": {"line": 0, "character": 7}, "end": {"line": 0, "character": 9}}
    changes = [{"range": {"start": end, "end": end}, "text": "🙂"}, {"range": middle, "text": "sys"}]
    change(
        server,
        textContent=[
            {"document": {"uri": FIRST, "version": 7}, "changes": changes},
            {"document": {"uri": NOTE, "version": 2}, "changes": [{"text": "prose"}]},
        ],
    )

    assert digest(server, FIRST) == digest_of("import sys\r\n🙂", version=7)
    assert digest(server, NOTE) == digest_of("prose", version=2)
    assert asked_at_end_of(server, THIRD) == sum_of(f"import sys\n🙂\n\nx = os.path\n\n{SUM}")


def test_cells_that_come_go_and_move_change_what_is_before(server: RunningServer) -> None:
    """The prefix follows the order that the user sees."""
    new = "vscode-notebook-cell:/w/a.ipynb#W9"
    change(
        server,
        structure={
            "array": {"start": 0, "deleteCount": 3, "cells": [cell(SECOND), cell(new)]},
            "didOpen": [item(new, "y = 1")],
            "didClose": [{"uri": FIRST}, {"uri": NOTE}],
        },
    )

    assert asked_at_end_of(server, THIRD) == sum_of(f"x = os.path\n\ny = 1\n\n{SUM}")
    assert digest(server, new) == digest_of("y = 1")
    assert [digest(server, uri) for uri in (FIRST, NOTE)] == [None, None]


def test_a_cell_whose_kind_changes_is_left_out(server: RunningServer) -> None:
    """Code becomes prose by one key press in a notebook."""
    change(server, data=[cell(SECOND, MARKUP)])

    assert asked_at_end_of(server, THIRD) == sum_of(f"import os\n\n{SUM}")


def test_a_cell_of_another_language_is_left_out(server: RunningServer) -> None:
    """A cell of SQL before a cell of Python is no Python."""
    change(
        server,
        structure={
            "array": {"start": 2, "deleteCount": 0},
            "didClose": [{"uri": SECOND}],
            "didOpen": [item(SECOND, "select 1", "sql")],
        },
    )

    assert asked_at_end_of(server, THIRD) == sum_of(f"import os\n\n{SUM}")


def test_a_closed_notebook_leaves_nothing(server: RunningServer) -> None:
    """Also of cells that the editor forgot to name."""
    server.client.notify(
        "notebookDocument/didClose", {"notebookDocument": {"uri": NOTEBOOK}, "cellTextDocuments": [{"uri": FIRST}]}
    )

    assert [digest(server, uri) for uri in TEXTS] == [None] * len(TEXTS)


def test_an_edit_that_cannot_be_read_ends_the_mirror_of_the_notebook(server: RunningServer) -> None:
    """Rather no mirror than a wrong one; opening the notebook again makes it whole."""
    change(server, textContent=[{"document": {"uri": FIRST, "version": 2}, "changes": [{"range": 5, "text": None}]}])

    assert [digest(server, uri) for uri in TEXTS] == [None] * len(TEXTS)
    open_notebook(server)
    assert digest(server, FIRST) == digest_of(TEXTS[FIRST])


def test_messages_about_no_notebook_do_no_harm(server: RunningServer) -> None:
    """A client may mix up its messages, or tell of a save that was not asked for."""
    server.client.notify("notebookDocument/didSave", {"notebookDocument": {"uri": NOTEBOOK}})
    unknown = {"notebookDocument": {"uri": "file:///w/b.ipynb", "version": 1}}
    structure = {"array": {"start": 7, "deleteCount": 70, "cells": []}}
    server.client.notify("notebookDocument/didChange", {**unknown, "change": {"cells": {"structure": structure}}})
    server.client.notify("notebookDocument/didChange", {**unknown, "change": {"metadata": {"a": 1}}})
    server.client.notify("notebookDocument/didClose", {**unknown, "cellTextDocuments": []})

    assert digest(server, FIRST) == digest_of(TEXTS[FIRST])
    assert server.client.heard("window/showMessage") == []


def test_a_cell_whose_edit_fails_costs_no_other_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message edits many cells; the mirrors of the others must not be left behind."""
    apply = Document.apply

    def fail(document: Document, change: types.TextDocumentContentChangeEvent, *, encoding: PositionEncoding) -> None:
        if document.uri == NOTE:
            raise RuntimeError
        apply(document, change, encoding=encoding)

    server = build_server(FakeModel().worker)
    for uri, text in TEXTS.items():
        server.documents.open(Document(uri, text))
    monkeypatch.setattr(Document, "apply", fail)
    edits = [
        types.NotebookDocumentCellContentChanges(
            types.VersionedTextDocumentIdentifier(version=2, uri=uri),
            [types.TextDocumentContentChangeWholeDocument("new")],
        )
        for uri in TEXTS
    ]
    change_notebook(
        server,
        types.DidChangeNotebookDocumentParams(
            types.VersionedNotebookDocumentIdentifier(version=2, uri=NOTEBOOK),
            types.NotebookDocumentChangeEvent(cells=types.NotebookDocumentCellChanges(text_content=edits)),
        ),
    )

    found = {uri: document.text for uri in TEXTS if (document := server.documents.find(uri)) is not None}
    assert found == {uri: b"new" for uri in TEXTS if uri != NOTE}
