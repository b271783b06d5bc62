"""The llama.cpp shared library as it was built here: start-up, its log, its build facts. Knows no model.

Logging goes through one callback: nothing may be printed on stdout, which belongs to the protocol, and the last
complaints are kept because they are the only explanation llama.cpp gives when a file does not load.
"""

# The bindings are generated and untyped; this package is the only place that touches them.
# pyright: basic

from __future__ import annotations

import ctypes
import logging
import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Between two layers the threads of OpenMP spin by default. When the machine is busy with something else (an editor, a
# build) the spinning keeps the very thread from running that all wait for, and a token takes up to 300 ms instead of 3;
# sleeping at once costs as much on an idle machine. A short spin, then sleep, is good at both (docs/decisions/0002).
# Read when the library is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "300")

import llama_cpp as lib

Handle = Any  # an opaque native pointer; the bindings give each its own type, most of them optional

_logger = logging.getLogger("bytefim.llama_cpp")
_complaints: deque[str] = deque(maxlen=20)
_WARN, _ERROR = 3, 4  # enum ggml_log_level
_started = False


def start() -> None:
    """Starts the library once per process and takes over its log."""
    global _started
    if not _started:
        _started = True
        lib.llama_log_set(_keep_complaint, ctypes.c_void_p(0))
        lib.llama_backend_init()


@lib.llama_log_callback
def _keep_complaint(level: int, text: bytes, _data: object) -> None:
    line = text.decode("utf-8", "replace").strip()
    if level in (_WARN, _ERROR) and line:
        _complaints.append(line)
        _logger.debug("llama.cpp: %s", line)


def take_complaints() -> list[str]:
    """The warnings and errors since the last call, oldest first."""
    taken = list(_complaints)
    _complaints.clear()
    return taken


def library_files() -> Sequence[Path]:
    """The shared libraries that hold the native code, for recognising a build."""
    folder = Path(lib.__file__).parent / "lib"
    return sorted(p for p in folder.glob("*") if p.suffix in {".so", ".dylib", ".dll"} or ".so." in p.name)


def library_facts() -> dict[str, str]:
    """Version, processor features and accelerators of this build, as text for people."""
    start()
    return {
        "llama-cpp-python": lib.__version__,
        "features": lib.llama_print_system_info().decode("utf-8", "replace").strip(),
        "gpu_offload": "yes" if lib.llama_supports_gpu_offload() else "no",
        "library": str(Path(lib.__file__).parent / "lib"),
    }
