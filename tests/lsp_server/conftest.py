"""Server processes for the tests of the protocol."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lsp_server.engines import fake, start
from tests.lsp_server.hubs import hub, models_folder
from tests.lsp_server.raw_client import PATIENCE_S, RawClient
from tests.lsp_server.stepping_engines import model

__all__ = ["fake", "hub", "model", "models_folder", "start"]  # fixtures

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class RunningServer:
    """A server process, how to speak with it, and where its log goes."""

    process: subprocess.Popen[bytes]
    client: RawClient
    log: Path

    def initialize(self, **params: object) -> dict[str, object]:
        """The handshake; the result of `initialize`."""
        result = self.client.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}, **params})
        self.client.notify("initialized", {})
        return result

    def open(self, uri: str, text: str, *, language: str = "python") -> None:
        """Open a document as version 1."""
        opened = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.client.notify("textDocument/didOpen", {"textDocument": opened})

    def stop(self) -> int:
        """Shut down as editors do; the exit status."""
        self.client.ask("shutdown", None)
        self.client.notify("exit", None)
        return self.process.wait(PATIENCE_S)


StartServer = Callable[..., RunningServer]


@contextlib.contextmanager
def starting_servers(logs: Path) -> Iterator[StartServer]:
    """Starts servers around a scripted model; whatever still runs at the end is ended."""
    started: list[RunningServer] = []

    def start(situation: str = "good", *, module: str = "tests.lsp_server.fake_server") -> RunningServer:
        log = logs / f"server{len(started)}.log"
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", module, situation],
                cwd=ROOT,
                env={**os.environ, "XDG_CACHE_HOME": str(logs / "cache")},  # the user's statistics are his
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        assert process.stdin is not None
        assert process.stdout is not None
        started.append(RunningServer(process, RawClient(process.stdin, process.stdout), log))
        return started[-1]

    yield start
    for server in started:
        server.process.kill()
        server.process.wait(PATIENCE_S)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """For tests that need a server in a situation of their own."""
    with starting_servers(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server that is ready, in UTF-16, as VS Code speaks; shared by all tests that leave it as it was."""
    with starting_servers(tmp_path_factory.mktemp("server")) as start:
        yield make_ready(start())


@pytest.fixture
def own_server(start_server: StartServer) -> RunningServer:
    """A ready server for a test that ends it, or that counts what it says."""
    return make_ready(start_server())


def make_ready(server: RunningServer) -> RunningServer:
    """After the handshake and the loading of the model."""
    server.initialize()
    server.client.wait_for_state("idle")
    return server
