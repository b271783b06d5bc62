"""The examples do what they say, as a newcomer runs them."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
LIMIT_S = 150.0
KINDS = ("inside a word", "after a space", "in indentation", "inside a multi-byte character")


@pytest.fixture(scope="module")
def demo() -> str:
    """What `make demo` prints when it is no terminal."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "demo.py")],
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_the_demo_shows_every_kind_of_cursor(demo: str) -> None:
    """These four are where tokens and bytes disagree."""
    assert all(f". {kind}: " in demo for kind in KINDS)


def test_the_demo_shows_ghost_text_beside_what_the_author_wrote(demo: str) -> None:
    """The cursors were chosen where the embedded model is right; no change may undo that unseen."""
    rows = [line.split(" │ ", 1) for line in demo.splitlines()]
    shown = {name: [row[1] for row in rows if row[0].strip() == name] for name in ("bytefim", "naive", "author")}

    assert len(shown["bytefim"]) == len(shown["naive"]) == len(shown["author"]) >= 2 * len(KINDS)
    assert shown["bytefim"] == shown["author"]
    # in indentation both may say the same once what stands there is not said again
    n_same = sum(ours == naive for ours, naive in zip(shown["bytefim"], shown["naive"], strict=True))
    assert n_same <= 1


def test_the_example_documents_are_programs_that_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Completing broken code would prove little."""
    for name in ("inventory.py", "menu.py", "tree.py"):
        compile((EXAMPLES / "documents" / name).read_text(encoding="utf-8"), name, "exec")
    runpy.run_path(str(EXAMPLES / "documents" / "menu.py"), run_name="__main__")

    assert "crème brûlée (焦糖布丁)" in capsys.readouterr().out
