"""One question of an editor, as a frozen value: what to continue, and where the answer goes.

Knows nothing of documents, models, suggestions or time; position.py makes it of a document and a position.
"""

from __future__ import annotations

from dataclasses import dataclass


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


def with_line_feeds(text: bytes) -> bytes:
    """The text with every line break as `\\n`."""
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
