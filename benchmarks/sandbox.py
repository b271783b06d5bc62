"""Runs a program that a model wrote where it can do no harm by accident: no files, no network, no other processes, an
empty environment, little memory, little time (`contained` says how). Judged by the exit status alone.

Against accidents, not against attacks. For POSIX systems.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

CPU_S = 5
WALL_S = 20.0  # the machine may be busy
MEMORY_BYTES = 512 << 20  # address space; an interpreter takes 40 MB of it
_INNER_SIDE = Path(__file__).resolve().parent / "contained.py"
_PASSED, _NOT_CONTAINED = 83, 84  # as in contained.py, which cannot be imported

Verdict = Literal["passed", "failed", "too slow"]


class SandboxUnavailable(Exception):
    """Programs cannot be contained on this machine; the message is one sentence."""


def run_contained(program: str, *, cpu_s: int = CPU_S, wall_s: float = WALL_S) -> Verdict:
    """Whether the program ran to its end without an exception. `too slow`: it was killed when its time was up.

    Modules of the standard library that are usual in exercises can be imported, no others. Raises SandboxUnavailable.
    """
    if os.name != "posix":
        raise SandboxUnavailable("Candidates can be run on Linux and macOS only; leave out --execute.")
    command = [sys.executable, "-I", "-S", str(_INNER_SIDE), str(cpu_s), str(MEMORY_BYTES)]
    with TemporaryDirectory(prefix="bytefim-candidate-") as folder:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={},
            start_new_session=True,
        )
        try:
            process.communicate(program.encode("utf-8", "surrogatepass"), timeout=wall_s)
        except subprocess.TimeoutExpired:
            return "too slow"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
    if process.returncode == _NOT_CONTAINED:
        raise SandboxUnavailable("This system grants no limits for candidates; leave out --execute.")
    if process.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return "too slow"
    return "passed" if process.returncode == _PASSED else "failed"
