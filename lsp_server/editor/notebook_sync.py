"""Notebooks that are opened, edited and closed: order and kinds of the cells here, their texts like any document's.

Knows no suggestions. Saving a notebook changes no text, so editors are not asked to tell of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from lsp_server.documents.notebooks import CellMessage
from lsp_server.editor.session import BytefimServer
from lsp_server.editor.text_sync import close_document, edit_document, forget_document, open_document


def open_notebook(ls: BytefimServer, params: types.DidOpenNotebookDocumentParams) -> None:
    """Begin to mirror the cells."""
    _pass_on(ls, ls.notebooks.open(params))


def change_notebook(ls: BytefimServer, params: types.DidChangeNotebookDocumentParams) -> None:
    """Mirror edits of cells, and cells that come, go or move."""
    _pass_on(ls, ls.notebooks.change(params))


def close_notebook(ls: BytefimServer, params: types.DidCloseNotebookDocumentParams) -> None:
    """Stop mirroring the cells."""
    _pass_on(ls, ls.notebooks.close(params))


def forget(ls: BytefimServer, uri: str) -> None:
    """Rather no mirror than a wrong one, of a document or of all cells of a notebook."""
    for document_uri in (uri, *ls.notebooks.forget(uri)):
        forget_document(ls, document_uri)


def _pass_on(ls: BytefimServer, messages: Iterator[CellMessage]) -> None:
    for message in messages:
        if isinstance(message, types.DidOpenTextDocumentParams):
            open_document(ls, message)
        elif isinstance(message, types.DidChangeTextDocumentParams):
            edit_document(ls, message)
        else:
            close_document(ls, message)
