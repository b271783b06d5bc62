"""A web server on this machine that has one file and serves it as it is told to: well, or in any of the ways in which
servers, proxies and networks misbehave.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET

ETAG = '"first"'


class Hub(ThreadingHTTPServer):
    """Request after request is served by the next of `ways`, the last of them again and again."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.etag: str | None = ETAG
        self.ways: Sequence[Way] = (well,)
        self.asked: list[tuple[str, str | None, str | None]] = []
        """Path, Range and If-Range of each request."""
        self.is_closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/{NAME}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are what many tests are about."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Hub  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # the name is the base class's
        hub = self.server
        self.close_connection = True
        hub.asked.append((self.path, self.headers.get("Range"), self.headers.get("If-Range")))
        way = hub.ways[min(len(hub.asked), len(hub.ways)) - 1]
        with suppress(ConnectionError):
            way(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as there
        """To nobody."""

    def head(self, status: int, **headers: str | int) -> None:
        """Status line and headers; `_` stands for `-`."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        if self.server.etag is not None and status in (200, 206):
            self.send_header("ETag", self.server.etag)
        self.end_headers()

    def find_start(self) -> int:
        """Where the asked range begins; 0 without one, and for another version than asked for."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        is_other = self.headers.get("If-Range", self.server.etag) != self.server.etag
        return int(asked[1]) if asked and not is_other else 0


Way = Callable[[Handler], None]

NAME = "made-up-q8_0.gguf"


def make_model(n_bytes: int, *, seed: int = 0) -> bytes:
    """A whole GGUF file: an architecture, and one tensor of noise up to the last byte."""
    architecture = _text(b"general.architecture") + struct.pack("<I", 8) + _text(b"llama")
    n_head_bytes = 128
    n_weights = (n_bytes - n_head_bytes) // 4
    tensor = _text(b"noise") + struct.pack("<IQIQ", 1, n_weights, 0, 0)  # one dimension, F32, where weights begin
    head = struct.pack("<4sIQQ", b"GGUF", 3, 1, 1) + architecture + tensor
    noise = random.Random(seed).randbytes(n_bytes - n_head_bytes)
    return head.ljust(n_head_bytes, b"\0") + noise


def _text(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextmanager
def serving(content: bytes) -> Iterator[Hub]:
    """The hub, at work in a thread."""
    hub = Hub(content)
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        hub.is_closing.set()
        hub.shutdown()
        hub.server_close()
        thread.join()


def well(handler: Handler) -> None:
    """As RFC 9110 says."""
    send_until(handler, len(handler.server.content))


def cut_after(n_bytes: int) -> Way:
    """The connection ends after so many bytes of the body."""
    return lambda handler: send_until(handler, handler.find_start() + n_bytes)


def reset_after(n_bytes: int) -> Way:
    """The connection breaks."""

    def way(handler: Handler) -> None:
        send_until(handler, handler.find_start() + n_bytes)
        handler.wfile.flush()
        handler.connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()

    return way


def silent_after(n_bytes: int) -> Way:
    """Nothing more comes, and the connection stays open."""

    def way(handler: Handler) -> None:
        send_until(handler, handler.find_start() + n_bytes)
        handler.wfile.flush()
        handler.server.is_closing.wait()

    return way


def send_until(handler: Handler, end: int) -> None:
    content, start = handler.server.content, handler.find_start()
    if start >= len(content) > 0 and start:
        handler.head(416, Content_Range=f"bytes */{len(content)}", Content_Length=0)
        return
    rest = {"Content_Length": len(content) - start}
    if start:
        handler.head(206, Content_Range=f"bytes {start}-{len(content) - 1}/{len(content)}", **rest)
    else:
        handler.head(200, **rest)
    handler.wfile.write(content[start:end])


def whole_always(handler: Handler) -> None:
    """Knows no ranges."""
    handler.head(200, Content_Length=len(handler.server.content))
    handler.wfile.write(handler.server.content)


def whole_cut_after(n_bytes: int) -> Way:
    """Knows no ranges, and ends early."""

    def way(handler: Handler) -> None:
        handler.head(200, Content_Length=len(handler.server.content))
        handler.wfile.write(handler.server.content[:n_bytes])

    return way


def chunked(handler: Handler, *, n_left_out: int = 0) -> None:
    """Without saying how much it is."""
    content = handler.server.content
    handler.head(200, Transfer_Encoding="chunked")
    handler.wfile.write(b"%x\r\n" % len(content) + content[: len(content) - n_left_out])
    if not n_left_out:
        handler.wfile.write(b"\r\n0\r\n\r\n")


def endless(handler: Handler) -> None:
    """Never stops, and never said how much it is."""
    handler.head(200)
    while not handler.server.is_closing.is_set():
        handler.wfile.write(handler.server.content)


def until_closed(n_left_out: int) -> Way:
    """Says nothing of the size, and ends early."""

    def way(handler: Handler) -> None:
        handler.head(200)
        content = handler.server.content
        handler.wfile.write(content[: len(content) - n_left_out])

    return way


def chunked_cut(handler: Handler) -> None:
    """The same, and it ends early."""
    chunked(handler, n_left_out=1000)


def another_part(handler: Handler) -> None:
    """Another range than was asked for."""
    content, start = handler.server.content, handler.find_start() + 7
    handler.head(
        206,
        Content_Range=f"bytes {start}-{len(content) - 1}/{len(content)}",
        Content_Length=len(content) - start,
    )
    handler.wfile.write(content[start:])


def answering(status: int, body: bytes = b"sorry", **headers: str) -> Way:
    """A status, and some words."""

    def way(handler: Handler) -> None:
        handler.head(status, Content_Length=len(body), **headers)
        handler.wfile.write(body)

    return way


def no_http(handler: Handler) -> None:
    """Something else than HTTP."""
    handler.wfile.write(b"220 ready\r\n")


def redirecting(location: str, **headers: str) -> Way:
    """To another address."""
    return answering(302, b"", Location=location, **headers)


def pausing_after(n_bytes: int, arrived: threading.Event) -> Way:
    """So much is sent, then it is said so, and nothing more comes."""

    def way(handler: Handler) -> None:
        send_until(handler, handler.find_start() + n_bytes)
        handler.wfile.flush()
        arrived.set()
        handler.server.is_closing.wait()

    return way


def write_entry(folder: Path, hub: Hub, *, name: str = "made-up", **known: object) -> None:
    """The hub's model among those that the user added; all is known of its file unless `known` says otherwise."""
    content = hub.content
    exact: dict[str, object] = {"n_bytes": len(content), "sha256": sha256_of(content), **known}
    fields = {"file": NAME, "quantisation": "Q8_0", "about_bytes": len(content), "url": hub.url, **exact}
    lines = [f"{key} = {json.dumps(value)}" for key, value in fields.items() if value is not None]
    head = [f'[models."{name}"]', 'licence = "MIT"', 'summary = "made up"', f'[[models."{name}".files]]']
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "added.toml").write_text("\n".join([*head, *lines]), encoding="utf-8")
