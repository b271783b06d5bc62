"""Where UTF-8 characters begin and end in bytes that may have been cut anywhere. Imports nothing."""

from __future__ import annotations


def character_bytes(lead: int) -> int:
    """Length in bytes of the character that the byte `lead` opens; 1 for bytes that open none."""
    return 2 if 0xC2 <= lead < 0xE0 else 3 if 0xE0 <= lead < 0xF0 else 4 if 0xF0 <= lead < 0xF5 else 1


def unfinished_character(text: bytes) -> bytes:
    """The bytes at the end of `text` that begin a character without finishing it; empty when there are none."""
    for back in range(1, min(4, len(text) + 1)):
        byte = text[-back]
        if byte & 0xC0 != 0x80:
            return text[-back:] if back < character_bytes(byte) else b""
    return b""


def whole_characters(text: bytes) -> bytes:
    """The text up to the first byte that is no part of a whole character."""
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return text[: error.start]
    return text
