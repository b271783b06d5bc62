"""What `bytefim serve` refuses before any editor is there, and what it leaves unloaded until one is."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lsp_server.editor.serve import serve
from tests.lsp_server.conftest import ROOT
from tests.lsp_server.raw_client import PATIENCE_S, RawClient


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


def test_what_is_wrong_in_the_settings_file_is_shown_in_the_editor(tmp_path: Path) -> None:
    """Nobody reads the log of a server that seems to work."""
    settings = tmp_path / "settings.toml"
    settings.write_text("deadline_ms = 'soon'\nmodel = 'bytefim-nano-spm'\nstatistics = false\n")
    command = [sys.executable, "-P", "-m", "lsp_server", "serve", "--stdio", "--settings", str(settings)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        client = RawClient(process.stdin, process.stdout)
        client.ask("initialize", {"processId": None, "capabilities": {}})
        shown = client.wait_for(lambda message: message.get("method") == "window/showMessage")
        process.kill()

    assert "setting 'deadline_ms' is 'soon'" in shown["params"]["message"]
