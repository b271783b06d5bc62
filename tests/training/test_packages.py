"""The list of packages: what the models are made of can be read there; what they may never see is not trained on."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipe.cleaning import LANGUAGES
from recipe.licences import is_permissive
from recipe.packages import HELD_OUT, Package, canonical_name, held_out_first, read_held_out, read_packages

LISTED = read_packages()
PYTHON_OF_BENCHMARKS = {"flask", "httpx", "marshmallow", "networkx", "peewee", "arrow", "tenacity", "loguru"}
OTHERS_OF_BENCHMARKS = {"express", "zod", "immer", "comlink", "@tanstack/virtual-core", "rxdb", "mocha", "commander"}


def test_the_list_is_sorted_and_names_nothing_twice() -> None:
    """Whoever adds a package finds its place, and a change is one line."""
    keys = [(package.registry, package.name.lower()) for package in LISTED]

    assert keys == sorted(set(keys))


@pytest.mark.parametrize("package", LISTED, ids=lambda package: f"{package.registry}-{package.name}")
def test_every_package_has_a_permissive_licence_and_known_languages(package: Package) -> None:
    """A model's card says so of all of them."""
    assert is_permissive(package.licence)
    assert set(package.languages) <= set(LANGUAGES.values())


def test_nothing_that_is_held_out_is_trained_on() -> None:
    """Measured on what it has seen, a model looks better than it is."""
    held_out = read_held_out()
    trained = {package.name for package, is_held in held_out_first(LISTED, held_out) if not is_held}

    assert set(map(canonical_name, PYTHON_OF_BENCHMARKS | OTHERS_OF_BENCHMARKS)) <= held_out
    assert held_out.isdisjoint(map(canonical_name, trained))
    assert held_out <= {canonical_name(package.name) for package in LISTED}


def test_held_out_packages_come_first_however_they_are_spelled() -> None:
    """Only then are copies of them recognised in the others."""
    packages = [Package("pypi", name, "1", "MIT", ("python",)) for name in ("Abc", "My_Package", "Xyz")]
    ordered = held_out_first(packages, frozenset({canonical_name("my.package")}))

    assert [(package.name, is_held) for package, is_held in ordered] == [
        ("My_Package", True),
        ("Abc", False),
        ("Xyz", False),
    ]


def test_the_held_out_names_are_sorted() -> None:
    """As in the other list."""
    names = HELD_OUT.read_text(encoding="utf-8").split()

    assert names == sorted(set(names))


@pytest.mark.parametrize("line", ["pypi\ttoy\t1\tMIT", "pypi\ttoy\t1\t\tpython", "gems\ttoy\t1\tMIT\truby"])
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    """A package without a licence must not get in by a slip of the hand."""
    path = tmp_path / "packages.tsv"
    path.write_text(f"registry\tname\tversion\tlicence\tlanguages\n{line}\n", encoding="utf-8")

    with pytest.raises(ValueError, match="line 2"):
        read_packages(path)
