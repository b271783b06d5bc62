"""What is said in the log of a message that kept the others waiting."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import cast

import pytest

from lsp_server.editor import protocol
from lsp_server.editor.protocol import BytefimProtocol
from lsp_server.editor.server import build_server
from lsp_server.model.process import ModelProcess


async def handle(body: bytes) -> None:
    """One message, handled by a server that nobody has initialized."""
    reader = asyncio.StreamReader()
    reader.feed_data(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    reader.feed_eof()
    await cast(BytefimProtocol, build_server(ModelProcess).protocol).read_messages(reader)


@pytest.mark.parametrize(
    ("body", "method"),
    [
        (b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": ["source text"]}', "'textDocument/didOpen'"),
        (b'{"jsonrpc": "2.0", "method": "a\\nb"}', "'a\\nb'"),
        (b"no JSON", "None"),
    ],
)
async def test_a_slow_message_is_named_with_its_time_and_size(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, body: bytes, method: str
) -> None:
    """Whoever feels a delay finds its cause; on one line, and without what may be source text."""
    monkeypatch.setattr(protocol, "SLOW_HANDLER_MS", -1)
    with caplog.at_level(logging.WARNING):
        await handle(body)
    (line,) = [record.getMessage() for record in caplog.records if "slow handler" in record.getMessage()]

    assert line.startswith(f"slow handler method={method} ms=")
    assert line.endswith(f"n_bytes={len(body)}")
    assert "\n" not in line
    assert "source text" not in line


async def test_a_quick_message_is_not_mentioned(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A log that says everything says nothing."""
    monkeypatch.setattr(protocol, "SLOW_HANDLER_MS", math.inf)
    await handle(b'{"jsonrpc": "2.0", "method": "textDocument/didOpen"}')

    assert "slow handler" not in caplog.text
