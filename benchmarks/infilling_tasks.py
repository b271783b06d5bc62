"""Infilling tasks as files of OpenAI's human-eval-infilling hold them: one JSON object per line, gzipped or not.

Knows no model and runs nothing.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATASET = Path(__file__).resolve().parent / "data" / "HumanEval-RandomSpanInfillingLight.jsonl.gz"
FIELDS = ("task_id", "prompt", "suffix", "canonical_solution", "test", "entry_point")
_GZIP = b"\x1f\x8b"


class BadDataset(Exception):
    """The file does not hold tasks; the message is one sentence that names the place."""


@dataclass(frozen=True, slots=True)
class Task:
    """A hole in a program, and what tests the program."""

    name: str
    prefix: str
    hole: str
    """what was cut out"""
    suffix: str
    test: str
    """defines `check(candidate)`"""
    entry_point: str
    """name of the function that is tested"""

    def program(self, middle: str) -> str:
        """The whole with `middle` in the hole; raises when run unless it passes the tests."""
        return f"{self.prefix}{middle}{self.suffix}\n{self.test}\ncheck({self.entry_point})\n"


def read_tasks(path: Path) -> list[Task]:
    """In the order of the file. Raises BadDataset."""
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if content.startswith(_GZIP) else content).decode()
    except OSError as error:
        raise BadDataset(f"{path} cannot be read: {error.strerror or error}.") from error
    except (EOFError, zlib.error) as error:
        raise BadDataset(f"{path} is no whole gzip file: {error}.") from error
    except UnicodeDecodeError as error:
        raise BadDataset(f"{path} is not UTF-8 at byte {error.start}.") from error
    tasks = [_as_task(line, f"{path}, line {n}") for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not tasks:
        raise BadDataset(f"{path} holds no task.")
    return tasks


def _as_task(line: str, place: str) -> Task:
    try:
        fields: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadDataset(f"{place}: no JSON: {error.msg} at column {error.colno}.") from error
    if not isinstance(fields, dict):
        raise BadDataset(f"{place}: a JSON object is needed, with {', '.join(FIELDS)}.")
    for name in FIELDS:
        if not isinstance(fields.get(name), str):
            raise BadDataset(f"{place}: the field {name} {'is not a text' if name in fields else 'is missing'}.")
    name, prefix, suffix, hole, test, entry_point = (fields[name] for name in FIELDS)
    return Task(name, prefix, hole, suffix, test, entry_point)
