"""Which licences source may have to be trained on: permissive ones, stated by the package itself. Knows no archives.

What is not known to be permissive is refused. A licence is stated as an SPDX expression, as a classifier of the Python
index, or in the words that people use instead.
"""

from __future__ import annotations

import re

PERMISSIVE = frozenset(
    name
    for names in (
        "0bsd",
        "apache-2.0 | apache 2.0 | apache 2.0 license | apache license | apache license 2.0 | apache software license",
        "blueoak-1.0.0",
        "bsd | bsd license | new bsd | bsd-1-clause | bsd-2-clause",
        "bsd-3-clause | bsd 3-clause | bsd 3-clause license",
        "bsl-1.0",
        "cc0-1.0 | cc0 1.0 universal (cc0 1.0) public domain dedication | public domain",
        "curl",
        "hpnd | historical permission notice and disclaimer (hpnd)",
        "isc | isc license (iscl)",
        "licenseref-biopython-license-agreement",
        "mit | mit license | mit-0 | mit no attribution license (mit-0) | mit-cmu",
        "postgresql",
        "psf-2.0 | python-2.0 | python software foundation license",
        "unicode-3.0 | unicode-dfs-2016",
        "unlicense | the unlicense (unlicense)",
        "zlib | zlib/libpng license",
    )
    for name in names.split(" | ")
)
"""In lower case."""

_OPERATORS = re.compile(r"(\(|\)|,|\band\b|\bor\b)")
_EXCEPTION = re.compile(r"\s+with\s+[\w.+-]+$")
_TELLING_WORDS = (
    ("GENERAL PUBLIC LICENSE", "GPL"),  # first: such a file may quote the licences of what it bundles
    ("Mozilla Public License", "MPL"),
    ("Permission is hereby granted, free of charge", "MIT"),
    ("Redistribution and use in source and binary forms", "BSD"),
    ("Apache License", "Apache-2.0"),
)


def is_permissive(licence: str) -> bool:
    """Is it enough to keep permissive terms? Of licences joined by AND or a comma all must be, by OR one.

    An exception (WITH) only ever permits more. What is no statement at all is refused.
    """
    stated = " ".join(licence.lower().split())
    if stated in PERMISSIVE:  # a name with brackets or commas in it
        return True
    parts = [part.strip() for part in _OPERATORS.split(stated) if part.strip()]
    try:
        verdict, rest = _any_of(parts)
    except _NoStatement:
        return False
    return verdict and not rest


def recognise_licence(text: str) -> str:
    """The name of a licence by its text; empty for one that is not known."""
    words = " ".join(text.split())
    return next((name for telling, name in _TELLING_WORDS if telling in words), "")


class _NoStatement(Exception):
    """A name or a bracket is missing."""


def _any_of(parts: list[str]) -> tuple[bool, list[str]]:
    """A verdict, and what follows it."""
    verdict, parts = _all_of(parts)
    while parts[:1] == ["or"]:
        other, parts = _all_of(parts[1:])
        verdict = verdict or other
    return verdict, parts


def _all_of(parts: list[str]) -> tuple[bool, list[str]]:
    verdict, parts = _one(parts)
    while parts[:1] in (["and"], [","]):
        other, parts = _one(parts[1:])
        verdict = verdict and other
    return verdict, parts


def _one(parts: list[str]) -> tuple[bool, list[str]]:
    if parts[:1] == ["("]:
        verdict, parts = _any_of(parts[1:])
        if parts[:1] != [")"]:
            raise _NoStatement
        return verdict, parts[1:]
    if not parts or _OPERATORS.fullmatch(parts[0]):
        raise _NoStatement
    return _EXCEPTION.sub("", parts[0]) in PERMISSIVE, parts[1:]
