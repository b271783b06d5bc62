"""What the user or his editor does by name: commands, and the requests that are the server's own. Knows no model."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from pygls.exceptions import JsonRpcInvalidParams

from lsp_server.editor.ghost_text import ACCEPT_COMMAND
from lsp_server.editor.reading import Json, find_suggestion_id, find_uri
from lsp_server.editor.session import BytefimServer
from lsp_server.suggestion.answer import Answer

_log = logging.getLogger(__name__)


def accept(ls: BytefimServer, *arguments: object) -> None:
    """The editor tells that a suggestion was taken."""
    if (suggestion_id := find_suggestion_id(arguments)) is not None:
        _log.info("accepted id=%s", suggestion_id)
        ls.uptake.accept(suggestion_id)


def toggle(ls: BytefimServer, *arguments: object) -> Json:
    """Off, or on again; the argument true means on, false off."""
    wanted = arguments[0] if arguments else None
    ls.choose(enabled=wanted if isinstance(wanted, bool) else not ls.settings.enabled)
    return {"enabled": ls.settings.enabled}


def restart_model(ls: BytefimServer, *_: object) -> None:
    """Load the model anew."""
    ls.restart_model()


async def select_model(ls: BytefimServer, *arguments: object) -> Json:
    """Load another model, by name or path; without an argument, tell what there is.

    Raises JsonRpcInvalidParams when there is no such model.
    """
    wanted = arguments[0] if arguments else None
    # reads files, and imports for longer than the event loop may stand still
    names, default = await asyncio.to_thread(_look_up, wanted)
    if wanted is not None:
        ls.choose(model=wanted)
    return {"models": names, "current": ls.settings.model or default}


async def pull_model(ls: BytefimServer, *arguments: object) -> Json:
    """Begin to fetch a model of the catalogue; how it goes is told by progress, and its end by a message.

    Raises JsonRpcInvalidParams when there is no such model, and while another is fetched.
    """
    wanted = arguments[0] if arguments else None
    if not isinstance(wanted, str):
        raise JsonRpcInvalidParams(f"{wanted!r} is no model; give a name, as `bytefim models list` shows them.")
    await asyncio.to_thread(_require_known, wanted)
    if ls.pulling.name is not None:
        raise JsonRpcInvalidParams(f"{ls.pulling.name} is being fetched; wait for it, or cancel it.")
    ls.pulling.start(wanted, mirror=ls.settings.models_mirror, proxy=ls.settings.models_proxy)
    return {"model": wanted}


def report_statistics(ls: BytefimServer, *_: object) -> Json:
    """What was counted on this machine."""
    return ls.statistics.read()


def explain_last(ls: BytefimServer, *arguments: object) -> Json:
    """The last decision for a document, or of all; the argument is a URI, parameters that name one, or nothing."""
    first = arguments[0] if arguments else None
    uri = first if isinstance(first, str) else find_uri(first)
    answer = ls.engine.find_last_answer(uri) if ls.engine else None
    return (answer or Answer(outcome="empty", reason="nothing was asked yet for this document")).as_json()


def digest_document(ls: BytefimServer, params: object) -> Json:
    """What the mirror holds. Raises JsonRpcInvalidParams for a document that is not open."""
    uri = find_uri(params)
    if uri is None or (document := ls.documents.find(uri)) is None:
        raise JsonRpcInvalidParams(f"document {uri} is not open; send textDocument/didOpen first")
    return {"version": document.version, "n_bytes": document.n_bytes, "sha256": document.digest()}


COMMANDS: Mapping[str, Callable[..., object]] = {
    ACCEPT_COMMAND: accept,
    "bytefim.toggle": toggle,
    "bytefim.restartModel": restart_model,
    "bytefim.selectModel": select_model,
    "bytefim.pullModel": pull_model,
    "bytefim.statistics": report_statistics,
    "bytefim.why": explain_last,
}


def _require_known(name: str) -> None:
    from byte_fim.errors import ModelError
    from lsp_server.store.catalog import read_catalog

    try:
        read_catalog().require(name)
    except ModelError as error:
        raise JsonRpcInvalidParams(str(error)) from error


def _look_up(wanted: object) -> tuple[list[str], str]:
    """Names of the models that can be chosen, and of the default."""
    from byte_fim.errors import ModelError
    from lsp_server.store.catalog import find_model, read_catalog

    if wanted is not None and not isinstance(wanted, str):
        raise JsonRpcInvalidParams(f"{wanted!r} is no model; give a name or a path.")
    try:
        catalog = read_catalog()
        if wanted is not None:
            find_model(wanted, catalog=catalog)
    except ModelError as error:
        raise JsonRpcInvalidParams(str(error)) from error
    return [entry.name for entry in catalog.entries if catalog.find_file(entry)], catalog.default
