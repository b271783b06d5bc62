"""A language server as a child process, spoken to in JSON-RPC. Knows how messages travel, not what they mean."""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import IO, Any

Json = dict[str, Any]


class ServerGone(Exception):
    """The server ended, or took longer than its limit, while something was expected of it."""


class Client:
    """Sends one request at a time and waits for its answer."""

    def __init__(self, command: Sequence[str], *, log: IO[bytes], limit_s: float) -> None:
        """`log` takes the server's stderr; after `limit_s` seconds the server is ended."""
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self._limit = threading.Timer(limit_s, self._server.kill)
        self._limit.daemon = True
        self._limit.start()
        self._ids = itertools.count(1)
        self._notifications: list[Json] = []

    def request(self, method: str, params: object) -> Any:
        """The result of a request. Raises ServerGone; an error response is a RuntimeError."""
        number = next(self._ids)
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == number and "method" not in message:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]

    def notify(self, method: str, params: object) -> None:
        """A message that is not answered."""
        self._send({"method": method, "params": params})

    def wait_for(self, method: str, is_wanted: Callable[[Json], bool]) -> Json:
        """The parameters of the first notification, past or coming, that is wanted. Raises ServerGone."""
        while True:
            for message in self._notifications:
                if message["method"] == method and is_wanted(message["params"]):
                    return message["params"]
            self._receive()

    def close(self) -> int:
        """Ends the server as editors do; its exit status."""
        self.request("shutdown", None)
        self.notify("exit", None)
        status = self._server.wait()
        self._limit.cancel()
        return status

    def _send(self, message: Json) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._server.stdin is not None
        try:
            self._server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            self._server.stdin.flush()
        except OSError as error:
            raise ServerGone("the server has closed its input") from error

    def _receive(self) -> Json:
        assert self._server.stdout is not None
        length = 0
        while (line := self._server.stdout.readline().strip()) or not length:
            if not line:
                raise ServerGone(f"the server ended with status {self._server.wait()}")
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message: Json = json.loads(self._server.stdout.read(length))
        if "method" in message and "id" in message:  # the server asks us something; we have nothing to say
            self._send({"id": message["id"], "result": None})
        elif "method" in message:
            self._notifications.append(message)
        return message
