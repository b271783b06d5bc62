"""Make `.venv` with everything the project needs. Run by `make`; needs only Python, a C++ compiler and cmake.

The one slow step is compiling llama.cpp (inside llama-cpp-python). Its wheel is kept outside the tree in a folder
named by the build flags and this processor, because pip's own cache knows neither: it would hand an AVX-512 build to
a machine without AVX-512. Its source archive also carries the vocabularies of well-known models, which the tests use;
they are kept beside it. Knows nothing of what the packages do.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import time
import tomllib
import venv
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed-from"

# GCC 12 miscompiles ggml's AMX kernels: they read 8 of 64 tile-config bytes and crash. Without the macro they are
# left out.
NO_AMX = "-U__AMX_INT8__" if sys.platform == "linux" else ""
BUILD_FLAGS = [
    f"-DCMAKE_C_FLAGS={NO_AMX}",
    f"-DCMAKE_CXX_FLAGS={NO_AMX}",
    "-DGGML_LLAMAFILE=OFF",  # its kernels sum in an order that depends on the batch: docs/decisions/0005
    "-DLLAVA_BUILD=OFF",  # no images in code completion
    "-DLLAMA_OPENSSL=OFF",  # nothing here speaks to the network
    *os.environ.get("CMAKE_ARGS", "").split(),
]
VOCABULARIES = (
    *("qwen2", "starcoder", "deepseek-coder", "llama-spm"),
    *("aquila", "baichuan", "command-r", "deepseek-llm", "gemma-4", "gpt-2", "gpt-neox", "llama-bpe", "mpt", "phi-3"),
    *("qwen35", "refact"),
    *("bert-bge", "falcon", "nomic-bert-moe"),  # which no completion can come from
)
PROGRESS_INTERVAL_S = 5.0
STEP = re.compile(r"\[(\d+)/(\d+)\]")


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - the one file that an older Python may be asked to run
        return fail(f"Python {platform.python_version()} is too old; run make with PYTHON=python3.11 or newer.")
    wanted = (ROOT / "pyproject.toml").read_bytes()
    stamp = hashlib.sha256(wanted + "".join([*BUILD_FLAGS, *VOCABULARIES]).encode()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == stamp:
        return 0
    requirement = next(
        line
        for line in tomllib.loads(wanted.decode())["project"]["dependencies"]
        if line.startswith("llama-cpp-python")
    )
    say("Setting up .venv (the first time on a machine: 4 to 10 minutes, nearly all of it compiling llama.cpp).")
    if not python().exists():
        venv.EnvBuilder(with_pip=True, clear=True).create(VENV)
    source = find_source(requirement) or fetch_source(requirement)
    wheel = source and (find_wheel(requirement) or build_wheel(requirement, source))
    if source is None or wheel is None:
        return 1
    unpack_vocabularies(source)
    say("Installing bytefim and its development tools into .venv ...")
    pip = [str(python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # the first is forced: pip would keep a build with other flags, since its version is the same
    for arguments in (["--force-reinstall", "--no-deps", str(wheel)], ["-e", f"{ROOT}[dev]"]):
        if subprocess.run([*pip, *arguments], check=False).returncode != 0:
            return fail("pip could not install the packages (message above); check the network and run make again.")
    STAMP.write_text(stamp)
    say("Ready: .venv/bin/bytefim")
    return 0


def python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bytefim"


def find_source(requirement: str) -> Path | None:
    """The newest that is here, unless it is older than required."""
    newest = max((cache_folder() / "source").glob("llama_cpp_python-*.tar.gz"), key=version_of, default=None)
    return newest if newest and version_of(newest) >= version_of(requirement) else None


def version_of(named: Path | str) -> tuple[int, ...]:
    """Three numbers in the name of an archive or in a requirement."""
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", Path(named).name)
    return tuple(map(int, found.groups())) if found else ()


def fetch_source(requirement: str) -> Path | None:
    say("Fetching the source of llama-cpp-python (77 MB) ...")
    command = [str(python()), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-binary", "llama-cpp-python", "-d", str(cache_folder() / "source"), requirement]
    if subprocess.run(command, check=False).returncode != 0:
        fail("pip could not fetch llama-cpp-python (message above); check the network and run make again.")
        return None
    return find_source(requirement)


def unpack_vocabularies(source: Path) -> None:
    """Only the vocabularies that the tests read, 75 MB; no weights are in them."""
    folder = cache_folder() / "vocabularies"
    wanted = {f"ggml-vocab-{name}.gguf" for name in VOCABULARIES}
    if folder.is_dir() and wanted <= {path.name for path in folder.iterdir()}:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(source) as archive:
        for member in archive:
            if (name := Path(member.name).name) in wanted and (data := archive.extractfile(member)):
                (folder / name).write_bytes(data.read())


def wheel_folder(requirement: str) -> Path:
    key = hashlib.sha256("\n".join([requirement, processor(), *BUILD_FLAGS]).encode()).hexdigest()[:12]
    return cache_folder() / "wheels" / key


def processor() -> str:
    """What decides whether native code of one machine runs on another, as text."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    flags = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    return f"{platform.machine()} {flags}"


def find_wheel(requirement: str) -> Path | None:
    return next(iter(sorted(wheel_folder(requirement).glob("llama_cpp_python-*.whl"))), None)


def build_wheel(requirement: str, source: Path) -> Path | None:
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++", "cl")):
        fail("No C++ compiler found; install one (Debian: apt install g++ cmake; macOS: xcode-select --install).")
        return None
    folder = wheel_folder(requirement)
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
    environment = {
        **os.environ,
        "CMAKE_ARGS": " ".join(BUILD_FLAGS),
        "CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count() or 2),
    }
    command = [str(python()), "-m", "pip", "wheel", "-v", "--no-deps", "--no-cache-dir", "--disable-pip-version-check"]
    command += ["-w", str(unfinished), str(source)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as build:
        assert build.stdout is not None
        last_lines = show_progress(build.stdout)
    if build.returncode != 0:
        print("".join(last_lines), file=sys.stderr)
        shutil.rmtree(unfinished, ignore_errors=True)
        fail("llama-cpp-python did not build (its last lines are above); it needs a C++17 compiler and cmake >= 3.21.")
        return None
    folder.mkdir(parents=True, exist_ok=True)
    for built in unfinished.glob("*.whl"):
        built.replace(folder / built.name)
    unfinished.rmdir()
    return find_wheel(requirement)


def show_progress(lines: Iterable[str]) -> list[str]:
    """Reads the build's output to its end; says how far it is every few seconds. Returns the last lines."""
    start_s = shown_s = time.monotonic()
    last_lines: list[str] = []
    for line in lines:
        last_lines = [*last_lines[-39:], line]
        now_s = time.monotonic()
        if (step := STEP.search(line)) and now_s - shown_s > PROGRESS_INTERVAL_S:
            say(f"  compiling llama.cpp: {step[1]} of {step[2]} files, {now_s - start_s:.0f} s")
            shown_s = now_s
    return last_lines


def say(text: str) -> None:
    print(text, flush=True)


def fail(text: str) -> int:
    print(f"setup: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
