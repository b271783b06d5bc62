"""Child processes that run native code: how they are started, die without noise, and what they died of.

Native code may crash at any time; the process that does so must leave no core file, no debugger and no dialogue behind.
Knows nothing of models.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import cast

PYTHON = (sys.executable, "-P")
"""-P: the working directory belongs to the user, and nothing may be imported from it."""
CREATION_FLAGS = 0x0800_0000 if sys.platform == "win32" else 0  # CREATE_NO_WINDOW


# What is copied out of the KV cache comes and goes in megabytes. glibc learns from the first of them to keep such sizes
# in its heap, which grows ever more holes: 40 MiB in 16,000 requests. Other C libraries do not look at these names.
_GLIBC = {"MALLOC_MMAP_THRESHOLD_": "262144", "MALLOC_ARENA_MAX": "2"}
_SOURCE_FOLDER = re.compile(r"\S*[/\\](?=[^/\\\s]+:\d+:)")  # of "/there/llama-vocab.cpp:2544: GGML_ASSERT(...) failed"
_MAX_REASON_CHARACTERS = 200


class ChildDied(Exception):
    """A child ended without an answer; the message says how, as the end of a sentence."""

    def __init__(self, reason: str, *, is_lasting: bool = False) -> None:
        """`is_lasting`: a repetition would give the same."""
        super().__init__(reason)
        self.is_lasting = is_lasting


def ask_child(command: Sequence[str], *, timeout_s: float) -> Mapping[str, object]:
    """The JSON object that the command printed last. It ends when this process does. Raises ChildDied."""
    try:
        with stdin_while_alive() as stdin:
            ended = subprocess.run(
                command,
                stdin=stdin,
                capture_output=True,
                timeout=timeout_s,
                check=False,
                env=child_environment(),
                creationflags=CREATION_FLAGS,
            )
    except subprocess.TimeoutExpired as error:
        raise ChildDied(f"no answer within {timeout_s:.0f} s") from error
    except OSError as error:
        raise ChildDied(f"the trial process did not start: {error.strerror}") from error
    if ended.returncode != 0:
        why = name_end(ended.returncode)
        reason = ": ".join(filter(None, (why, _last_words(ended.stderr))))
        raise ChildDied(reason, is_lasting=why != "SIGKILL")  # SIGKILL: memory was short
    try:
        return cast("dict[str, object]", json.loads(ended.stdout.splitlines()[-1]))
    except (ValueError, IndexError) as error:
        raise ChildDied("the trial process said nothing") from error


def child_environment() -> Mapping[str, str]:
    """Ours, with memory given back to the system, and without a debugger when an assertion of ggml fails."""
    return {**_GLIBC, **os.environ, "GGML_NO_BACKTRACE": "1"}


def die_quietly() -> None:
    """For the child: no core file in the user's folder, no dialogue on the user's screen."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.kernel32.SetErrorMode(0x0001 | 0x0002)  # critical errors and faults end the process silently
    else:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


@contextmanager
def stdin_while_alive() -> Generator[int]:
    """A stdin for a child that ends, by `end_with_parent`, when this process does."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(reading)
        os.close(writing)


def end_with_parent() -> None:
    """For the child: ends it when stdin does, whatever it is doing."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def name_end(return_code: int) -> str:
    """What a process ended with, for people: `SIGSEGV`, or `exit status 3`."""
    try:
        return signal.Signals(-return_code).name if return_code < 0 else f"exit status {return_code}"
    except ValueError:
        return f"signal {-return_code}"


def _last_words(stderr: bytes) -> str:
    """The last line of what a child complained of, without the folders of the machine that llama.cpp was built on."""
    lines = stderr.decode("utf-8", "replace").strip().splitlines() or [""]
    return _SOURCE_FOLDER.sub("", lines[-1])[:_MAX_REASON_CHARACTERS]
