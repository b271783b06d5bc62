"""Fetches the packages of packages.tsv with the registries' own clients: pip, npm, apt-get. Goes on where it stopped.

    fetch_corpus.py --out work/downloads

What cannot be had is named at the end; the corpus is built without it. Debian's few are optional: apt-get must be there
and know source packages. Nothing is unpacked, installed or run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from recipe.packages import PACKAGES, Package, read_packages

PYTHON_VERSION = "3.12"
"""Whose wheels are taken; also packages that want a newer Python than the recipe's have source."""

Fetch = Callable[[Package, Path], None]
"""Puts a package's archives into a folder; raises OSError or CalledProcessError when it cannot be had."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, default=PACKAGES)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    missing = fetch_all(read_packages(options.packages), options.out)
    for package in missing:
        print(f"could not be had: {package.registry} {package.name} {package.version}")
    return 0


def fetch_all(
    packages: Iterable[Package], downloads: Path, fetchers: Mapping[str, Fetch] | None = None
) -> list[Package]:
    """Fetches what is not there yet; returns what could not be had. A folder that is there is complete."""
    fetchers = FETCHERS if fetchers is None else fetchers
    wanted = [package for package in packages if package.registry in fetchers]
    missing: list[Package] = []
    for number, package in enumerate(wanted, start=1):
        folder = downloads / package.folder
        told = f"[{number}/{len(wanted)}] {package.registry} {package.name} {package.version}"
        if folder.exists():
            print(f"{told}: there already", flush=True)
            continue
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent) as temporary:
            complete = Path(temporary) / "complete"
            complete.mkdir()
            try:
                fetchers[package.registry](package, complete)
            except (OSError, subprocess.CalledProcessError) as error:
                print(f"{told}: {error}", flush=True)
                missing.append(package)
                continue
            complete.rename(folder)
        n_bytes = sum(path.stat().st_size for path in folder.iterdir())
        print(f"{told}: {n_bytes / 1e6:.1f} MB", flush=True)
    return missing


def _fetch_wheel(package: Package, folder: Path) -> None:
    only_wheels = ("--only-binary", ":all:", "--python-version", PYTHON_VERSION)
    requirement = f"{package.name}=={package.version}"
    _run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *only_wheels, requirement, folder=folder)


def _fetch_npm(package: Package, folder: Path) -> None:
    _run("npm", "pack", "--silent", f"{package.name}@{package.version}", folder=folder)


def _fetch_debian(package: Package, folder: Path) -> None:
    # the version is the release's own; apt-get would want its whole name
    _run("apt-get", "source", "--quiet", "--download-only", package.name, folder=folder)


FETCHERS: Mapping[str, Fetch] = {"pypi": _fetch_wheel, "npm": _fetch_npm, "debian": _fetch_debian}


def _run(*command: str, folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
