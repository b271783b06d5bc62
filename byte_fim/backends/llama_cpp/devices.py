"""What the native library can compute on: processors, graphics processors, other machines. Knows no model.

Other machines are asked by llama.cpp's own RPC back-end, which has neither passwords nor encryption, and ends the
process when it cannot reach one; so they are looked for before.
"""

# pyright: basic

from __future__ import annotations

import ctypes
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from byte_fim.backends.llama_cpp import library
from byte_fim.backends.llama_cpp.library import lib
from byte_fim.errors import ModelError

Kind = Literal["processor", "gpu", "integrated gpu", "accelerator", "other"]

_KINDS: Sequence[Kind] = ("processor", "gpu", "integrated gpu", "accelerator")  # enum ggml_backend_dev_type
_REACHED_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Something to compute on."""

    name: str
    description: str
    kind: Kind
    free_bytes: int
    total_bytes: int

    is_remote: bool
    """it is another machine's"""

    def __str__(self) -> str:
        return f"{self.name} ({self.description}), {self.free_bytes >> 20} of {self.total_bytes >> 20} MiB free"


def find_devices() -> Sequence[Device]:
    """All of them, those of servers that were added included."""
    library.start()
    count, get = _native("ggml_backend_dev_count", ctypes.c_size_t), _native("ggml_backend_dev_get", ctypes.c_void_p)
    return [_describe(ctypes.c_void_p(get(ctypes.c_size_t(i)))) for i in range(count())]


def find_layer_devices(devices: Sequence[Device]) -> Sequence[Device]:
    """Those whose memory llama.cpp puts layers into: an integrated one only where there is no other GPU."""
    remote = [device for device in devices if device.is_remote]
    own = [device for device in devices if not device.is_remote]
    return remote + ([d for d in own if d.kind == "gpu"] or [d for d in own if d.kind == "integrated gpu"])


def count_free_vram_bytes(devices: Sequence[Device]) -> int:
    """Free memory that only graphics processors have; where they share the processor's (integrated, Metal), none."""
    if sys.platform == "darwin":  # Metal calls its share of the one memory that there is its own
        return 0
    return sum(device.free_bytes for device in devices if device.kind == "gpu" and not device.is_remote)


def add_servers(addresses: Sequence[str]) -> None:
    """Makes devices of other machines, each named HOST:PORT, for the rest of this process. Raises ModelError."""
    if not addresses:
        return
    library.start()
    reg_by_name = _native("ggml_backend_reg_by_name", ctypes.c_void_p)
    find_function = _native("ggml_backend_reg_get_proc_address", ctypes.c_void_p)
    rpc = reg_by_name(b"RPC")
    address = find_function(ctypes.c_void_p(rpc), b"ggml_backend_rpc_add_server") if rpc else None
    if not address:
        raise ModelError(
            "This llama.cpp was built without its RPC back-end, which rpc_servers needs; install it with"
            " -DGGML_RPC=ON (docs/backends.md), or remove the setting."
        )
    add_server = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_char_p)(address)
    for server in addresses:
        _require_reachable(server)
        if not (added := add_server(server.encode())):
            raise ModelError(f"The RPC server {server} offers no device; start it again or remove it from rpc_servers.")
        _native("ggml_backend_register", None)(ctypes.c_void_p(added))


def _require_reachable(server: str) -> None:
    host, _, port = server.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ModelError(f"{server!r} in rpc_servers is no HOST:PORT; write it as 192.168.1.20:50052.")
    try:
        socket.create_connection((host, int(port)), timeout=_REACHED_WITHIN_S).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(
            f"The RPC server {server} cannot be reached ({reason}); start it, or remove it from rpc_servers."
        ) from error


def _describe(device: ctypes.c_void_p) -> Device:
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    _native("ggml_backend_dev_memory", None)(device, ctypes.byref(free), ctypes.byref(total))
    kind = _native("ggml_backend_dev_type", ctypes.c_int)(device)
    name, description = (
        _native(f"ggml_backend_dev_{what}", ctypes.c_char_p)(device).decode("utf-8", "replace")
        for what in ("name", "description")
    )
    return Device(
        name=name,
        description=description.strip(),
        kind=_KINDS[kind] if kind < len(_KINDS) else "other",
        free_bytes=free.value,
        total_bytes=total.value,
        is_remote=name.startswith("RPC"),
    )


def _native(name: str, result: type | None) -> ctypes._NamedFuncPointer:
    """A function of ggml, for which the bindings have none."""
    # elsewhere the symbols of a library's dependencies are found through it; on Windows each has its own table, and
    # what is loaded already is found by its name alone
    libraries = (
        [ctypes.CDLL(f"{name}.dll") for name in ("ggml", "ggml-base")]
        if sys.platform == "win32"
        else [lib.llama_cpp._lib]
    )
    found = next(library for library in libraries if hasattr(library, name))
    function = found[name]
    function.restype = result
    return function
