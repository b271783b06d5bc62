"""Where messages begin and end, whatever comes between them."""

from __future__ import annotations

import asyncio

import pytest

from lsp_server.editor.framing import read_bodies


async def bodies(*chunks: bytes, limit_bytes: int = 1 << 16) -> list[bytes]:
    """All messages in a stream that arrives in these pieces and then ends."""
    reader = asyncio.StreamReader(limit=limit_bytes)

    async def feed() -> None:
        for chunk in chunks:
            reader.feed_data(chunk)
            await asyncio.sleep(0)
        reader.feed_eof()

    feeding = asyncio.create_task(feed())
    found = [body async for body in read_bodies(reader)]
    await feeding
    return found


ONE, TWO = b"Content-Length: 3\r\n\r\n{1}", b"Content-Length: 3\r\n\r\n{2}"


async def test_messages_arrive_whole_however_the_bytes_are_cut() -> None:
    """Pipes and sockets know nothing of messages."""
    stream = ONE + TWO

    for cut in range(len(stream)):
        assert await bodies(stream[:cut], stream[cut:]) == [b"{1}", b"{2}"]


@pytest.mark.parametrize(
    "header",
    [
        b"content-length: 3\r\n\r\n",
        b"CONTENT-LENGTH:3\r\n\r\n",
        b"Content-Length : 3 \r\n\r\n",
        b"Content-Length: 3\n\n",
        b"Content-Length: 3\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n",
        b"Content-Type: x\r\nX-Content-Length: 99\r\nContent-Length: 3\r\nAnything\r\n\r\n",
        b"X: " + b"y" * 200_000 + b"\r\nContent-Length: 3\r\n\r\n",
        b"\r\n\r\nContent-Length: 3\r\n\r\n",
    ],
)
async def test_headers_of_any_make_are_read(header: bytes) -> None:
    """Names of headers have no case, and clients add headers of their own."""
    assert await bodies(header + b"{1}" + TWO) == [b"{1}", b"{2}"]


async def test_an_empty_body_is_a_message() -> None:
    """It is answered as one that cannot be read, and the next one is not lost."""
    assert await bodies(b"Content-Length: 0\r\n\r\n" + ONE) == [b"", b"{1}"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"Content-Length: three\r\n\r\n{1}",
        b"Content-Length: -3\r\n\r\n{1}",
        b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{1}",
        b"Content-Length: 99999999999999\r\n\r\n{1}",
        b"{1}\r\n\r\n",
        b"\x00\xff" * 100_000,
        b"x" * 1_000_000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
async def test_garbage_is_passed_over(garbage: bytes) -> None:
    """One bad header must not cost the session."""
    assert await bodies(garbage + TWO) == [b"{2}"]


async def test_after_a_length_that_was_too_small_the_next_message_is_found() -> None:
    """Lengths in characters instead of bytes are the commonest fault of clients."""
    assert await bodies(b"Content-Length: 2\r\n\r\n{1}" + TWO) == [b"{1", b"{2}"]


async def test_after_a_length_that_was_too_large_a_later_message_is_found() -> None:
    """It swallows what comes after it, but not everything."""
    assert await bodies(b"Content-Length: 9\r\n\r\n{1}" + TWO + ONE) == [b"{1}Conten", b"{1}"]


@pytest.mark.parametrize("rest", [b"Content-Le", b"Content-Length: 3\r\n", b"Content-Length: 3\r\n\r\n{1", b"x" * 99])
async def test_a_message_that_the_end_cuts_off_is_left_out(rest: bytes) -> None:
    """An editor that crashed leaves half a message behind."""
    assert await bodies(ONE + rest) == [b"{1}"]


async def test_a_body_may_be_longer_than_any_line() -> None:
    """Whole documents come in one piece."""
    body = b"x" * 1_000_000

    assert await bodies(b"Content-Length: 1000000\r\n\r\n" + body + TWO, limit_bytes=1000) == [body, b"{2}"]
