"""The least of an editor around a server process: requests and replies, each with its time. Knows no documents."""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any, Self

PATIENCE_S = 120.0  # a server that needs longer for one reply hangs
PING_EVERY_S = 0.020


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a request, and how long it took as the editor sees it."""

    result: Any
    error_code: int | None
    took_ms: float


class Waiting:
    """A request that was sent."""

    def __init__(self, on_reply: Callable[[Reply], None]) -> None:
        self.sent_s = time.perf_counter()
        self._on_reply = on_reply
        self._reply: Reply | None = None
        self._is_settled = threading.Event()

    def settle(self, message: dict[str, Any]) -> None:
        """Called by the thread that listens, in the order in which the server spoke."""
        took_ms = (time.perf_counter() - self.sent_s) * 1e3
        self._reply = Reply(message.get("result"), message.get("error", {}).get("code"), took_ms)
        self._on_reply(self._reply)
        self._is_settled.set()

    def wait(self) -> Reply:
        """The reply; ends the benchmark when there is none in time."""
        if not self._is_settled.wait(PATIENCE_S) or self._reply is None:
            raise SystemExit("The server ended or hangs; run it by hand to see why: python -P -m lsp_server serve")
        return self._reply


class Editor:
    """A server process and a thread that listens to it. Any thread may send."""

    def __init__(self, command: Sequence[str], *, log: IO[bytes]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self.is_idle = threading.Event()
        """Set once the model is loaded."""
        self._ids = itertools.count(1)
        self._waiting: dict[int, Waiting] = {}
        self._sending = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def notify(self, method: str, params: object) -> None:
        self._send({"method": method, "params": params})

    def request(self, method: str, params: object, *, on_reply: Callable[[Reply], None] = lambda reply: None) -> int:
        """Send only; the id. `on_reply` is called by the thread that listens."""
        number = next(self._ids)
        self._waiting[number] = Waiting(on_reply)
        self._send({"id": number, "method": method, "params": params})
        return number

    def ask(self, method: str, params: object, *, on_reply: Callable[[Reply], None] = lambda reply: None) -> Reply:
        """Send and wait."""
        waiting = self._waiting[number := next(self._ids)] = Waiting(on_reply)
        self._send({"id": number, "method": method, "params": params})
        return waiting.wait()

    def send_body(self, body: bytes) -> None:
        """Any bytes as a message."""
        assert self.process.stdin is not None
        with self._sending:
            self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            self.process.stdin.flush()

    def _send(self, message: dict[str, object]) -> None:
        self.send_body(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def _listen(self) -> None:
        assert self.process.stdout is not None
        while message := _read_message(self.process.stdout):
            number, method = message.get("id"), message.get("method")
            if method is None and number in self._waiting:
                self._waiting.pop(number).settle(message)
            elif method is not None and number is not None:
                self._send({"id": number, "result": None})
            elif method == "bytefim/status" and message["params"]["state"] == "idle":
                self.is_idle.set()
        for waiting in list(self._waiting.values()):
            waiting.settle({"error": {"code": 0}})


class Pinger:
    """Asks something small every 20 ms, whatever else is going on: how long the server's loop keeps others waiting."""

    def __init__(self, editor: Editor, method: str, params: object) -> None:
        self.took_ms: list[float] = []
        self._editor, self._method, self._params = editor, method, params
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._ping, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _ping(self) -> None:
        while not self._is_over.wait(PING_EVERY_S):
            # without waiting for the last one: a loop that is stuck must be seen by every ping that it delays
            self._editor.request(self._method, self._params, on_reply=lambda reply: self.took_ms.append(reply.took_ms))


def _read_message(stream: IO[bytes]) -> dict[str, Any] | None:
    n_bytes = 0
    while line := stream.readline().strip():
        if line.lower().startswith(b"content-length:"):
            n_bytes = int(line.partition(b":")[2])
    return json.loads(stream.read(n_bytes)) if n_bytes else None
