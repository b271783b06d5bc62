"""A document and a position in it become a `CompletionRequest`.

Prefix and suffix have `\\n` line breaks whatever the document has, since models are trained on these. Places and
lengths are counted in the document as it is. Knows nothing of models, suggestions or time.
"""

from __future__ import annotations

from lsprotocol.types import Position

from lsp_server.documents import Document, PositionEncoding, character_end, character_start, units_before
from lsp_server.request import CompletionRequest, with_line_feeds


def build_request(
    document: Document,
    position: Position,
    *,
    encoding: PositionEncoding,
    n_prefix_bytes: int,
    n_suffix_bytes: int,
) -> CompletionRequest:
    """What to complete at a position; prefix and suffix are shortened to these lengths, at line starts."""
    place = document.place_at(position, encoding=encoding)
    text = document.line_text(place.line)
    start, end = character_start(text, place.column_bytes), character_end(text, place.column_bytes)
    before, after = document.split_at(place)
    return CompletionRequest(
        uri=document.uri,
        version=document.version,
        language=document.language,
        prefix=with_line_feeds(_keep_end(before, n_prefix_bytes)),
        suffix=with_line_feeds(_keep_start(after[end - place.column_bytes :], n_suffix_bytes)),
        cursor_offset_bytes=len(before),
        line=place.line,
        replace_start=units_before(text, start, encoding=encoding),
        replace_end=units_before(text, end, encoding=encoding),
        replaced=text[start:end],
        n_replaced_before_cursor=place.column_bytes - start,
    )


def _keep_end(text: bytes, n_bytes: int) -> bytes:
    if len(text) <= n_bytes:
        return text
    # in steps of a quarter, so that typing does not move the start, and what was evaluated stays of use
    step = max(1, n_bytes // 4)
    start = -(-(len(text) - n_bytes) // step) * step
    line_start = text.find(b"\n", start - 1) + 1
    return text[line_start if 0 < line_start < len(text) else character_end(text, start) :]


def _keep_start(text: bytes, n_bytes: int) -> bytes:
    if len(text) <= n_bytes:
        return text
    line_end = text.rfind(b"\n", 0, n_bytes) + 1
    return text[: line_end or character_start(text, n_bytes)]
