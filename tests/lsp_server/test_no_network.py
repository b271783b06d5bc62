"""The server as installed, with the model that ships with it, speaks to nobody but its editor."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from tests.lsp_server.conftest import ROOT, RunningServer
from tests.lsp_server.editor import INLINE, URI, at
from tests.lsp_server.raw_client import PATIENCE_S, RawClient

# Python runs it at the start of every process that has its folder on PYTHONPATH, and nothing can remove such a hook
RECORDER = """
import os, sys

record = os.open(os.environ["NETWORK_RECORD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
CLIENTS = {"urllib.request", "http.client", "requests", "httpx", "aiohttp", "websockets", "ftplib", "smtplib"}


def watch(event, arguments):
    if event == "import" and arguments[0] in CLIENTS:
        os.write(record, f"import {arguments[0]}\\n".encode())
    elif event.startswith(("socket.", "urllib.", "http.", "ftplib.", "smtplib.")):
        family = arguments[1] if event == "socket.__new__" else getattr(arguments[0], "family", None)
        if family != 1:  # AF_UNIX: the pair by which an event loop wakes itself
            os.write(record, f"{event} {arguments[1:]}\\n".encode())


os.write(record, f"watched {os.getpid()}\\n".encode())
sys.addaudithook(watch)
"""


@pytest.fixture
def watched(tmp_path: Path) -> Mapping[str, str]:
    """An environment in which every Python process writes down what it does with the network."""
    (tmp_path / "sitecustomize.py").write_text(RECORDER, encoding="utf-8")
    return {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "NETWORK_RECORD": str(tmp_path / "record.txt"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }


def record(environment: Mapping[str, str]) -> list[str]:
    return Path(environment["NETWORK_RECORD"]).read_text(encoding="utf-8").splitlines()


def start(environment: Mapping[str, str], log: Path) -> RunningServer:
    """`bytefim serve` as an editor starts it."""
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "lsp_server", "serve", "--stdio"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    return RunningServer(process, RawClient(process.stdin, process.stdout), log)


def test_the_recorder_sees_a_connection(watched: Mapping[str, str]) -> None:
    """A test that cannot fail proves nothing."""
    attempt = "import socket, urllib.request\ntry: socket.create_connection(('127.0.0.1', 9), 1)\nexcept OSError: pass"
    subprocess.run([sys.executable, "-c", attempt], env=watched, check=True, timeout=PATIENCE_S)
    seen = record(watched)

    assert "import urllib.request" in seen
    assert any(line.startswith("socket.getaddrinfo") for line in seen)
    assert any(line.startswith("socket.connect") for line in seen)


def test_serving_opens_no_connection_and_loads_no_client(watched: Mapping[str, str], tmp_path: Path) -> None:
    """The promise of the first page: what you write stays on your machine. The model's processes are watched too."""
    server = start(watched, tmp_path / "log.txt")
    try:
        server.initialize()
        server.client.wait_for_state("idle")
        server.open(URI, "def read_lines(path):\n    with open(path) as file:\n        return file.rea")
        items = server.client.ask(INLINE, {**at(2, 23), "context": {"triggerKind": 1}})["items"]
        tree = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(recursive=True)]
        connections = [connection for process in tree for connection in process.net_connections("inet")]
        process_ids = {process.pid for process in tree}
        status = server.stop()
    finally:
        server.process.kill()
    seen = record(watched)
    watched_ids = {int(line.split()[1]) for line in seen if line.startswith("watched ")}

    assert items
    assert connections == []
    assert process_ids <= watched_ids
    assert len(process_ids) > 1  # the model's own process
    assert [line for line in seen if not line.startswith("watched ")] == []
    assert status == 0
