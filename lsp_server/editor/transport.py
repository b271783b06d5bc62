"""The bytes between the editor and the server: stdin and stdout, or one TCP connection on this machine.

While serving on stdio, nothing but the protocol can reach the editor (system/stdio.py). Knows no message's meaning.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import threading
from collections.abc import Callable
from typing import BinaryIO, cast

from lsp_server.editor.protocol import BytefimProtocol
from lsp_server.system.stdio import take_stdio

_CHUNK_BYTES = 1 << 16
_LAST_WORDS_S = 0.2  # what waits for the editor then will wait for ever


class NotThisMachine(Exception):
    """Others than this machine could reach the server there."""


def run_stdio(protocol: BytefimProtocol, *, on_end: Callable[[], None]) -> int:
    """Serve until the editor says exit or closes stdin; the exit status. `on_end` runs before the event loop ends."""
    stdin_fd, stdout = take_stdio()
    protocol.set_writer(_PipeWriter(stdout))

    async def serve() -> None:
        reader = asyncio.StreamReader()
        # a daemon, since nothing can interrupt a read of stdin
        threading.Thread(target=_feed, args=(stdin_fd, reader, asyncio.get_running_loop()), daemon=True).start()
        await _run(protocol, reader, on_end=on_end)

    asyncio.run(serve())
    return protocol.exit_status


def run_tcp(
    protocol: BytefimProtocol, host: str, port: int, *, on_listening: Callable[[int], None], on_end: Callable[[], None]
) -> int:
    """Serve the first editor that connects; the exit status. `on_listening` is told the port, a free one for port 0.

    Raises NotThisMachine, and OSError when the port cannot be had.
    """
    _require_loopback(host)

    async def serve() -> None:
        connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()

        def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if connected.done():  # one editor, one server
                writer.close()
            else:
                connected.set_result((reader, writer))

        listener = await asyncio.start_server(connect, host, port)
        on_listening(listener.sockets[0].getsockname()[1])
        reader, writer = await connected
        listener.close()
        protocol.set_writer(writer)
        await _run(protocol, reader, on_end=on_end)
        await _close(writer)

    asyncio.run(serve())
    return protocol.exit_status


class _PipeWriter:
    """Writes whole messages; an editor that has gone away is no error, since stdin tells the same."""

    def __init__(self, stdout: BinaryIO) -> None:
        self._stdout = stdout

    def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):  # ValueError: it is closed
            self._stdout.write(data)
            self._stdout.flush()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._stdout.close()


async def _run(protocol: BytefimProtocol, reader: asyncio.StreamReader, *, on_end: Callable[[], None]) -> None:
    try:
        # the stream may end in the middle of a message
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await protocol.read_messages(reader)
    finally:
        on_end()
        # what `on_end` has answered is to be sent
        if at_work := asyncio.all_tasks() - {cast("asyncio.Task[None]", asyncio.current_task())}:
            await asyncio.wait(at_work, timeout=_LAST_WORDS_S)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _feed(stdin_fd: int, reader: asyncio.StreamReader, loop: asyncio.AbstractEventLoop) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
        while chunk := _read(stdin_fd):
            loop.call_soon_threadsafe(reader.feed_data, chunk)
        loop.call_soon_threadsafe(reader.feed_eof)


def _read(stdin_fd: int) -> bytes:
    try:
        return os.read(stdin_fd, _CHUNK_BYTES)
    except OSError:  # Windows says so when the other end of the pipe is gone
        return b""


def _require_loopback(host: str) -> None:
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise NotThisMachine(f"{host!r} can be reached from other machines or is unknown; use 127.0.0.1 or localhost")
