"""One question of an editor, as a frozen value: what to continue, and where the answer goes.

Knows nothing of documents, models, suggestions or time; position.py makes it of a document and a position.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContextChunk:
    """Some lines of another file."""

    path: str
    """from the root of the repository, with forward slashes"""
    text: bytes
    """with `\\n` line breaks"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRequest:
    """One question: what stands between `prefix` and `suffix`?"""

    uri: str
    version: int
    language: str
    prefix: bytes
    """up to the cursor, and `selected`; ends inside a character when the cursor stands there"""
    suffix: bytes
    """from the cursor on, without the rest of a character in which the cursor stands"""
    above: bytes = b""
    """the document before `prefix`, which the model is not shown but syntax needs; of a large one, what is near"""
    below: bytes = b""
    """the document after `suffix`, likewise"""
    cursor_offset_bytes: int
    line: int
    replace_start: int
    """column, in units of the negotiated encoding, where the suggestion's range begins"""
    replace_end: int
    """equal to `replace_start`, unless the cursor stands inside a character, which then is the range, or `popup`"""
    replaced: bytes = b""
    """the character in which the cursor stands"""
    n_replaced_before_cursor: int = 0
    is_invoked: bool = False
    """the user asked for it, rather than the editor at a key press"""
    popup: bytes = b""
    """text of the entry that is selected in the editor's completion menu: the suggestion begins with it and takes its
    range"""
    selected: bytes = b""
    """what of `popup` is not typed yet; `prefix` ends with it, beyond the cursor"""
    repository: str = ""
    """name of the workspace's folder that holds the document"""
    path: str = ""
    """of the document in that folder, with forward slashes; empty when no folder holds it"""
    context: tuple[ContextChunk, ...] = ()
    """what may be shown of other documents, the best first"""

    @property
    def partial_character(self) -> bytes:
        """The bytes before the cursor of the character in which it stands."""
        return self.replaced[: self.n_replaced_before_cursor]


def with_line_feeds(text: bytes) -> bytes:
    """The text with every line break as `\\n`."""
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
