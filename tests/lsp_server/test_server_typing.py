"""Edits on their way from the protocol to the engine: which of them leave running work alone.

The mirror, the requests and the engine are the real ones; the model waits before every token.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from lsprotocol import types

from lsp_server.documents.documents import PositionEncoding
from lsp_server.documents.popup import take_popup
from lsp_server.editor.server import build_server
from lsp_server.editor.session import BytefimServer
from lsp_server.editor.text_sync import change_document, edit_document, open_document
from lsp_server.editor.uptake import Uptake
from lsp_server.engine.engine import Engine
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer
from tests.lsp_server.fake_engine import PATIENCE_S
from tests.lsp_server.stepping_model import SteppingModel

URI = "file:///a.py"
MIDDLE = "é🙂 = 1"
PATIENT = Settings(deadline_ms=60_000, prefetch=False)


@pytest.fixture
def model() -> SteppingModel:
    """Says MIDDLE after everything, a character at a time."""
    return SteppingModel(lambda prefix, suffix: (character.encode() for character in MIDDLE + "\n"))


@pytest.fixture
def server(model: SteppingModel) -> Iterator[BytefimServer]:
    """A server without a connection, its engine ready."""
    server, is_ready = build_server(model.worker, settings=PATIENT), threading.Event()

    def on_state(state: object) -> None:
        if getattr(state, "state", "") == "idle":
            is_ready.set()

    server.engine = Engine(model.worker, PATIENT, on_state=on_state)
    assert is_ready.wait(PATIENCE_S)
    yield server
    assert server.engine.close()
    assert model.n_wrong_aborts == 0


def change(server: BytefimServer, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
    change_document(server, edit(start, end, text))


def edit(start: tuple[int, int], end: tuple[int, int], text: str) -> types.DidChangeTextDocumentParams:
    change = types.TextDocumentContentChangePartial(types.Range(types.Position(*start), types.Position(*end)), text)
    return types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(version=2, uri=URI), [change])


def begin(server: BytefimServer, model: SteppingModel, text: str, position: types.Position) -> None:
    """Open a document, ask at a position, and let the model say `é🙂`."""
    assert server.engine is not None
    open_document(server, types.DidOpenTextDocumentParams(types.TextDocumentItem(URI, "plaintext", 1, text)))
    document = server.documents.find(URI)
    assert document is not None
    server.engine.submit(server.request_at(document, position))
    model.step(2)


def is_going_on(server: BytefimServer) -> bool:
    assert server.engine is not None
    return server.engine.find_followed(URI) is not None


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_typing_what_is_generated_leaves_the_model_at_work(
    server: BytefimServer, model: SteppingModel, encoding: PositionEncoding, line_break: str
) -> None:
    """6.5, in every encoding and whatever the line breaks: one character after the other, then the request."""
    server.documents.encoding = encoding
    before, n_units = "# 合\n".replace("\n", line_break) + "x", {"utf-8": (2, 4), "utf-16": (1, 2), "utf-32": (1, 1)}
    begin(server, model, before + line_break + "end" + line_break, types.Position(1, 1))
    column = 1
    for character, n in zip("é🙂", n_units[encoding], strict=True):
        change(server, (1, column), (1, column), character)
        column += n
    assert is_going_on(server)
    document = server.documents.find(URI)
    assert document is not None
    assert server.engine is not None
    asked = server.engine.submit(server.request_at(document, types.Position(1, column)))
    model.let_all_through()

    assert asked.result(PATIENCE_S).middle == b" = 1"
    assert len(model.asked) == 1


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ((1, 1), (1, 1), "e"),
        ((1, 0), (1, 1), ""),
        ((1, 0), (1, 0), "é"),
        ((0, 0), (0, 0), "é"),
        ((2, 0), (2, 0), "é"),
        ((1, 1), (1, 1), "é)"),
        ((0, 0), (9, 0), ""),
    ],
    ids=["another letter", "deletion", "before", "line above", "line below", "closed by the editor", "all gone"],
)
def test_every_other_edit_stops_it(
    server: BytefimServer, model: SteppingModel, start: tuple[int, int], end: tuple[int, int], text: str
) -> None:
    """What it would say belongs to a text that is gone."""
    begin(server, model, "#\nx\nend\n", types.Position(1, 1))
    change(server, start, end, text)

    assert not is_going_on(server)


def test_typing_towards_the_selected_entry_leaves_the_model_at_work(
    server: BytefimServer, model: SteppingModel
) -> None:
    """Every key is asked about anew while the menu is open, and each time the question is the same."""
    assert server.engine is not None
    open_document(server, types.DidOpenTextDocumentParams(types.TextDocumentItem(URI, "plaintext", 1, "re\nend")))
    document = server.documents.find(URI)
    assert document is not None

    def ask(column: int) -> Future[Answer]:
        edges = types.Range(types.Position(0, 0), types.Position(0, column))
        request = server.request_at(document, edges.end)
        popup = types.SelectedCompletionInfo(edges, "result")
        assert server.engine is not None
        return server.engine.submit(take_popup(request, document, popup, encoding=server.documents.encoding))

    newest = ask(2)
    model.step(1)
    for column, character in enumerate("sult", start=2):
        change(server, (0, column), (0, column), character)
        assert is_going_on(server)
        newest = ask(column + 1)
    model.let_all_through()

    assert newest.result(PATIENCE_S).middle == MIDDLE.encode()
    assert model.asked == [b"result"]


def test_edits_before_the_engine_has_started_are_mirrored(model: SteppingModel) -> None:
    """The model is loaded after the reply to `initialize`, and editors do not wait for it."""
    server = build_server(model.worker, settings=PATIENT)
    open_document(server, types.DidOpenTextDocumentParams(types.TextDocumentItem(URI, "plaintext", 1, "a")))
    change(server, (0, 1), (0, 1), "b")
    document = server.documents.find(URI)

    assert document is not None
    assert (document.text, document.version) == (b"ab", 2)


def test_an_edit_that_cannot_be_followed_stops_the_work_and_is_learnt_from(
    server: BytefimServer, model: SteppingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text has changed, whatever fails afterwards."""

    def fail(*_: object) -> None:
        raise RuntimeError

    fates: list[str] = []
    server.uptake = Uptake(lambda fate, n: fates.append(fate))
    begin(server, model, "x", types.Position(0, 1))
    document = server.documents.find(URI)
    assert document is not None
    server.uptake.show(server.request_at(document, types.Position(0, 1)), MIDDLE.encode(), n_document_bytes=1)
    monkeypatch.setattr(server, "request_at", fail)
    edit_document(server, edit((0, 1), (0, 1), MIDDLE))

    assert document.text == b"x" + MIDDLE.encode()
    assert not is_going_on(server)
    assert fates == ["accepted"]
