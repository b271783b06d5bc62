"""Nothing that a stranger put into a bundle gets past the checks: nothing is written, and one sentence is said."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from byte_fim.errors import BadModelFile
from lsp_server.store.bundle import ENTRY, LICENCE, MANIFEST, write_bundle
from lsp_server.store.catalog import find_model
from lsp_server.store.unpacking import unpack_bundle
from tests.lsp_server.model_shelf import FILE, NOBODY_KNOWS, make_shelf

Contents = dict[str, bytes]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A good one, to be spoilt."""
    out = tmp_path / "made-up.tar"
    write_bundle(find_model("made-up", catalog=make_shelf(tmp_path / "shipped")), out)
    return out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The user's own, still empty."""
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def unpack(bundle: Path, folder: Path) -> str:
    return unpack_bundle(bundle, folder, catalog=NOBODY_KNOWS).name


def repack(bundle: Path, change: Callable[[Contents, dict[str, Any]], None], *, honest: bool = True) -> None:
    """The bundle with other contents; `honest`: the manifest has their right checksums."""
    with tarfile.open(bundle, "r:") as tar:
        contents = {member.name: tar.extractfile(member).read() for member in tar.getmembers()}  # type: ignore[union-attr]
    manifest = json.loads(contents.pop(MANIFEST))
    change(contents, manifest)
    if honest:
        manifest["files"] = {
            name: {"n_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in contents.items()
        }
    with tarfile.open(bundle, "w") as tar:
        for name, content in {MANIFEST: json.dumps(manifest).encode(), **contents}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def rename_model(name: str) -> Callable[[Contents, dict[str, Any]], None]:
    def change(contents: Contents, manifest: dict[str, Any]) -> None:
        contents[ENTRY] = contents[ENTRY].replace(FILE.encode(), json.dumps(name)[1:-1].encode())
        contents[name] = contents.pop(FILE)
        manifest["model"] = name

    return change


def rewrite_entry(old: str, new: str) -> Callable[[Contents, dict[str, Any]], None]:
    def change(contents: Contents, _: dict[str, Any]) -> None:
        assert old.encode() in contents[ENTRY]
        contents[ENTRY] = contents[ENTRY].replace(old.encode(), new.encode())

    return change


def leave_out_licence(contents: Contents, _: dict[str, Any]) -> None:
    del contents[LICENCE]


def update(changed: dict[str, Any]) -> Callable[[Contents, dict[str, Any]], None]:
    return lambda _, manifest: manifest.update(changed)


HONEST_LIES: dict[str, tuple[Callable[[Contents, dict[str, Any]], None], str]] = {
    "up and out": (rename_model("../evil.gguf"), "no plain name"),
    "absolute": (rename_model("/tmp/evil.gguf"), "no plain name"),
    "of Windows": (rename_model("C:evil.gguf"), "no plain name"),
    "backslash": (rename_model("..\\evil.gguf"), "no plain name"),
    "hidden": (rename_model(".evil.gguf"), "no plain name"),
    "the user's list": (rename_model("added.toml"), "no plain name"),
    "a line of its own": (rename_model("a\nb.gguf"), "no plain name"),
    "no model": (lambda contents, _: contents.update({FILE: b"#!/bin/sh\n"}), "of another file|is not a GGUF model"),
    "another version": (update({"bytefim_bundle": 2}), "is of another version; update bytefim"),
    "no entry": (lambda contents, _: contents.update({ENTRY: b""}), "that cannot be used"),
    "entry is no TOML": (lambda contents, _: contents.update({ENTRY: b"="}), "that cannot be used"),
    "entry is no text": (lambda contents, _: contents.update({ENTRY: b"\xff"}), "that cannot be used"),
    "entry of another file": (rewrite_entry(FILE, "/etc/passwd"), "of another file"),
    "colours": (rewrite_entry("made up", "\\u001b[2J"), "change what a terminal shows"),
    "file missing": (leave_out_licence, "manifest that cannot be read"),
}


@pytest.mark.parametrize("name", HONEST_LIES)
def test_a_bundle_that_wants_more_than_it_may_is_refused(bundle: Path, folder: Path, name: str) -> None:
    """Although every checksum in it is right."""
    change, expected = HONEST_LIES[name]
    repack(bundle, change)
    with pytest.raises(BadModelFile) as caught:
        unpack(bundle, folder)

    assert any(part in str(caught.value) for part in expected.split("|"))
    assert list(folder.iterdir()) == []
    assert "\x1b" not in str(caught.value)


LIES: dict[str, tuple[Callable[[Contents, dict[str, Any]], None], str]] = {
    "wrong bytes": (lambda c, _: c.update({FILE: c[FILE][:-1] + b"?"}), "another SHA-256 than its manifest says"),
    "more bytes": (lambda c, _: c.update({FILE: c[FILE] + b"?"}), "100001 bytes, and its manifest says 100000"),
    "another entry": (rewrite_entry("made up", "made op"), "holds another entry.toml"),
    "negative size": (lambda _, m: m["files"][FILE].update(n_bytes=-1), "manifest that cannot be read"),
    "no digest": (lambda _, m: m["files"][FILE].update(sha256="?"), "manifest that cannot be read"),
    "files are a list": (update({"files": []}), "manifest that cannot be read"),
    "model is a list": (update({"model": []}), "manifest that cannot be read"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_bundle_that_contradicts_itself_is_refused(bundle: Path, folder: Path, name: str) -> None:
    """Damage and bad will look the same."""
    change, expected = LIES[name]
    repack(bundle, change, honest=False)
    with pytest.raises(BadModelFile) as caught:
        unpack(bundle, folder)

    assert expected in str(caught.value)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
@pytest.mark.parametrize("place", [MANIFEST, FILE])
def test_only_ordinary_files_are_taken(bundle: Path, folder: Path, kind: bytes, place: str) -> None:
    """A link could point anywhere."""
    with tarfile.open(bundle, "r:") as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar.getmembers()]  # type: ignore[union-attr]
    with tarfile.open(bundle, "w") as tar:
        for member, content in members:
            if member.name == place:
                member.type, member.linkname = kind, "/etc/passwd"
            tar.addfile(member, io.BytesIO(content) if member.type == tarfile.REGTYPE else None)
    with pytest.raises(BadModelFile, match=r"where|no bundle"):
        unpack(bundle, folder)

    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("n_bytes", [0, 1, 511, 512, 700, 1024, 3000, 50_000, 100_000])
def test_a_bundle_that_was_cut_off_is_refused(bundle: Path, folder: Path, n_bytes: int) -> None:
    """A stick that was full."""
    bundle.write_bytes(bundle.read_bytes()[:n_bytes])
    with pytest.raises(BadModelFile):
        unpack(bundle, folder)

    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("content", [b"hello " * 1000, b"\x1f\x8b" + bytes(1000), bytes(10_240)])
def test_what_is_no_bundle_is_refused(folder: Path, tmp_path: Path, content: bytes) -> None:
    """Some text, something compressed, an empty archive."""
    (tmp_path / "x.tar").write_bytes(content)
    with pytest.raises(BadModelFile, match=r"is no bundle|ends before its manifest\.json"):
        unpack(tmp_path / "x.tar", folder)
