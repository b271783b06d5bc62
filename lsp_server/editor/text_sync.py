"""Documents that are opened, edited and closed: the mirror first, then whoever works on their text.

Edits that type what is being generated leave the work alone; all others stop it. What became of the suggestion on
display is learnt from them (uptake.py). Asks for no suggestion and shows none. An edit that fails costs the mirror of
its document: rather no mirror than a wrong one.
"""

from __future__ import annotations

import logging

from lsprotocol import types

from lsp_server.documents.documents import Document
from lsp_server.documents.popup import keep_popup
from lsp_server.documents.request import CompletionRequest
from lsp_server.editor.session import BytefimServer

_log = logging.getLogger(__name__)


def open_document(ls: BytefimServer, params: types.DidOpenTextDocumentParams) -> None:
    """Begin to mirror."""
    opened = params.text_document
    if ls.engine is not None:
        ls.engine.wake()  # soon somebody will ask
        ls.engine.supersede(opened.uri, reason="the document was opened again")
    ls.uptake.end(opened.uri)
    ls.documents.open(Document(opened.uri, opened.text, language=str(opened.language_id), version=opened.version))


def edit_document(ls: BytefimServer, params: types.DidChangeTextDocumentParams) -> None:
    """Mirror edits, and learn from them what became of the suggestion that was shown."""
    uri = params.text_document.uri
    try:
        change_document(ls, params)
        if (document := ls.documents.find(uri)) is not None:
            ls.uptake.edit(uri, n_document_bytes=document.n_bytes, read=document.read)
    except Exception as error:  # of a notebook's cells the others are still to be edited
        _log.error("an edit failed, its document is not mirrored any longer: %s", type(error).__name__)
        forget_document(ls, uri)


def change_document(ls: BytefimServer, params: types.DidChangeTextDocumentParams) -> None:
    """Mirror edits; what was asked about the text before them is void, unless they type what is being generated."""
    uri, engine = params.text_document.uri, ls.engine
    document = ls.documents.find(uri)
    followed = engine.find_followed(uri) if engine is not None else None
    if engine is not None:
        engine.wake()
    n_bytes_before = document.n_bytes if document is not None and followed is not None else 0
    ls.documents.change(uri, params.content_changes, version=params.text_document.version)
    if engine is None:
        return
    if document is None or followed is None:
        engine.supersede(uri, reason="the document changed")
        return
    # typing moves the cursor by what it adds; whatever else an edit is, it contradicts what runs
    offset_bytes = followed.cursor_offset_bytes + document.n_bytes - n_bytes_before
    try:
        continued = _follow(ls, document, followed, offset_bytes)
    except Exception as error:  # the mirror is right, and what runs is about another text
        _log.error("an edit could not be followed: %s", type(error).__name__)
        engine.supersede(uri, reason="the document changed")
        return
    engine.change(continued)


def close_document(ls: BytefimServer, params: types.DidCloseTextDocumentParams) -> None:
    """Stop mirroring."""
    forget_document(ls, params.text_document.uri)


def forget_document(ls: BytefimServer, uri: str) -> None:
    """Rather no mirror than a wrong one."""
    ls.documents.close(uri)
    ls.gathering.forget(uri)
    ls.uptake.end(uri)
    if ls.engine is not None:
        ls.engine.forget(uri)


def _follow(ls: BytefimServer, document: Document, followed: CompletionRequest, offset_bytes: int) -> CompletionRequest:
    """What would be asked now, with the cursor there."""
    continued = ls.request_at(document, document.position_at(offset_bytes, encoding=ls.documents.encoding))
    if not followed.selected:
        return continued
    return keep_popup(continued, followed, typed=document.read(followed.cursor_offset_bytes, offset_bytes))
