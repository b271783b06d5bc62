"""Where one message ends and the next begins in the bytes that an editor sends. Knows nothing of what is in them.

Each message is preceded by a header whose one line that counts is `Content-Length`. Whatever else comes, wrong lengths
and plain garbage included, is passed over until the next such line.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

# not only at the start of a line: after a length that was too small, the header follows the rest of a body
_LENGTH = re.compile(rb"(?<!-)content-length[ \t]*:[ \t]*(\d{1,18})[ \t]*\r?\n", re.IGNORECASE)
_LONGEST_HEADER_BYTES = 64  # of the one header that counts
_LARGEST_BODY_BYTES = 1 << 28  # a longer one would keep the server deaf while it waits for bytes that never come


async def read_bodies(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The body of each message, until the stream ends; a message that is cut off by its end is left out."""
    n_bytes: int | None = None
    while line := await _read_line(reader):
        if length := _LENGTH.search(line):
            n_bytes = int(length[1])
        elif n_bytes is not None and not line.strip():
            if n_bytes <= _LARGEST_BODY_BYTES:
                try:
                    yield await reader.readexactly(n_bytes)
                except asyncio.IncompleteReadError:
                    return
            n_bytes = None


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    """The next line; of one that is longer than any header, its end. Empty when the stream has ended."""
    before = b""
    while True:
        try:
            return before + await reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as rest:
            return before + rest.partial
        except asyncio.LimitOverrunError as overrun:
            before = (before + await reader.readexactly(overrun.consumed))[-_LONGEST_HEADER_BYTES:]
