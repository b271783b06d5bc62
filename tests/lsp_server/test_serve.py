"""What `bytefim serve` refuses before any editor is there, and what it leaves unloaded until one is."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from lsp_server.editor.serve import serve
from tests.lsp_server.conftest import ROOT
from tests.lsp_server.raw_client import PATIENCE_S


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "no-such-host.invalid"])
def test_an_address_that_others_can_reach_is_refused(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever connects could read what the user types."""
    assert serve(tcp=(host, 0)) == 1

    message = capsys.readouterr().err
    assert repr(host) in message
    assert "use 127.0.0.1" in message


def test_a_port_that_is_taken_is_told_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """Two editors were started with the same settings."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert serve(tcp=("127.0.0.1", port)) == 1

    message = capsys.readouterr().err
    assert str(port) in message
    assert "Traceback" not in message


def test_numpy_and_the_runtime_are_not_imported_before_the_handshake() -> None:
    """Editors wait for `initialize`; what the model needs is imported by its own thread, later."""
    heavy = "{'numpy', 'llama_cpp'} & set(sys.modules)"
    program = f"import sys, lsp_server.editor.serve; sys.exit(str({heavy}) if {heavy} else 0)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
