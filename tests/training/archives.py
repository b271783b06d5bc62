"""Packages for tests: what a registry would send, with members that no honest package has, if wanted."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path


def write_wheel(path: Path, files: Mapping[str, str], *, metadata: str) -> Path:
    """A wheel; `metadata` is what its METADATA says beside name and version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
        wheel.writestr("toy-1.dist-info/METADATA", f"Name: toy\nVersion: 1\n{metadata}\n\nLicense: GPL\n")
    return path


def write_tarball(path: Path, files: Mapping[str, str], *, links: Mapping[str, str] | None = None) -> Path:
    """A tarball; `links` are symbolic."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tarball:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tarball.addfile(member, io.BytesIO(text.encode()))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tarball.addfile(member)
    return path
