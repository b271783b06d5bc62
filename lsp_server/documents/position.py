"""A document and a position in it become a `CompletionRequest`.

Prefix and suffix have `\\n` line breaks whatever the document has, since models are trained on these. Places and
lengths are counted in the document as it is, and only what is kept of it is read. Knows nothing of models,
suggestions or time.
"""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol.types import Position

from lsp_server.documents.documents import Document
from lsp_server.documents.request import CompletionRequest, with_line_feeds
from lsp_server.documents.text import PositionEncoding, character_end, character_start

SURROUNDINGS_BYTES = 1 << 18  # of the document beyond what the model is shown, on either side
_SURROUNDINGS_STEP_BYTES = 1 << 16


def build_request(
    document: Document,
    position: Position,
    *,
    encoding: PositionEncoding,
    n_prefix_bytes: int,
    n_suffix_bytes: int,
    cells_before: Sequence[Document] = (),
) -> CompletionRequest:
    """What to complete at a position; prefix and suffix are shortened to these lengths, at line starts.

    The prefix of a notebook's cell begins with the cells before it.
    """
    cursor_bytes = document.offset_at(position, encoding=encoding)
    start_bytes, end_bytes = document.character_at(cursor_bytes)
    start = document.position_at(start_bytes, encoding=encoding)
    prefix = _read_prefix(document, cursor_bytes, n_prefix_bytes, cells_before=cells_before)
    suffix = _read_suffix(document, end_bytes, n_suffix_bytes)
    prefix_start, suffix_end = cursor_bytes - len(prefix), end_bytes + len(suffix)
    n_not_above = _in_steps(prefix_start - SURROUNDINGS_BYTES)
    n_not_below = _in_steps(document.n_bytes - suffix_end - SURROUNDINGS_BYTES)
    return CompletionRequest(
        uri=document.uri,
        version=document.version,
        language=document.language,
        prefix=with_line_feeds(prefix),
        suffix=with_line_feeds(suffix),
        above=with_line_feeds(document.read(n_not_above, prefix_start)),
        below=with_line_feeds(document.read(suffix_end, document.n_bytes - n_not_below)),
        cursor_offset_bytes=cursor_bytes,
        line=start.line,
        replace_start=start.character,
        replace_end=document.position_at(end_bytes, encoding=encoding).character,
        replaced=document.read(start_bytes, end_bytes),
        n_replaced_before_cursor=cursor_bytes - start_bytes,
    )


def _in_steps(n_bytes: int) -> int:
    """So that typing moves the edges of the surroundings rarely, and little of them is parsed anew."""
    return -(-max(0, n_bytes) // _SURROUNDINGS_STEP_BYTES) * _SURROUNDINGS_STEP_BYTES


def _read_prefix(document: Document, cursor_bytes: int, n_bytes: int, *, cells_before: Sequence[Document]) -> bytes:
    cells = [cell for cell in cells_before if cell.n_bytes]
    n_all_bytes = cursor_bytes + sum(cell.n_bytes + len(_behind(cell)) for cell in cells)
    if n_all_bytes <= n_bytes:
        return _read_end(document, cursor_bytes, n_all_bytes, cells=cells)
    # in steps of a quarter, so that typing does not move the start, and what was evaluated stays of use
    step = max(1, n_bytes // 4)
    start = -(-(n_all_bytes - n_bytes) // step) * step
    # one byte more, since a line may begin right there
    text = _read_end(document, cursor_bytes, n_all_bytes - (start - 1), cells=cells)
    line_start = text.find(b"\n") + 1
    return text[line_start if 0 < line_start < len(text) else character_end(text, 1) :]


def _read_end(document: Document, cursor_bytes: int, n_bytes: int, *, cells: Sequence[Document]) -> bytes:
    """The last bytes of the cells, joined, and of what is before the cursor."""
    parts = [document.read(cursor_bytes - n_bytes, cursor_bytes)]
    n_left_bytes = n_bytes - len(parts[0])
    for cell in reversed(cells):
        if n_left_bytes <= 0:
            break
        end = cell.read(cell.n_bytes - n_left_bytes, cell.n_bytes) + _behind(cell)
        parts.append(end[-n_left_bytes:])
        n_left_bytes -= len(parts[-1])
    return b"".join(reversed(parts))


def _behind(cell: Document) -> bytes:
    """What makes a blank line between a cell and the next."""
    return b"\n" if cell.read(cell.n_bytes - 1, cell.n_bytes) == b"\n" else b"\n\n"


def _read_suffix(document: Document, start_bytes: int, n_bytes: int) -> bytes:
    text = document.read(start_bytes, start_bytes + n_bytes + 1)
    if len(text) <= n_bytes:
        return text
    line_end = text.rfind(b"\n", 0, n_bytes) + 1
    return text[: line_end or character_start(text, n_bytes)]
