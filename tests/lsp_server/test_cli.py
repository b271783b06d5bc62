"""The command line: its usage, its models, its checks, its server, and how it fails."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lsp_server.cli import main
from tests.lsp_server.command_line import LIMIT_S, MODULE, ask, bytefim, refusal


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["guess"],
        ["complete"],
        ["complete", "x.py"],
        ["complete", "x.py", "--line", "1"],
        ["complete", "x.py", "--offset", "1", "--line", "1", "--column", "0"],
        ["complete", "x.py", "--offset", "one"],
        ["complete", "x.py", "--offset", "1", "--n", "0"],
        ["complete", "x.py", "--offset", "1", "--temperature", "warm"],
        ["complete", "x.py", "--offset", "1", "--conditioning", "reference"],
        ["next-byte", "x.py", "--column", "1"],
        ["models"],
        ["models", "show"],
        ["models", "pull"],
        ["models", "bundle", "bytefim-tiny"],
        ["models", "add"],
        ["bench", "--model"],
        ["serve", "--stdio", "--tcp", "127.0.0.1:0"],
        ["serve", "--tcp", "2087"],
        ["serve", "--model", "a", "--model", "b", "--weights", "1"],
        ["doctor", "--weights", "1,2"],
        ["complete", "x.py", "--offset", "1", "--model", "a", "--model", "b", "--weights", "1,2,3"],
        ["complete", "x.py", "--offset", "1", "--model", "a", "--model", "b", "--weights", "1,0"],
        ["complete", "x.py", "--offset", "1", "--model", "a", "--model", "b", "--conditioning", "naive"],
        ["next-byte", "x.py", "--offset", "1", "--model", "a", "--model", "b", "--conditioning", "reference"],
        ["next-byte", "x.py", "--offset", "1", "--model", "a", "--model", "b", "--plot", "x.svg"],
    ],
)
def test_wrong_usage_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts tell a mistake of their own from a request that could not be served."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "usage: bytefim" in capsys.readouterr().err


def test_help_and_mistakes_wait_for_no_heavy_import() -> None:
    """Shell completion and typing errors should answer at once."""
    script = "import sys; from lsp_server.cli import build_parser; build_parser().format_help(); print(*sys.modules)"
    command = [sys.executable, "-P", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=True)

    assert {"numpy", "pygls", "lsprotocol", "llama_cpp"}.isdisjoint(done.stdout.split())


def test_models_are_listed_shown_found_and_verified(capsys: pytest.CaptureFixture[str]) -> None:
    """Each action for people and for scripts, on the model that ships with the package."""
    entries = {entry["name"]: entry for entry in ask(capsys, "models", "list")}
    path = ask(capsys, "models", "path", "bytefim-tiny")["path"]

    assert entries["bytefim-tiny"]["default"] is True
    assert entries["bytefim-tiny"] == ask(capsys, "models", "show", "bytefim-tiny")
    assert Path(path).stat().st_size == entries["bytefim-tiny"]["n_bytes"]
    assert ask(capsys, "models", "verify", "bytefim-tiny")["intact"] is True
    for arguments in (["list"], ["show", "bytefim-tiny"], ["path", "bytefim-tiny"], ["verify", "bytefim-tiny"]):
        assert main(["models", *arguments]) == 0
        assert "bytefim-tiny" in capsys.readouterr().out


def test_an_unknown_model_is_refused_with_the_known_names(capsys: pytest.CaptureFixture[str]) -> None:
    """The remedy is in the sentence."""
    for action in ("show", "path", "verify"):
        assert "use one of bytefim-tiny" in refusal(capsys, "models", action, "gpt-17")


def test_what_was_typed_is_repeated_without_power_over_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Names of files may hold anything."""
    assert "there\\x1b[2J\\nis.gguf" in refusal(capsys, "models", "verify", "/there\x1b[2J\nis.gguf")


def test_doctor_tells_a_script_whether_suggestions_can_appear(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status and verdict agree, for a good model and for a bad one."""
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"not a model")

    assert ask(capsys, "doctor")["verdict"]["ok"] is True
    assert main(["doctor", "--json", "--model", str(bad)]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"]["ok"] is False


@pytest.mark.slow
def test_bench_prints_one_object_and_tells_its_progress_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    """A script reads stdout, a person watches stderr."""
    assert main(["bench", "--model", "bytefim-nano-spm", "--json"]) == 0
    printed = capsys.readouterr()

    assert json.loads(printed.out)["model"] == "bytefim-nano-spm"
    assert all(line.startswith("bytefim: ") for line in printed.err.splitlines())


def test_bench_refuses_a_model_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence with the remedy, after what was being done."""
    said = refusal(capsys, "bench", "--model", "gpt-17").splitlines()

    assert said[:-1] == ["bytefim: loading the model"]
    assert "use one of bytefim-tiny" in said[-1]


def test_serving_beyond_this_machine_is_refused() -> None:
    """Source code goes over this line; the refusal must come from the process itself."""
    done = bytefim("serve", "--tcp", "0.0.0.0:0")

    assert done.returncode == 1
    assert b"0.0.0.0" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error_message() -> None:
    """`bytefim models list | head -1`"""
    command = [*MODULE, "models", "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        process.wait(LIMIT_S)

    assert said == b""
