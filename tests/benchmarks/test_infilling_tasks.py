"""Reading data sets of infilling tasks: what is wrong with a file is said in one sentence that names the place."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from benchmarks.infilling_tasks import DATASET, BadDataset, Task, read_tasks

FIELDS = {
    "task_id": "T/1",
    "entry_point": "f",
    "prompt": "def f(x):\n    ret",
    "canonical_solution": "urn x",
    "suffix": " + 1\n",
    "test": "def check(candidate):\n    assert candidate(1) == 2\n",
}
TASK = Task("T/1", "def f(x):\n    ret", "urn x", " + 1\n", FIELDS["test"], "f")


def written(folder: Path, *lines: str) -> Path:
    path = folder / "tasks.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_tasks_are_read_zipped_or_not(tmp_path: Path) -> None:
    """Data sets come both ways; a blank line is none."""
    path = written(tmp_path, json.dumps(FIELDS), "", json.dumps({**FIELDS, "task_id": "T/2", "more": 1}))
    packed = tmp_path / "tasks.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))

    assert [task.name for task in read_tasks(path)] == ["T/1", "T/2"]
    assert read_tasks(path)[0] == TASK
    assert read_tasks(packed) == read_tasks(path)


def test_the_data_set_that_comes_along_is_whole() -> None:
    """164 tasks, and every hole stands between its prefix and its suffix in a program that compiles."""
    tasks = read_tasks(DATASET)

    assert len(tasks) == len({task.name for task in tasks}) == 164
    for task in tasks:
        compile(task.program(task.hole), task.name, "exec")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('{"task_id": ', "line 2: no JSON: Expecting value at column 13."),
        (
            "[1]",
            "line 2: a JSON object is needed, with task_id, prompt, suffix, canonical_solution, test, entry_point.",
        ),
        (json.dumps({**FIELDS, "suffix": None}), "line 2: the field suffix is not a text."),
        (json.dumps({k: v for k, v in FIELDS.items() if k != "test"}), "line 2: the field test is missing."),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, sentence: str) -> None:
    """Files of thousands of lines are not looked through by hand."""
    path = written(tmp_path, json.dumps(FIELDS), line)

    with pytest.raises(BadDataset) as caught:
        read_tasks(path)
    assert str(caught.value) == f"{path}, {sentence}"


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    """Not there, cut off in the middle, in another encoding, or empty."""
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(json.dumps(FIELDS).encode())[:-20])
    latin = tmp_path / "latin.jsonl"
    latin.write_bytes(b"\xe4")

    for path, words in (
        (tmp_path / "none", "cannot be read"),
        (cut, "no whole gzip file"),
        (latin, "not UTF-8"),
        (written(tmp_path, ""), "holds no task"),
    ):
        with pytest.raises(BadDataset, match=words) as caught:
            read_tasks(path)
        assert str(caught.value).startswith(str(path))
        assert "\n" not in str(caught.value)
