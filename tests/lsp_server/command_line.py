"""Commands of the tests: in a process of their own where the process matters, else by `main`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lsp_server.cli import main

LIMIT_S = 120.0
MODULE = (sys.executable, "-P", "-m", "lsp_server")
_ELSEWHERE = Path(__file__).resolve().anchor  # a folder that is not the checkout's


def bytefim(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """A real process, started in a folder that is not the checkout's."""
    command = [*MODULE, *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=LIMIT_S, check=False, cwd=_ELSEWHERE)


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """The JSON that a command prints in this process; anything but success fails the test."""
    status = main([*arguments, "--json"])
    printed = capsys.readouterr()
    assert (status, printed.err) == (0, "")
    return json.loads(printed.out)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command says that cannot be served."""
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err
