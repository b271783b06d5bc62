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
from pathlib import Path
from typing import Any

from byte_fim.backends.processors import OPENMP_SETTINGS

os.environ.update({**OPENMP_SETTINGS, **os.environ})  # before the library is loaded, which reads them

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


def library_facts() -> dict[str, str]:
    """Version, processor features and accelerators of this build, as text for people."""
    start()
    return {
        "llama-cpp-python": lib.__version__,
        "features": lib.llama_print_system_info().decode("utf-8", "replace").strip(),
        "gpu_offload": "yes" if lib.llama_supports_gpu_offload() else "no",
        "rpc": "yes" if lib.llama_supports_rpc() else "no",
        "library": os.environ.get("LLAMA_CPP_LIB_PATH") or str(Path(lib.__file__).parent / "lib"),
    }
