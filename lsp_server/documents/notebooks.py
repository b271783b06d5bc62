"""Which cells each open notebook has, in which order and of which kind; the text of a cell is a document of its own.

So messages about a notebook become the messages that an editor would send about such documents. Knows no texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsprotocol.types import (
    DidChangeNotebookDocumentParams,
    DidChangeTextDocumentParams,
    DidCloseNotebookDocumentParams,
    DidCloseTextDocumentParams,
    DidOpenNotebookDocumentParams,
    DidOpenTextDocumentParams,
    NotebookCell,
    NotebookCellKind,
    NotebookDocumentCellChangeStructure,
    NotebookDocumentFilterWithNotebook,
    NotebookDocumentSyncOptions,
    TextDocumentIdentifier,
)

EVERY_NOTEBOOK = NotebookDocumentSyncOptions([NotebookDocumentFilterWithNotebook(notebook="*")])
"""What is asked of the editor: all notebooks with all their cells."""

CellMessage = DidOpenTextDocumentParams | DidChangeTextDocumentParams | DidCloseTextDocumentParams


class Notebooks:
    """All open notebooks, by their URI exactly as the editor spells it."""

    def __init__(self) -> None:
        self._cells_by_uri: dict[str, list[NotebookCell]] = {}

    def open(self, params: DidOpenNotebookDocumentParams) -> Iterator[CellMessage]:
        """Take over a notebook; what happened to its cells."""
        self._cells_by_uri[params.notebook_document.uri] = list(params.notebook_document.cells)
        return map(DidOpenTextDocumentParams, params.cell_text_documents)

    def change(self, params: DidChangeNotebookDocumentParams) -> Iterator[CellMessage]:
        """Take over a change of order, kinds or texts; what happened to the cells, in the order to apply it."""
        changes = params.change.cells
        if changes is None:
            return
        cells = self._cells_by_uri.get(params.notebook_document.uri)
        if changes.structure is not None:
            if cells is not None:
                _splice(cells, changes.structure)
            yield from map(DidCloseTextDocumentParams, changes.structure.did_close or ())
            yield from map(DidOpenTextDocumentParams, changes.structure.did_open or ())
        if cells is not None:
            changed = {cell.document: cell for cell in changes.data or ()}
            cells[:] = [changed.get(cell.document, cell) for cell in cells]
        for edited in changes.text_content or ():
            yield DidChangeTextDocumentParams(edited.document, edited.changes)

    def close(self, params: DidCloseNotebookDocumentParams) -> Iterator[CellMessage]:
        """Forget a notebook; what happened to its cells."""
        named = [document.uri for document in params.cell_text_documents]
        uris = dict.fromkeys([*named, *self.forget(params.notebook_document.uri)])
        return (DidCloseTextDocumentParams(TextDocumentIdentifier(uri)) for uri in uris)

    def forget(self, uri: str) -> Sequence[str]:
        """As if the notebook had never been opened; the URIs of its cells."""
        return [cell.document for cell in self._cells_by_uri.pop(uri, ())]

    def find_code_before(self, cell_uri: str) -> Sequence[str]:
        """URIs of the code cells before a code cell, in their order; none for any other document."""
        for cells in self._cells_by_uri.values():
            code = [cell.document for cell in cells if cell.kind == NotebookCellKind.Code]
            if cell_uri in code:
                return code[: code.index(cell_uri)]
        return ()


def _splice(cells: list[NotebookCell], structure: NotebookDocumentCellChangeStructure) -> None:
    start = structure.array.start
    cells[start : start + structure.array.delete_count] = structure.array.cells or ()
