"""The corpus of the benchmarks: what is called unseen must be unseen."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from benchmarks.held_out import HELD_OUT, OTHERS, TRAINED_LANGUAGES

SOURCES = Path(__file__).resolve().parents[2] / "models" / "training" / "sources.tsv"


@pytest.fixture(scope="module")
def trained() -> set[str]:
    """Names of what the embedded models were trained on."""
    with SOURCES.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["split"] == "train"]
    assert rows
    return {row["package"].lower() for row in rows}


def test_no_package_that_judges_a_model_was_trained_on(trained: set[str]) -> None:
    """A model that has seen the answer says nothing about itself."""
    names = {requirement.split("==")[0].lower() for requirement in HELD_OUT}
    names |= {archive.name.lower() for language in TRAINED_LANGUAGES for archive in OTHERS[language]}

    assert not names & trained
