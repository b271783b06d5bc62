"""Where the user wants no suggestions unless he asks for one. Knows no editor and no model.

Nothing is muted but what a setting names: no kind of file is guessed to be private or uninteresting.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from lsp_server.documents.request import CompletionRequest
from lsp_server.documents.uris import path_of
from lsp_server.settings import Settings

_DRIVE = re.compile(r"^[A-Za-z]:(?=/)")


def find_switch(request: CompletionRequest, settings: Settings) -> str | None:
    """Why nothing is to be suggested here, for people; None where nothing is switched off."""
    if request.is_invoked:
        return None
    if request.language in settings.languages_off:
        return f"switched off for language {request.language} (setting languages_off)"
    path = path_of(request.uri) if settings.files_off else ""
    for pattern in settings.files_off:
        if _matches(path, pattern):
            return f"switched off for files like {pattern} (setting files_off)"
    return None


def _matches(path: str, pattern: str) -> bool:
    """A pattern without a slash is about the file's name, wherever it lies; one with a slash about the end of its path.

    Globs as in shells, except that `*` also takes slashes. On Windows backslashes are slashes, too.
    """
    if _DRIVE.match(path):
        path, pattern = (_DRIVE.sub(_lower, text.replace("\\", "/")) for text in (path, pattern))
    if "/" not in pattern:
        return fnmatchcase(path.rpartition("/")[2], pattern)
    return fnmatchcase(path, pattern) or fnmatchcase(path, "*/" + pattern.removeprefix("/"))


def _lower(drive: re.Match[str]) -> str:
    # editors and people write it either way
    return drive[0].lower()
