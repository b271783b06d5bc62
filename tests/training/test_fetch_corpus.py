"""Fetching: hundreds of packages; some cannot be had, and it is stopped now and then."""

from __future__ import annotations

from pathlib import Path

import pytest

from fetch_corpus import fetch_all
from recipe.packages import Package

PACKAGES = [Package("npm", f"@scope/toy{number}", "1.0", "MIT", ("js",)) for number in range(3)]
INSTALLED = Package("installed", "cpython-stdlib", "3.12", "PSF-2.0", ("python",))


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    """A run that was stopped goes on; what is installed needs no fetching."""
    fetched: list[str] = []

    def fetch(package: Package, folder: Path) -> None:
        fetched.append(package.name)
        (folder / "toy.tgz").write_bytes(b"toy")

    assert fetch_all([*PACKAGES[:2], INSTALLED], tmp_path, {"npm": fetch}) == []
    assert fetch_all([*PACKAGES, INSTALLED], tmp_path, {"npm": fetch}) == []
    assert fetched == [package.name for package in PACKAGES]


def test_what_cannot_be_had_is_named_and_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Half a package must not pass for one the next time."""

    def fetch(package: Package, folder: Path) -> None:
        (folder / "toy.tgz").write_bytes(b"to")
        if package is PACKAGES[1]:
            raise OSError("no such package")

    assert fetch_all(PACKAGES, tmp_path, {"npm": fetch}) == [PACKAGES[1]]
    assert "[2/3] npm @scope/toy1 1.0: no such package" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "npm").iterdir()) == ["@scope+toy0-1.0", "@scope+toy2-1.0"]
