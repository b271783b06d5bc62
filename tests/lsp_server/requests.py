"""Requests for the tests: what an editor would ask at the end of a text. Knows no engine and no server."""

from __future__ import annotations

from lsp_server.documents.request import CompletionRequest

URI = "file:///a.py"
OTHER = "file:///b.py"
END = b"\nend\n"
"""What stands after the cursor, where it does not matter what."""


def ask(
    prefix: bytes = b"resu",
    suffix: bytes = END,
    *,
    uri: str = URI,
    version: int = 1,
    cursor_offset_bytes: int | None = None,
    replaced: bytes = b"",
    selected: bytes = b"",
) -> CompletionRequest:
    """A question at the end of `prefix`; with `replaced`, behind the first byte of that character.

    `cursor_offset_bytes` is where `prefix` ends, unless the document has more before it.
    """
    column = len(prefix) - prefix.rfind(b"\n") - 1
    return CompletionRequest(
        uri=uri,
        version=version,
        language="python",
        prefix=prefix,
        suffix=suffix,
        cursor_offset_bytes=len(prefix) if cursor_offset_bytes is None else cursor_offset_bytes,
        line=prefix.count(b"\n"),
        replace_start=column,
        replace_end=column,
        replaced=replaced,
        n_replaced_before_cursor=1 if replaced else 0,
        selected=selected,
    )
