"""Which open documents are shown to the model beside the one it is asked about, and what of them.

Only files of the same workspace folder, and none that git ignores or that look secret (privacy.py). What was chosen
for a document stays while it is typed in, since every other choice has to be evaluated anew. Documents come from the
editor: nothing is read from disk but `.gitignore` files. Knows no model and no protocol.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from posixpath import normpath

from lsp_server.context.chunks import CHUNK_LINES, LOOKED_AT_BYTES, Neighbour, choose_chunks
from lsp_server.context.privacy import IgnoreRules, is_secret
from lsp_server.documents.documents import Document, Documents
from lsp_server.documents.request import CompletionRequest, with_line_feeds
from lsp_server.documents.uris import path_of

MOST_NEIGHBOURS = 8  # documents used last; who has more open does not work on all of them
_LOOKED_AT = 64  # documents used last; asking whether git ignores ten thousand would hold up the editor
_JUMP_LINES = 32  # whoever moves further than this at one time is working on something else
_HOST = re.compile(r"file://(?!localhost/)[^/]")
_AROUND_BYTES = (1200, 400)  # before and after the cursor: what the chunks are to be like

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kept:
    line: int
    """where the cursor was last"""
    chosen: CompletionRequest
    """for which the context was chosen"""
    proposed: CompletionRequest | None = None
    """with what is to be shown once it has been evaluated"""


class Gathering:
    """The choices for each document. Belongs to the thread that owns the documents."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._kept: dict[str, _Kept] = {}

    def surround(
        self,
        request: CompletionRequest,
        roots: Iterable[str],
        *,
        is_warm: Callable[[CompletionRequest], bool] = lambda proposed: False,
    ) -> CompletionRequest:
        """The request with what is shown of other documents; `roots` are the URIs of the workspace's folders.

        `is_warm` tells of what was proposed whether it has been evaluated; from then on it is what is shown. Nothing is
        shown when files or paths are such that it cannot be told which of them are private.
        """
        kept = self._kept.get(request.uri)
        if kept is None or abs(request.line - kept.line) > _JUMP_LINES:
            kept = self._kept[request.uri] = _Kept(request.line, self._choose(request, roots))
        kept.line = request.line
        if kept.proposed is not None and is_warm(kept.proposed):
            kept.chosen, kept.proposed = kept.proposed, None
        chosen = kept.chosen
        return replace(request, repository=chosen.repository, path=chosen.path, context=chosen.context)

    def renew(self, request: CompletionRequest, roots: Iterable[str]) -> CompletionRequest | None:
        """A proposal: the request with what would be chosen for it by now; None when that is what is shown already."""
        if (kept := self._kept.get(request.uri)) is None:
            return None
        proposed = self._choose(request, roots)
        kept.proposed = None if proposed.context == kept.chosen.context else proposed
        return kept.proposed

    def forget(self, uri: str) -> None:
        """The document is closed: for the others, what was chosen of it is chosen anew."""
        self._kept.pop(uri, None)
        path = path_of(uri)
        for other, kept in list(self._kept.items()):
            shown = (*kept.chosen.context, *(kept.proposed.context if kept.proposed else ()))
            if any(path.endswith("/" + chunk.path) for chunk in shown):
                del self._kept[other]

    def _choose(self, request: CompletionRequest, roots: Iterable[str]) -> CompletionRequest:
        found = _find_root(request.uri, roots)
        if found is None:
            return replace(request, repository="", path="", context=())
        root, path = found
        around = request.prefix[-_AROUND_BYTES[0] :] + request.suffix[: _AROUND_BYTES[1]]
        try:
            chunks = choose_chunks(list(self._neighbours(request.uri, root)), around)
        except (OSError, ValueError) as error:  # folders nobody may enter, paths no file can have
            _log.warning("no other file is shown: %s", type(error).__name__)
            chunks = ()
        return replace(request, repository=root.rpartition("/")[2], path=path, context=chunks)

    def _neighbours(self, uri: str, root: str) -> Iterator[Neighbour]:
        rules = IgnoreRules(Path(root))
        n_found = 0
        for document in islice(self._documents, _LOOKED_AT):
            path = _path_below(root, document.uri)
            if document.uri == uri or path is None or is_secret(path) or rules.ignores(path):
                continue
            yield _neighbour(path, document)
            n_found += 1
            if n_found == MOST_NEIGHBOURS:
                return


def _neighbour(path: str, document: Document) -> Neighbour:
    top = document.read(0, LOOKED_AT_BYTES)
    if len(top) < document.n_bytes:
        top = top[: top.rfind(b"\n") + 1]
    edited = b""
    if document.edited_line is not None:
        first = max(0, document.edited_line - CHUNK_LINES // 2)
        edited = document.read_lines(first, first + CHUNK_LINES)
    return Neighbour(path, with_line_feeds(top), with_line_feeds(edited))


def _find_root(uri: str, roots: Iterable[str]) -> tuple[str, str] | None:
    """The innermost folder that holds a document, and the document's path in it."""
    below = [(root, path) for root in map(_folder_of, roots) if (path := _path_below(root, uri)) is not None]
    return max(below, key=lambda found: len(found[0]), default=None)


def _folder_of(root: str) -> str:
    # of a folder on another machine, as Windows names them, the .gitignore files would be looked for on this one
    return "" if _HOST.match(root) else path_of(root).rstrip("/")


def _path_below(root: str, uri: str) -> str | None:
    path = normpath(path_of(uri))  # `..` leads out of the folder
    return path[len(root) + 1 :] if uri.startswith("file:") and root and path.startswith(root + "/") else None
