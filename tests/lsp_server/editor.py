"""What an editor says to the server, and what it reads in the replies; with a document of its own. Knows no fakes."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.lsp_server.conftest import RunningServer

URI = "file:///w/a.py"
INLINE = "textDocument/inlineCompletion"
CANCELLED = -32800
"""The code of LSP for a request that the client has cancelled."""


def at(line: int, character: int, uri: str = URI) -> dict[str, Any]:
    position = {"line": line, "character": character}
    return {"textDocument": {"uri": uri}, "position": position, "context": {"triggerKind": 2}}


def change(server: RunningServer, version: int, *changes: object) -> None:
    document = {"uri": URI, "version": version}
    server.client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})


def edit(start: tuple[int, int], end: tuple[int, int], text: str) -> dict[str, Any]:
    (line, character), (end_line, end_character) = start, end
    edges = {
        "start": {"line": line, "character": character},
        "end": {"line": end_line, "character": end_character},
    }
    return {"range": edges, "text": text}


def digest(server: RunningServer) -> dict[str, Any]:
    return server.client.ask("bytefim/documentDigest", {"textDocument": {"uri": URI}})


def digest_of(text: str, version: int) -> dict[str, Any]:
    utf8 = text.encode()
    return {"version": version, "n_bytes": len(utf8), "sha256": hashlib.sha256(utf8).hexdigest()}


def suggestion(server: RunningServer, line: int, character: int) -> tuple[str, tuple[int, int, int, int]]:
    """Text and range of the one item."""
    (item,) = server.client.ask(INLINE, at(line, character))["items"]
    start, end = item["range"]["start"], item["range"]["end"]
    return item["insertText"], (start["line"], start["character"], end["line"], end["character"])
