"""Licences: nothing is trained on that its authors did not permit to be used freely."""

from __future__ import annotations

import pytest

from recipe.licences import is_permissive, recognise_licence


@pytest.mark.parametrize(
    "licence",
    [
        "MIT",
        "mit license",
        "Apache-2.0 OR BSD-3-Clause",
        "(MIT OR GPL-2.0-only) AND ISC",
        "GPL-3.0-or-later OR Apache-2.0",
        "BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0",
        "Apache-2.0 WITH LLVM-exception",
        "MIT License, Apache Software License",
        "ISC License (ISCL)",
        "Apache  License\n2.0",
    ],
)
def test_permissive_ones_are_taken(licence: str) -> None:
    """In every way in which packages state them."""
    assert is_permissive(licence)


@pytest.mark.parametrize(
    "licence",
    [
        "",
        "GPL-3.0-only",
        "AGPL-3.0-or-later",
        "LGPL-2.1-or-later",
        "MPL-2.0",
        "MIT AND GPL-2.0-only",
        "MIT OR GPL-2.0-only AND LGPL-2.1-only AND",
        "(MIT OR GPL-2.0-only) AND LGPL-2.1-only",
        "BSD License, GNU General Public License v3 (GPLv3)",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "SEE LICENSE IN LICENSE.md",
        "UNLICENSED",
        "MIT-like",
        "Commons Clause",
        "(MIT",
        "MIT)",
        "OR",
        "MIT MIT",
    ],
)
def test_all_others_are_refused(licence: str) -> None:
    """Also what nobody can read: better too little source than somebody's who did not permit it."""
    assert not is_permissive(licence)


def test_a_licence_is_recognised_by_its_text() -> None:
    """Some packages state it in no other way; one that quotes a permissive text within the GPL's is not permissive."""
    mit = "Permission is hereby granted,\nfree of charge, to any person"

    assert recognise_licence(f"Copyright (c) Somebody\n\n{mit}") == "MIT"
    assert recognise_licence("Redistribution and use in source and\n binary forms, with or without") == "BSD"
    assert not is_permissive(recognise_licence(f"GNU GENERAL PUBLIC LICENSE\n...\n{mit}"))
    assert recognise_licence("All rights reserved.") == ""
