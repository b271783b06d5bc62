"""Requests for suggestions and how they are answered: with nothing, with what the engine says, never with an error.

Editors show errors of these requests as popups, ignore `null`, and take the ghost text away for an empty list. So what
something newer has made void is `null`, and whatever else has come to nothing is empty. Knows no model.
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import cast

from lsprotocol import types

from lsp_server.context.chunks import NOT_TRAINED
from lsp_server.documents.documents import Document
from lsp_server.documents.popup import Contradiction, take_popup
from lsp_server.documents.request import CompletionRequest
from lsp_server.editor.ghost_text import build_item, offered_text
from lsp_server.editor.menu import build_entry
from lsp_server.editor.reading import Json, read_inline_params
from lsp_server.editor.session import BytefimServer
from lsp_server.editor.switches import find_switch
from lsp_server.engine.engine import Engine
from lsp_server.suggestion.answer import Answer

NOT_TYPED = "the entry selected in the editor's menu is not what is being typed"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    document: Document
    position: types.Position
    is_invoked: bool = False
    popup: types.SelectedCompletionInfo | None = None


@dataclass(frozen=True, slots=True)
class _Suggestion:
    request: CompletionRequest
    document: Document
    text: str
    id: str


async def complete_inline(ls: BytefimServer, params: types.InlineCompletionParams) -> types.InlineCompletionList | None:
    """`textDocument/inlineCompletion`."""
    if (document := ls.documents.find(params.text_document.uri)) is None:
        return types.InlineCompletionList([])
    context = params.context
    question = _Question(
        document=document,
        position=params.position,
        is_invoked=context.trigger_kind == types.InlineCompletionTriggerKind.Invoked,
        popup=context.selected_completion_info,
    )
    if (found := await _suggest(ls, question)) is None:
        return None
    return types.InlineCompletionList([build_item(one.request, one.text, suggestion_id=one.id) for one in found])


async def complete_inline_untyped(ls: BytefimServer, params: object) -> types.InlineCompletionList | None:
    """The same for clients that know LSP without inline completion."""
    try:
        typed = read_inline_params(cast(Json, params))
    except (KeyError, TypeError, ValueError):
        return types.InlineCompletionList([])
    return await complete_inline(ls, typed)


async def complete_in_menu(ls: BytefimServer, params: types.CompletionParams) -> types.CompletionList | None:
    """`textDocument/completion`, for editors that know no inline completion."""
    found: Sequence[_Suggestion] | None = []
    if (document := ls.documents.find(params.text_document.uri)) is not None:
        found = await _suggest(ls, _Question(document=document, position=params.position))
    if found is None:
        return None
    encoding = ls.documents.encoding
    entries = [
        build_entry(one.request, one.document, one.text, suggestion_id=one.id, encoding=encoding) for one in found
    ]
    return types.CompletionList(is_incomplete=True, items=entries)


async def _suggest(ls: BytefimServer, question: _Question) -> Sequence[_Suggestion] | None:
    """What to offer, at most one; None when something newer has made the question void."""
    try:
        return await _ask(ls, question)
    except Exception as error:  # the rim: clients show errors of this request as popups
        # without its message, which may hold source text
        where = "".join(traceback.format_tb(error.__traceback__))
        _log.error("a suggestion failed: %s\n%s", type(error).__name__, where)
        return []


async def _ask(ls: BytefimServer, question: _Question) -> Sequence[_Suggestion] | None:
    if (engine := ls.engine) is None:
        return []
    asked_s, document = time.monotonic(), question.document
    ls.renewal.call_off()
    request, answered = _submit(ls, engine, question)
    try:
        with ls.busy.working():
            answer = await asyncio.wrap_future(answered)
    except asyncio.CancelledError:
        engine.cancel(request)
        raise
    if answer.context_reason == NOT_TRAINED:
        ls.model_takes_files = False
    ls.renewal.plan(request, answer, engine, ls.roots)
    # an edit may have come between the answer and this line
    is_current = ls.documents.find(request.uri) is document and document.version == request.version
    if answer.outcome == "superseded" or not is_current:
        return None
    text = offered_text(request, answer.middle) if answer.outcome == "shown" else ""
    if not text:
        return []
    suggestion_id, is_new = ls.uptake.show(request, answer.middle, n_document_bytes=document.n_bytes)
    if is_new:
        ls.statistics.count("shown")
    ls.statistics.time(1000 * (time.monotonic() - asked_s))
    return [_Suggestion(request, document, text, suggestion_id)]


def _submit(ls: BytefimServer, engine: Engine, question: _Question) -> tuple[CompletionRequest, Future[Answer]]:
    request = replace(ls.request_at(question.document, question.position), is_invoked=question.is_invoked)
    if question.popup is not None:
        try:
            request = take_popup(request, question.document, question.popup, encoding=ls.documents.encoding)
        except Contradiction:
            return request, engine.refuse(request, reason=NOT_TYPED)
    # what the user has asked for and sees stays while he types it
    goes_on = ls.uptake.goes_on(request, n_document_bytes=question.document.n_bytes)
    if not goes_on and (reason := find_switch(request, ls.settings)) is not None:
        return request, engine.refuse(request, reason=reason)
    return request, engine.submit(request)
