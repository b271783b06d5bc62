"""LoRA adapters from the command line to the law, through the real trial, and in the facts about a model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lsp_server.command_line.doctor import collect_facts
from lsp_server.settings import DEFAULTS
from tests.lsp_server.command_line import ask, refusal
from tests.made_loras import write_lora

SOURCE = "def mean(values):\n    total = su"


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A file; its path."""
    path = tmp_path / "source.py"
    path.write_text(SOURCE, encoding="utf-8")
    return str(path)


@pytest.mark.slow
def test_an_adapter_counts_as_much_as_was_said(source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not at all at a scale of zero, where the file is loaded all the same."""
    lora = write_lora(tmp_path / "lora.gguf")
    question = ("next-byte", source, "--offset", str(len(SOURCE)))
    none, zero, one = (
        ask(capsys, *question, *options)["logp"] for options in ((), ("--lora", f"{lora}=0"), ("--lora", str(lora)))
    )

    assert zero == pytest.approx(none, abs=1e-4)
    assert max(abs(a - b) for a, b in zip(none, one, strict=True) if a is not None and b is not None) > 0.1


def test_an_adapter_that_does_not_fit_is_one_sentence(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is loaded into the process that answers."""
    lora = write_lora(tmp_path / "lora.gguf", architecture="qwen2")
    said = refusal(capsys, "complete", source, "--offset", "5", "--lora", str(lora))

    assert said.startswith(f"bytefim: {lora} is no LoRA adapter for this model (")
    assert said.count("\n") == 1


@pytest.mark.slow
def test_the_doctor_knows_of_adapters_and_devices(tmp_path: Path) -> None:
    """What else would explain that two machines say different things."""
    lora = write_lora(tmp_path / "lora.gguf")
    facts = collect_facts(settings=replace(DEFAULTS, n_threads=1, lora=(f"{lora}=0.5",)))

    assert facts["model"]["lora"] == f"{lora}=0.5"
    assert facts["model"]["n_gpu_layers"]
    assert facts["llama.cpp"]["rpc"] in ("yes", "no")
    assert "MiB free" in str(facts["llama.cpp"]["devices"])
