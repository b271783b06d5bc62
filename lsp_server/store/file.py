"""What can be told of a model's file without loading it: whether it can be one, and what tells it from others.

Knows no catalogue and no runtime.

The header of a GGUF file is described in the ggml project's docs/gguf.md.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import stat
import struct
from pathlib import Path

from byte_fim.errors import BadModelFile

_GGUF_HEADER = struct.Struct("<4sIQQ")  # magic, version, number of tensors, number of metadata entries
_GGUF_LEAST_BYTES_PER_TENSOR = 32  # name length, dimensions, type, offset, without the name itself


def require_model_file(path: Path) -> None:
    """Raises BadModelFile when a look at the first bytes is enough to see that the file is no model."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise BadModelFile(f"{path} is a folder; name the .gguf file inside it.")
        if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait forever
            raise BadModelFile(f"{path} is not an ordinary file; name a .gguf file.")
        with path.open("rb") as file:
            head = file.read(_GGUF_HEADER.size)
    except FileNotFoundError as error:
        raise BadModelFile(f"There is no file {path}; check the path, or choose a model by name.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadModelFile(f"{str(path)!r} cannot be read ({reason}); check the path and its permissions.") from error
    _require_header(path, head, n_bytes=status.st_size)


def find_sha256(path: Path) -> str:
    """The digest of the whole file, in hexadecimal digits. Reads all of it. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_header(path: Path, head: bytes, *, n_bytes: int) -> None:
    if not head:
        raise BadModelFile(f"{path} is empty; fetch the model again.")
    if not head.startswith(b"GGUF"[: len(head)]):
        raise BadModelFile(f"{path} is not a GGUF model (it begins with {head[:4]!r}); name a .gguf file.")
    if len(head) < _GGUF_HEADER.size:
        raise BadModelFile(f"{path} ends after {len(head)} bytes; fetch the model again.")
    _, version, n_tensors, _ = _GGUF_HEADER.unpack(head)
    if version > 0xFFFF:  # a big-endian file shows its version in the upper half
        raise BadModelFile(f"{path} is a big-endian version of a GGUF file; fetch the little-endian one.")
    if version < 2:
        raise BadModelFile(f"{path} is a GGUF file of a version that llama.cpp does not read; convert the model again.")
    if n_tensors * _GGUF_LEAST_BYTES_PER_TENSOR > n_bytes:
        raise BadModelFile(
            f"{path} is cut off or damaged ({n_tensors} tensors do not fit {n_bytes} bytes); fetch the model again."
        )


def key_of(model_file: Path, *circumstances: object) -> str:
    """Changes with the native library, the model's file, and whatever else may change the finding (as JSON).

    Raises BadModelFile when there is no native library.
    """
    files = [identify(file) for file in (*_library_files(), model_file)]
    return hashlib.sha256(json.dumps([files, circumstances]).encode()).hexdigest()


def identify(path: Path) -> list[str | int]:
    """What changes when another file comes to lie there, as JSON. Raises OSError."""
    status = path.stat()
    return [str(path.resolve()), status.st_size, status.st_mtime_ns]


def _library_files() -> list[Path]:
    """The native libraries of llama-cpp-python, found without importing it: the import alone runs native code."""
    package = importlib.util.find_spec("llama_cpp")
    if package is None or package.origin is None:
        raise BadModelFile(
            "The package llama-cpp-python is missing, and without it no model runs; install bytefim again."
        )
    folder = Path(os.environ.get("LLAMA_CPP_LIB_PATH") or Path(package.origin).parent / "lib")
    return sorted(file for file in folder.glob("*") if {".so", ".dylib", ".dll"} & set(file.suffixes))
