"""Scores of infilling: what counts as found again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.infill import Score, compare, draw, edit_similarity, judge, sum_up
from benchmarks.infilling_tasks import DATASET, Task, read_tasks
from benchmarks.ways import Way
from byte_fim.generate import Alternative, StopReason

pytestmark = pytest.mark.skipif(os.name == "nt", reason="candidates are run on POSIX systems only")

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "infill.py"
TASK = Task("T", "def f(x):\n    ret", "urn x", " + 1\n", "def check(c):\n    assert c(1) == 2\n", "f")
EXACT, NAIVE = Way("spm", "word"), Way("spm", "word", "naive")


def said(middle: str, stop_reason: StopReason = "end") -> Alternative:
    return Alternative(middle.encode(), -1.0, stop_reason, 1)


@pytest.mark.parametrize(
    ("a", "b", "similarity"),
    [
        ("", "", 1.0),
        ("abc", "", 0.0),
        ("abc", "abc", 1.0),
        ("kitten", "sitting", 1 - 3 / 7),
        ("return x", "return  x", 1 - 1 / 9),
        ("ab", "ba", 0.0),
        ("größe", "grösse", 1 - 2 / 6),
        ("flaw", "lawn", 0.5),
    ],
)
def test_edit_similarity_counts_characters(a: str, b: str, similarity: float) -> None:
    """By hand: one less the insertions, deletions and replacements over the longer text; either way round."""
    assert edit_similarity(a, b) == pytest.approx(similarity)
    assert edit_similarity(b, a) == pytest.approx(similarity)


@pytest.mark.parametrize(
    ("middle", "is_exact", "begins_right", "has_passed"),
    [
        ("urn x", True, True, True),
        ("urn x  ", True, True, True),
        ("urn x * 1", False, True, True),
        ("urn 1", False, False, True),
        ("urn 2 * x", False, False, False),
        ("", False, False, False),
    ],
)
def test_a_middle_is_judged_as_it_is(middle: str, is_exact: bool, begins_right: bool, has_passed: bool) -> None:
    """Nothing is trimmed but blanks at the end; another middle may still be a right program."""
    score = judge(TASK, said(middle), execute=True)

    assert (score.is_exact, score.begins_right, score.has_passed) == (is_exact, begins_right, has_passed)


def test_nothing_is_run_unless_it_is_asked_for() -> None:
    """Programs that a model wrote are not run by the way."""
    score = judge(TASK, said("urn x", "budget"), execute=False)

    assert score == Score(True, True, 1.0, ended_itself=False, has_passed=None)
    assert sum_up([score])["pass_at_1"] is None


def test_figures_are_means_and_pairs_are_counts() -> None:
    """The fields that others rely on; a pair counts only tasks on which two ways differ."""
    right, wrong = judge(TASK, said("urn x"), execute=True), judge(TASK, said("rn x", "budget"), execute=True)
    figures = sum_up([right, wrong, wrong, wrong])

    assert (figures["n"], figures["exact_match"], figures["pass_at_1"]) == (4, 0.25, 0.25)
    assert figures["edit_similarity"] == pytest.approx((1 + 3 * 0.8) / 4)
    assert figures["ended_itself"] == 0.25
    assert compare({EXACT: [right, wrong], NAIVE: [wrong, wrong]})[0] == {
        "a": "spm exact",
        "b": "spm naive",
        "figure": "is_exact",
        "only_a": 1,
        "only_b": 0,
        "p_value": 1.0,
    }


def test_tasks_are_drawn_by_the_seed() -> None:
    """A part of a data set must be the same part next time, and not its beginning."""
    tasks = read_tasks(DATASET)

    assert draw(tasks, 164, seed=1) == draw(tasks, 1000, seed=2) == tasks
    assert draw(tasks, 5, seed=1) == draw(tasks, 5, seed=1) != draw(tasks, 5, seed=2)


@pytest.mark.slow
def test_a_run_with_the_embedded_model_ends_in_one_json_object() -> None:
    """End to end: three tasks, two conditionings, programs run; and nothing but the object with --json."""
    options = ["--limit", "3", "--conditioning", "exact", "naive", "--execute", "--json"]
    ran = subprocess.run([sys.executable, SCRIPT, *options], check=True, capture_output=True, text=True)
    found = json.loads(ran.stdout)

    assert found["n"] == 3
    assert set(found["ways"]) == {"spm exact", "spm naive"}
    assert found["exact_match"] == found["ways"]["spm exact"]["exact_match"]
    assert all(0.0 <= found[name] <= 1.0 for name in ("exact_match", "edit_similarity", "pass_at_1"))
    assert {(pair["a"], pair["b"]) for pair in found["pairs"]} == {("spm exact", "spm naive")}


def test_a_bad_file_is_one_sentence_on_stderr(tmp_path: Path) -> None:
    """Never a traceback."""
    path = tmp_path / "tasks.jsonl"
    path.write_text("{}\n")
    ran = subprocess.run([sys.executable, SCRIPT, path], check=False, capture_output=True, text=True)

    assert (ran.returncode, ran.stderr) == (1, f"{path}, line 1: the field task_id is missing.\n")
