"""Archives: what strangers packed is read, never unpacked, and only from within."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from recipe.archives import LARGEST_FILE_BYTES, Source, find_source, read_folder, read_npm, read_wheel
from recipe.packages import STANDARD_LIBRARY, Package
from tests.training.archives import write_tarball, write_wheel

EVIL: tuple[str, ...] = ("/etc/evil.py", "../evil.py", "package/../../evil.py", "C:/evil.py", "package\\..\\evil.py")


def test_members_that_lead_out_of_an_archive_are_left_out(tmp_path: Path) -> None:
    """Their names would go on living in the corpus as if they were the package's."""
    files = dict.fromkeys((*EVIL, "package/good.py"), "x = 1\n")
    wheel = read_wheel(write_wheel(tmp_path / "toy.whl", files, metadata=""))
    tarball = read_npm(write_tarball(tmp_path / "toy.tgz", files))

    assert _paths(wheel) == ["package/good.py", "toy-1.dist-info/METADATA"]
    assert _paths(tarball) == ["good.py"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link names a file of this machine."""
    (tmp_path / "secret.py").write_text("secret = 1\n")
    tarball = write_tarball(tmp_path / "toy.tgz", {}, links={"package/link.py": str(tmp_path / "secret.py")})
    wheel = write_wheel(tmp_path / "toy.whl", {}, metadata="")
    with zipfile.ZipFile(wheel, "a") as archive:
        link = zipfile.ZipInfo("link.py")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(tmp_path / "secret.py"))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link.py").symlink_to(tmp_path / "secret.py")

    assert _paths(read_npm(tarball)) == []
    assert _paths(read_wheel(wheel)) == ["toy-1.dist-info/METADATA"]
    assert _paths(read_folder(folder)) == []


def test_only_wanted_files_of_a_sane_size_are_read(tmp_path: Path) -> None:
    """A small archive may hold a file that fills the memory."""
    files = {"package/a.py": "a\n", "package/b.txt": "b\n", "package/c.py": "c" * (LARGEST_FILE_BYTES + 1)}
    source = read_npm(write_tarball(tmp_path / "toy.tgz", files))

    assert list(source.read_files(lambda path: path.endswith(".py"))) == [("a.py", b"a\n")]


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        (
            "License-Expression: MIT OR Apache-2.0\nClassifier: License :: OSI Approved :: BSD License",
            "MIT OR Apache-2.0",
        ),
        (
            "Classifier: License :: OSI Approved\nClassifier: License :: OSI Approved :: BSD License\nLicense: mine",
            "BSD License",
        ),
        ("License: Apache 2.0", "Apache 2.0"),
        ("Classifier: License :: OSI Approved", "MIT"),
        ("", "MIT"),
    ],
)
def test_a_wheels_licence_is_what_its_metadata_say(tmp_path: Path, metadata: str, licence: str) -> None:
    """In the order of how exact the fields are; the text of the licence comes last."""
    files = {"toy-1.dist-info/licenses/LICENSE": "Permission is hereby granted, free of charge, to any person"}
    source = read_wheel(write_wheel(tmp_path / "toy.whl", files, metadata=metadata))

    assert (source.version, source.licence) == ("1", licence)


@pytest.mark.parametrize(
    ("stated", "licence"),
    [
        ('"license": "ISC"', "ISC"),
        ('"license": {"type": "MIT", "url": "here"}', "MIT"),
        ('"licenses": [{"type": "MIT"}, {"type": "GPL-2.0"}]', "MIT OR GPL-2.0"),
        ('"private": true', ""),
    ],
)
def test_an_npm_packages_licence_is_what_its_manifest_says(tmp_path: Path, stated: str, licence: str) -> None:
    """Old packages state it in other forms."""
    manifest = f'{{"name": "toy", "version": "2.0.0", {stated}}}'
    source = read_npm(write_tarball(tmp_path / "toy.tgz", {"package/package.json": manifest}))

    assert (source.version, source.licence) == ("2.0.0", licence)


def test_a_package_is_found_where_it_was_fetched(tmp_path: Path) -> None:
    """Debian's signature and packaging lie beside its upstream tarball."""
    folder = tmp_path / "debian/toy-1.0"
    write_tarball(folder / "toy_1.0-2.debian.tar.gz", {"debian/rules.c": ""})
    write_tarball(folder / "toy_1.0.orig.tar.gz", {"toy-1.0/src/toy.c": "int x;\n"})
    (folder / "toy_1.0.orig.tar.gz.asc").write_text("signed")
    debian = find_source(Package("debian", "toy", "1.0", "MIT", ("c",)), tmp_path)
    installed = find_source(Package("installed", STANDARD_LIBRARY, "3", "PSF-2.0", ("python",)), tmp_path)

    assert debian
    assert debian.version == "1.0"
    assert _paths(debian) == ["src/toy.c"]
    assert installed
    assert next(installed.read_files(lambda path: path == "ast.py"))[0] == "ast.py"
    assert find_source(Package("npm", "toy", "1.0", "MIT", ("js",)), tmp_path) is None


def _paths(source: Source) -> list[str]:
    return [path for path, _ in source.read_files(lambda path: True)]
