"""What is hidden at a cursor, and how what the model says there is judged."""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import cast

import pytest

from benchmarks.cursors import CLASSES, Cursor, classify
from benchmarks.midtoken import (
    Hidden,
    HoleKind,
    Outcome,
    compare,
    rest_of_line,
    sample_hidden,
    source_paths,
    span,
    sum_up,
)
from benchmarks.ways import Way, add_way_options, all_layouts, choose_ways
from lsp_server.model.loading import LoadedModel

TEXT = "def größe(x):\n    if x > 1:\n        return 'ü' + x\n    return x  # ends here\n".encode() * 8
SPM = Way("spm", "anchor")
LOADED = cast(LoadedModel, argparse.Namespace(layout="spm", cut="anchor"))  # all that choosing looks at


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with one file per language."""
    for name in ("a.py", "b.ts", "c.js", "d.txt"):
        (tmp_path / name).write_bytes(TEXT)
    return tmp_path


def at(offset_bytes: int) -> Cursor:
    return Cursor(Path("x.py"), TEXT, offset_bytes, classify(TEXT, offset_bytes))


@pytest.mark.parametrize("kind", ["line", "span"])
def test_a_hole_and_what_is_around_it_is_the_file(source: Path, kind: HoleKind) -> None:
    """At cursors of all classes; nothing is asked where only blanks are hidden."""
    holes = sample_hidden([source / "a.py"], kind, 70, seed=1)

    assert {one.cursor.kind for one in holes} <= set(CLASSES)
    for one in holes:
        assert one.hole.strip()
        assert one.prefix + one.hole + one.suffix in TEXT
        if kind == "line":
            assert b"\n" not in one.hole
            assert one.suffix.startswith(b"\n")


def test_a_span_ends_with_a_whole_character() -> None:
    """Also one that begins inside of a character: a model must be able to say it."""
    for offset_bytes in range(len(TEXT) - 1):
        hole = span(at(offset_bytes), random.Random(offset_bytes))
        n_rest = len(TEXT[:offset_bytes] + hole)

        assert TEXT.startswith(TEXT[:offset_bytes] + hole)
        TEXT[:n_rest].decode()
        assert hole.count(b"\n") <= 2


def test_the_same_seed_hides_the_same(source: Path) -> None:
    """Two models are compared at the same holes."""
    paths = [source / "a.py"]

    assert sample_hidden(paths, "span", 20, seed=3) == sample_hidden(paths, "span", 20, seed=3)
    assert sample_hidden(paths, "span", 20, seed=3) != sample_hidden(paths, "span", 20, seed=4)


def test_files_are_those_of_the_language(source: Path) -> None:
    """A folder may hold several; one that holds none is named."""
    assert [path.name for path in source_paths("typescript", source)] == ["b.ts"]
    (source / "b.ts").unlink()
    with pytest.raises(SystemExit, match="No typescript files below"):
        source_paths("typescript", source)


def test_ways_are_all_combinations_and_cuts_are_of_psm_only() -> None:
    """A cut makes no difference elsewhere, so it must not be asked twice."""
    parser = argparse.ArgumentParser()
    add_way_options(parser)
    plain = choose_ways(parser.parse_args([]), LOADED)
    several = choose_ways(
        parser.parse_args(["--layout", "spm", "psm", "--cut", "word", "cursor", "--conditioning", "exact"]), LOADED
    )

    assert [str(way) for way in plain] == ["spm exact", "spm healing", "spm naive"]
    assert [str(way) for way in several] == ["spm exact", "psm word exact", "psm cursor exact"]
    assert len({str(way) for way in all_layouts(LOADED)}) == 5


def test_the_first_way_stands_beside_each_and_each_beside_itself_without_suffix() -> None:
    """What the suffix is worth is asked of each way; a way without suffix is not compared with another."""
    right, wrong = Outcome("line start", True, True, False), Outcome("punctuation", False, False, True)
    naive, without = Way("spm", "anchor", "naive"), Way("spm", "anchor", has_suffix=False)
    outcomes = {SPM: [right, right, wrong], naive: [wrong, right, wrong], without: [wrong, wrong, wrong]}
    found = compare(outcomes)

    assert [(str(a), str(b), pair.only_a, pair.only_b) for (a, b), pair in found.items()] == [
        ("spm exact", "spm naive", 1, 0),
        ("spm exact", "spm exact, no suffix", 2, 0),
    ]
    figures = sum_up(outcomes)
    assert figures["n"] == 3
    assert figures["exact_match"] == {"spm exact": 2 / 3, "spm naive": 1 / 3, "spm exact, no suffix": 0.0}
    assert figures["ended_itself"] == {"spm exact": 1 / 3, "spm naive": 2 / 3, "spm exact, no suffix": 1.0}


def test_the_rest_of_the_last_line_is_all_there_is() -> None:
    """A file may end without a line break."""
    cursor = Cursor(Path("x"), b"a = bcd", 5, "inside identifier")

    assert rest_of_line(cursor) == b"cd"
    assert Hidden(cursor, b"cd", is_line=True).suffix == b""
