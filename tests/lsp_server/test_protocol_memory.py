"""What the protocol library remembers of messages that are over: nothing."""

from __future__ import annotations

import asyncio
import json
from typing import cast

from lsp_server.editor.protocol import BytefimProtocol
from lsp_server.editor.server import build_server
from lsp_server.settings import Settings
from tests.lsp_server.fake_engine import FakeModel

INITIALIZE = {"id": 1, "method": "initialize", "params": {"processId": None, "capabilities": {}}}
CHANGE = {"method": "workspace/didChangeConfiguration", "params": {"settings": {"bytefim": {}}}}
COMMAND = {"method": "workspace/executeCommand", "params": {"command": "bytefim.statistics", "arguments": []}}


class Nowhere:
    """Takes what is said."""

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


async def test_of_what_is_over_nothing_is_kept() -> None:
    """A server runs for weeks, and editors send some notification at every key."""
    server = build_server(FakeModel().worker, settings=Settings(statistics=False))
    protocol = cast(BytefimProtocol, server.protocol)
    protocol.set_writer(Nowhere())
    messages = [INITIALIZE, *[CHANGE] * 5, *({**COMMAND, "id": 10 + i} for i in range(5))]
    reader = asyncio.StreamReader()
    for message in messages:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        reader.feed_data(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    reader.feed_eof()
    await protocol.read_messages(reader)
    for _ in range(20):
        await asyncio.sleep(0)
    server.close()

    assert not protocol._request_futures  # pyright: ignore[reportPrivateUsage]
