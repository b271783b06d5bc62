"""A JSON-RPC client that can say anything, right or wrong, and forgets nothing it hears. Knows no types of LSP."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Mapping
from typing import IO, Any

PATIENCE_S = 20.0  # a test that waits longer has failed

Message = Mapping[str, Any]


class RawClient:
    """Speaks over two streams; a thread listens."""

    def __init__(self, to_server: IO[bytes], from_server: IO[bytes]) -> None:
        self._to_server = to_server
        self._heard: list[Message] = []
        self._changed = threading.Condition()
        self._ids = itertools.count(1)
        self.is_ended = False
        self._listener = threading.Thread(target=self._listen, args=(from_server,), daemon=True)
        self._listener.start()

    def send(self, message: Message) -> None:
        """One message as it is, `jsonrpc` added."""
        # surrogates, alone or in pairs, are escaped, as JSON allows
        self.send_bytes(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def send_bytes(self, body: bytes) -> None:
        """A body that need not be JSON."""
        self._to_server.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._to_server.flush()

    def notify(self, method: str, params: object) -> None:
        self.send({"method": method, "params": params})

    def request(self, method: str, params: object) -> int:
        """Send only; the id under which the reply will come."""
        number = next(self._ids)
        self.send({"id": number, "method": method, "params": params})
        return number

    def reply(self, number: int) -> Message:
        """The whole response message."""
        return self.wait_for(lambda message: message.get("id") == number and "method" not in message)

    def ask(self, method: str, params: object) -> Any:
        """Send a request and take its result; an error fails the test."""
        reply = self.reply(self.request(method, params))
        assert "error" not in reply, reply
        return reply["result"]

    def wait_for(self, is_wanted: Callable[[Message], bool]) -> Message:
        """The first message heard so far, or from now on, that is wanted."""
        found: Message | None = None
        n_looked_at = 0  # each message once: there may be very many

        def look() -> bool:
            nonlocal found, n_looked_at
            while found is None and n_looked_at < len(self._heard):
                found = self._heard[n_looked_at] if is_wanted(self._heard[n_looked_at]) else None
                n_looked_at += 1
            return found is not None or self.is_ended

        with self._changed:
            is_in_time = self._changed.wait_for(look, timeout=PATIENCE_S)
            assert is_in_time, f"not heard; but at last these: {self._heard[-9:]}"
            assert found is not None, f"the server ended; heard at last: {self._heard[-9:]}"
            return found

    def wait_for_state(self, state: str) -> Message:
        """Parameters of the first status notification of this state."""
        return self.wait_for(lambda m: m.get("method") == "bytefim/status" and m["params"]["state"] == state)["params"]

    def heard(self, method: str) -> list[Message]:
        """All notifications and requests of the server with this method."""
        with self._changed:
            return [message for message in self._heard if message.get("method") == method]

    def replies(self) -> list[Message]:
        """All responses of the server."""
        with self._changed:
            return [message for message in self._heard if "method" not in message]

    def send_unframed(self, content: bytes) -> None:
        """Bytes as they are, whatever header they need."""
        self._to_server.write(content)
        self._to_server.flush()

    def _listen(self, from_server: IO[bytes]) -> None:
        while message := _read_message(from_server):
            with self._changed:
                self._heard.append(message)
                self._changed.notify_all()
        with self._changed:
            self.is_ended = True
            self._changed.notify_all()


def _read_message(stream: IO[bytes]) -> Message | None:
    n_bytes = 0
    while header := stream.readline().strip():
        name, _, value = header.partition(b":")
        n_bytes = int(value) if name.lower() == b"content-length" else n_bytes
    return json.loads(stream.read(n_bytes)) if n_bytes else None
