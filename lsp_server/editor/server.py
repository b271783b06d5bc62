"""What the server offers to editors: which message is handled by what. Knows nothing of how."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import cast

from lsprotocol import types

from lsp_server.editor import commands, handshake, notebook_sync, suggestions, text_sync, told
from lsp_server.editor.protocol import OWN_INLINE_COMPLETION, BytefimProtocol
from lsp_server.editor.session import BytefimServer, MakeWorker
from lsp_server.settings import DEFAULTS, Settings

HANDLERS: Mapping[str, Callable[..., object]] = {
    types.INITIALIZE: handshake.initialize,
    types.INITIALIZED: handshake.initialized,
    types.WORKSPACE_DID_CHANGE_CONFIGURATION: handshake.change_settings,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: handshake.change_folders,
    types.TEXT_DOCUMENT_DID_OPEN: text_sync.open_document,
    types.TEXT_DOCUMENT_DID_CHANGE: text_sync.edit_document,
    types.TEXT_DOCUMENT_DID_CLOSE: text_sync.close_document,
    types.NOTEBOOK_DOCUMENT_DID_OPEN: notebook_sync.open_notebook,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE: notebook_sync.change_notebook,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE: notebook_sync.close_notebook,
    types.WINDOW_WORK_DONE_PROGRESS_CANCEL: handshake.cancel_progress,
    OWN_INLINE_COMPLETION: suggestions.complete_inline_untyped,
    "bytefim/documentDigest": commands.digest_document,
    "bytefim/why": commands.explain_last,
    **told.NOTIFICATIONS,
}


def build_server(make_worker: MakeWorker, *, settings: Settings = DEFAULTS) -> BytefimServer:
    """The server with everything it offers; the worker loads its model after `initialize`."""
    # pygls logs whole messages, hence source text, and as errors what we answer ourselves
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
    server = BytefimServer(make_worker, settings)
    # without an options object pygls does not advertise the capability
    inline = server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    inline(suggestions.complete_inline)
    for method, handler in HANDLERS.items():
        server.feature(method)(handler)
    for name, command in commands.COMMANDS.items():
        server.command(name)(command)
    cast(BytefimProtocol, server.protocol).on_unreadable_change = partial(notebook_sync.forget, server)
    return server
