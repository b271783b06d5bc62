"""`bytefim complete`, `next-byte` and `doctor` with several models: the embedded ones, of two kinds of vocabulary."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsp_server.cli import main
from lsp_server.command_line.doctor import collect_facts, render
from lsp_server.model.verdict import Verdict
from lsp_server.settings import DEFAULTS
from tests.lsp_server.command_line import ask, refusal

TINY, NANO = "bytefim-tiny", "bytefim-nano-spm"
BOTH = ("--model", TINY, "--model", NANO)
SOURCE = b"import os\n\n\ndef read_file(path):\n    with open(path) as f:\n        return f.re"


@pytest.fixture
def question(tmp_path: Path) -> tuple[str, ...]:
    """A file whose last word is unfinished, and the cursor behind it."""
    path = tmp_path / "source.py"
    path.write_bytes(SOURCE)
    return str(path), "--offset", str(len(SOURCE))


def law(capsys: pytest.CaptureFixture[str], question: tuple[str, ...], *how: str) -> tuple[np.ndarray, Any]:
    said = ask(capsys, "next-byte", *question, *how)
    return np.array([0.0 if logp is None else math.exp(logp) for logp in said["logp"]]), said


def test_a_model_with_itself_is_the_model(question: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """On real weights, through all of the command; the first check that the several are put together right."""
    alone, _ = law(capsys, question, "--model", TINY)
    twice, said = law(capsys, question, "--model", TINY, "--model", TINY)

    np.testing.assert_allclose(twice, alone, atol=1e-6)
    assert [member["name"] for member in said["members"]] == [TINY, f"{TINY} (2)"]
    assert said["decode_calls"] > 0


def test_the_law_is_that_of_the_definition(question: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """The product of what each says alone, to the power of its weight, over two vocabularies; or the weighted mean."""
    one, _ = law(capsys, question, "--model", TINY)
    other, _ = law(capsys, question, "--model", NANO)
    both, said = law(capsys, question, *BOTH, "--weights", "3,1")
    mixed, _ = law(capsys, question, *BOTH, "--weights", "3,1", "--ensemble", "mixture")
    raised = one**0.75 * other**0.25
    total = 0.75 * one.sum() + 0.25 * other.sum()

    np.testing.assert_allclose(both, raised / raised.sum() * total, atol=1e-6)
    np.testing.assert_allclose(mixed, 0.75 * one + 0.25 * other, atol=1e-6)
    assert said["members"] == [{"name": TINY, "weight": 0.75}, {"name": NANO, "weight": 0.25}]
    assert said["model"] == f"{TINY} + {NANO}"


def test_models_complete_together_and_say_what_each_counted(
    question: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """For scripts and for people."""
    said = ask(capsys, "complete", *question, *BOTH, "--max-tokens", "8", "--n", "2")
    assert main(["complete", *question, *BOTH, "--max-tokens", "8", "--explain"]) == 0
    shown = capsys.readouterr().out

    assert said["insert_text"].startswith("ad")
    assert len(said["alternatives"]) == 2
    assert sum(member["weight"] for member in said["members"]) == pytest.approx(1.0)
    assert said["dropped"] == []
    assert f"member     {TINY}: weight " in shown
    assert f"member     {NANO}: weight " in shown


def test_one_model_is_asked_as_ever(question: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Token by token, with its covers; nothing of ensembles is in the way."""
    said = ask(capsys, "complete", *question, "--model", TINY)
    alone, law_said = law(capsys, question, "--model", TINY)

    assert (said["members"], said["dropped"], law_said["members"]) == ([], [], [])
    assert law_said["covers"]
    assert alone.sum() <= 1.0 + 1e-9


def test_a_model_that_is_not_there_is_a_refusal(question: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever asks on the command line means all that he names."""
    assert "gpt-17" in refusal(capsys, "next-byte", *question, "--model", TINY, "--model", "gpt-17")


def test_doctor_says_how_each_takes_part_and_who_does_not() -> None:
    """One that is missing is no reason for silence, but worth a hint."""
    settings = replace(DEFAULTS, model=NANO, models_beside=(NANO, "gpt-17"), project_words=True, n_threads=1)
    facts = collect_facts(settings=settings, judge_file=lambda path, **_: Verdict(), count=dict)
    members = facts["members"]

    assert facts["verdict"]["ok"] is True
    assert list(members) == [NANO, f"{NANO} (again)", "gpt-17", "project words"]
    assert members[NANO] == "weight 25% at first"
    assert str(members["gpt-17"]).startswith("does not take part: There is no model named 'gpt-17'")
    assert any("gpt-17 does not take part" in hint for hint in facts["verdict"]["hints"] if isinstance(hint, str))  # pyright: ignore
    assert "weight 25% at first, layout spm" in render(facts)
