"""Paths in the URIs of documents. Knows no files and no editor."""

from __future__ import annotations

import re
from urllib.parse import unquote

_SCHEME_AND_HOST = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:(//[^/]*)?")
_BEFORE_DRIVE = re.compile(r"^/(?=[A-Za-z]:)")


def path_of(uri: str) -> str:
    """What stands for a path in a URI, of whatever scheme; with forward slashes, `C:/a` on Windows."""
    path = _SCHEME_AND_HOST.sub("", re.split("[?#]", uri, maxsplit=1)[0])
    return _BEFORE_DRIVE.sub("", unquote(path)).replace("\\", "/")
