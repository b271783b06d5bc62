"""What editor and server agree on: encoding, settings, folders, and how suggestions are asked for.

Settings come three ways: with `initialize`, by being asked for, and in notifications. Knows no documents, no model.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.editor.reading import Json
from lsp_server.editor.session import BytefimServer
from lsp_server.editor.suggestions import complete_in_menu
from lsp_server.settings import DECLARED, SECTION

TOO_LATE = "setting completion_fallback takes effect when the server is started again"

_log = logging.getLogger(__name__)


def initialize(ls: BytefimServer, params: types.InitializeParams) -> None:
    """Settle what the reply depends on; the model is loaded once the reply is out."""
    offered = params.capabilities
    ls.documents.encoding = types.PositionEncodingKind(ls.workspace.position_encoding).value
    ls.roots = tuple(folder.uri for folder in params.workspace_folders or [])
    warnings = ls.configuration.begin(params.initialization_options)
    if ls.settings.completion_fallback and _may_use_menu(offered):
        ls.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions())(complete_in_menu)
    loop = asyncio.get_running_loop()
    loop.call_soon(ls.warn, (*ls.complaints, *warnings))
    loop.call_soon(ls.start_engine)


async def initialized(ls: BytefimServer, _: types.InitializedParams) -> None:
    """From now on the editor may be asked for things."""
    window = ls.client_capabilities.window
    if window and window.work_done_progress:
        ls.show_progress()
    offered = ls.client_capabilities.workspace
    if offered and offered.did_change_configuration and offered.did_change_configuration.dynamic_registration:
        wanted = types.Registration("bytefim/settings", types.WORKSPACE_DID_CHANGE_CONFIGURATION, {"section": SECTION})
        # a refusal is no harm: then it does not tell of changes
        ls.client_register_capability(types.RegistrationParams([wanted]))
    await _pull(ls)


async def change_settings(ls: BytefimServer, params: types.DidChangeConfigurationParams) -> None:
    """The payload when it names us; otherwise the editor is asked, if it can be.

    Of an editor that can not, what has the names of our settings; the rest is the business of others, and no complaint.
    """
    payload = cast(object, params.settings)
    if not isinstance(payload, Mapping):
        await _pull(ls)
    elif SECTION in payload:
        _take(ls, cast(object, payload))
    elif _may_pull(ls):
        await _pull(ls)
    else:
        _take(ls, {name: value for name, value in cast(Json, payload).items() if name in DECLARED})


def change_folders(ls: BytefimServer, params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Folders were added to the workspace or removed from it."""
    removed = {folder.uri for folder in params.event.removed}
    added = tuple(folder.uri for folder in params.event.added)
    kept = tuple(uri for uri in ls.roots if uri not in removed and uri not in added)
    ls.roots = kept + added


def cancel_progress(ls: BytefimServer, params: types.WorkDoneProgressCancelParams) -> None:
    """The user does not want to wait for the model, or for one that is fetched."""
    if ls.pulling.progress.is_about(params.token):
        ls.pulling.stop()
    if ls.engine is not None and ls.progress_of_loading.is_about(params.token):
        ls.engine.stop_loading()


async def _pull(ls: BytefimServer) -> None:
    if not _may_pull(ls):
        return
    asked = types.ConfigurationParams([types.ConfigurationItem(section=SECTION)])
    try:
        reply = cast(object, await ls.workspace_configuration_async(asked))
    except JsonRpcException as error:
        _log.warning("the editor does not tell its settings: %s", type(error).__name__)
        return
    sections = cast(list[object], reply) if isinstance(reply, list) else []
    if sections:  # null: nothing is set any more
        _take(ls, sections[0] or {})


def _take(ls: BytefimServer, options: object) -> None:
    before = ls.settings
    ls.configure(options)
    if ls.settings.completion_fallback and not before.completion_fallback and _may_use_menu(ls.client_capabilities):
        _log.warning(TOO_LATE)


def _may_pull(ls: BytefimServer) -> bool:
    offered = ls.client_capabilities.workspace
    return bool(offered and offered.configuration)


def _may_use_menu(offered: types.ClientCapabilities) -> bool:
    """Never two ways at once: the same suggestion would be shown twice."""
    return offered.text_document is None or offered.text_document.inline_completion is None
