"""A document and a position become a frozen `CompletionRequest`: what to continue, and where the answer goes.

Prefix and suffix have `\\n` line breaks whatever the document has, since models are trained on these. Places and
lengths are counted in the document as it is. Knows nothing of models, suggestions or time.
"""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol.types import Position

from lsp_server.documents import Document, PositionEncoding, character_end, character_start, units_before


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRequest:
    """One question: what stands between `prefix` and `suffix`?"""

    uri: str
    version: int
    language: str
    prefix: bytes
    """up to the cursor; ends inside a character when the cursor stands there"""
    suffix: bytes
    """from the cursor on, without the rest of a character in which the cursor stands"""
    cursor_offset_bytes: int
    line: int
    replace_start: int
    """column, in units of the negotiated encoding, where the suggestion's range begins"""
    replace_end: int
    """equal to `replace_start`, unless the cursor stands inside a character: then the range is that character"""
    replaced: bytes = b""
    """the character in which the cursor stands"""
    n_replaced_before_cursor: int = 0

    @property
    def partial_character(self) -> bytes:
        """The bytes before the cursor of the character in which it stands."""
        return self.replaced[: self.n_replaced_before_cursor]


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


def with_line_feeds(text: bytes) -> bytes:
    """The text with every line break as `\\n`."""
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text


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
