"""Which packages the corpus is made of, and which are kept for measuring. Knows neither archives nor networks.

packages.tsv has a line for each: registry, name, version, licence as found, and the languages that are taken from it.
HELDOUT.txt names those that no model may see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

Registry = Literal["debian", "installed", "npm", "pypi"]

COLUMNS = ("registry", "name", "version", "licence", "languages")
HERE = Path(__file__).resolve().parents[1]
PACKAGES = HERE / "packages.tsv"
HELD_OUT = HERE / "HELDOUT.txt"
STANDARD_LIBRARY = "cpython-stdlib"


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """A line of packages.tsv."""

    registry: Registry
    """`installed`: in the environment that runs the recipe, the standard library among them; nothing is fetched"""
    name: str
    version: str
    """Debian and `installed` have one version of each, which may be another."""
    licence: str
    """what the package says where it is read by a program, or else what a person found"""
    languages: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where it is kept, below the folder of downloads."""
        return Path(self.registry) / f"{self.name.replace('/', '+')}-{self.version}"


def read_packages(path: Path = PACKAGES) -> list[Package]:
    """All lines. Raises ValueError with the line's number for one that does not have these columns."""
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    if tuple(head.split("\t")) != COLUMNS:
        raise ValueError(f"{path}: the first line must name the columns {', '.join(COLUMNS)}")
    packages: list[Package] = []
    for number, line in enumerate(lines, start=2):
        cells = line.split("\t")
        if len(cells) != len(COLUMNS) or cells[0] not in get_args(Registry) or not all(cells):
            raise ValueError(f"{path}, line {number}: a registry and four other cells, apart by tabs: {line!r}")
        registry, name, version, licence, languages = cells
        packages.append(Package(cast(Registry, registry), name, version, licence, tuple(languages.split(","))))
    return packages


def read_held_out(path: Path = HELD_OUT) -> frozenset[str]:
    """Names as `canonical_name` gives them."""
    return frozenset(canonical_name(line) for line in path.read_text(encoding="utf-8").split() if line)


def canonical_name(name: str) -> str:
    """One spelling for all that a registry takes for the same name."""
    return re.sub(r"[-_.]+", "-", name.lower())


def held_out_first(packages: Iterable[Package], held_out: frozenset[str]) -> list[tuple[Package, bool]]:
    """Each with whether it is held out. These come first, so that copies of them are known in all others."""
    marked = [(package, canonical_name(package.name) in held_out) for package in packages]
    return sorted(marked, key=lambda pair: not pair[1])
