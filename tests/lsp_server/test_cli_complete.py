"""`bytefim complete` and `next-byte`: what they promise to scripts, and how they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from lsp_server.cli import main
from tests.lsp_server.command_line import ask, bytefim, refusal
from tests.lsp_server.conftest import ROOT

DOCUMENTS = ROOT / "examples" / "documents"

COMPLETE_FIELDS = {
    "insert_text": str,
    "insert_bytes_hex": str,
    "stop_reason": str,
    "logp": float,
    "alternatives": list,
    "missing_mass": dict,
    "tokens": dict,
    "timings_ms": dict,
    "model": str,
    "layout": str,
    "conditioning": str,
}
TOKEN_FIELDS = {"prompt", "reused", "decoded", "cover_rows", "generated", "decode_calls"}
STOP_REASONS = {"end", "trimmed", "budget", "deadline", "cancelled"}
SOURCE = b"import os\n\n\ndef read_file(path):\n    with open(path) as f:\n        return f.re"


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A file whose last word is unfinished; the path."""
    path = tmp_path / "source.py"
    path.write_bytes(SOURCE)
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--offset", "79"], "Offset 79 is outside the file, which has 78 bytes; give 0 to 78."),
        (["--offset", "-1"], "Offset -1 is outside the file, which has 78 bytes; give 0 to 78."),
        (["--line", "7", "--column", "0"], "Line 7 is outside the file, which has 6 lines; give 1 to 6."),
        (["--line", "1", "--column", "10"], "Column 10 is outside line 1, which has 9 bytes; give 0 to 9."),
    ],
)
def test_a_cursor_outside_the_file_is_one_sentence(
    arguments: list[str], message: str, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Clamping would answer a question that was not asked."""
    for command in ("complete", "next-byte"):
        assert refusal(capsys, command, source, *arguments) == f"bytefim: {message}\n"


@pytest.mark.parametrize("name", ["missing.py", "."])
def test_a_file_that_cannot_be_read_is_one_sentence(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commonest mistake; it must name the file."""
    path = tmp_path / name
    message = refusal(capsys, "complete", str(path), "--offset", "0")

    assert message.startswith(f"bytefim: Cannot use {path}: ")
    assert message.count("\n") == 1


def test_a_model_that_is_none_is_one_sentence_and_a_traceback_only_on_demand(
    source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A traceback helps nobody who typed a wrong name, and everybody who reports a fault."""
    arguments = ["complete", source, "--offset", "3", "--model", "no-such-model"]
    message = refusal(capsys, *arguments)

    assert message.startswith("bytefim: There is no model named 'no-such-model'")
    assert message.count("\n") == 1
    with pytest.raises(Exception, match="no-such-model"):
        main(["--debug", *arguments])


def test_complete_prints_the_fields_that_scripts_rely_on(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Names and types are a promise; more fields may come, none may go."""
    answer = ask(capsys, "complete", source, "--offset", str(len(SOURCE)), "--n", "3")

    assert {name: type(answer[name]) for name in COMPLETE_FIELDS} == COMPLETE_FIELDS
    assert set(answer["tokens"]) == TOKEN_FIELDS
    assert all(isinstance(n, int) for n in answer["tokens"].values())
    assert answer["tokens"]["reused"] >= 0  # of the prompt, and this is the first
    assert all(n > 0 for name, n in answer["tokens"].items() if name != "reused")
    assert set(answer["missing_mass"]) == {"noncanonical", "pruned"}
    assert answer["stop_reason"] in STOP_REASONS
    assert set(answer["timings_ms"]) == {"read", "load", "complete"}
    assert [answer["model"], answer["layout"], answer["conditioning"]] == ["bytefim-tiny", "spm", "exact"]


def test_the_best_alternative_is_the_answer_and_the_hex_is_its_bytes(
    source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever splices bytes and whoever shows text must get the same."""
    answer = ask(capsys, "complete", source, "--offset", str(len(SOURCE)), "--n", "3")

    assert answer["insert_text"].startswith("ad")  # f.re|ad: the one completion of this model that is beyond doubt
    assert bytes.fromhex(answer["insert_bytes_hex"]).decode() == answer["insert_text"]
    assert answer["alternatives"][0] == {"insert_text": answer["insert_text"], "logp": answer["logp"]}
    texts = [alternative["insert_text"] for alternative in answer["alternatives"]]
    assert len(set(texts)) == len(texts) > 1


def test_stdin_with_line_and_column_answers_like_the_file_with_an_offset(
    source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Editors without a file on disk pipe their buffer; through a real process, whose stdin it is."""
    done = bytefim("complete", "-", "--line", "6", "--column", "19", "--json", stdin=SOURCE + b"\n")
    expected = ask(capsys, "complete", source, "--offset", str(len(SOURCE)))

    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["insert_text"] == expected["insert_text"]


def test_an_answer_inside_a_character_says_which_bytes_it_replaces(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Splicing by these numbers must leave whole characters, whatever the model says."""
    text = (DOCUMENTS / "tree.py").read_bytes()
    offset = text.index('└──"\nPIPE'.encode()) + 1
    path = tmp_path / "tree.py"
    path.write_bytes(text[: offset + 2] + text[text.index(b"\n", offset) :])
    answer = ask(capsys, "complete", str(path), "--offset", str(offset))

    assert answer["replaced_bytes"] == {"before": 1, "after": 2}
    middle = bytes.fromhex(answer["insert_bytes_hex"])
    assert b"\xe2" + middle == answer["insert_text"].encode()
    assert answer["insert_text"] == '└──"'


def test_without_trimming_the_budget_ends_the_answer(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--no-trim shows what the model would go on to say."""
    arguments = ["complete", source, "--offset", str(len(SOURCE)), "--no-trim", "--max-tokens", "12"]
    answer = ask(capsys, *arguments)

    assert answer["tokens"]["generated"] <= 12
    assert answer["stop_reason"] in ("budget", "end")
    assert "\n" in answer["insert_text"]


def test_a_seed_repeats_a_drawn_answer(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be repeated cannot be reported."""
    arguments = ["complete", source, "--offset", str(len(SOURCE)), "--temperature", "1.5", "--max-tokens", "6"]
    drawn = [ask(capsys, *arguments, "--seed", seed)["insert_bytes_hex"] for seed in ("1", "1", "2", "3", "4")]

    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1


def test_explain_shows_covers_tokens_and_times(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same path as an editor's request, laid open; not a terminal here, so without colour."""
    assert main(["complete", source, "--offset", str(len(SOURCE)), "--explain"]) == 0
    shown = capsys.readouterr().out

    assert "    6 │         return f.re⟦ad" in shown
    assert "\x1b" not in shown
    for name in ("model ", "stem ", "open tail  .re (3 bytes)", "covers ", "missing ", "answer ", "tokens ", "time "):
        assert f"\n{name}" in shown


def test_next_byte_prints_a_law_that_sums_to_one_with_what_it_leaves_out(
    source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """257 entries, index = byte, 256 = END, null for impossible."""
    law = ask(capsys, "next-byte", source, "--offset", str(len(SOURCE)))
    probability = np.exp([-np.inf if logp is None else logp for logp in law["logp"]])

    assert probability.shape == (257,)
    assert np.argmax(probability) == ord("a")
    assert probability.sum() + law["missing_mass"]["noncanonical"] == pytest.approx(1.0, abs=1e-3)
    assert set(law["missing_mass"]) == {"noncanonical", "pruned"}
    assert law["contexts"] > 1
    assert law["decode_calls"] > 0
    cover = law["covers"][0]
    assert set(cover) == {"token_ids", "bytes_hex", "logp"}
    assert bytes.fromhex(cover["bytes_hex"]).startswith(b".re")


def test_the_reference_says_the_same_as_the_exact_law_and_the_naive_one_does_not(
    source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Anyone can check the claim of exactness at any cursor from the command line."""
    laws = {
        kind: np.exp(
            [
                -np.inf if logp is None else logp
                for logp in ask(
                    capsys, "next-byte", source, "--offset", str(len(SOURCE)), "--no-suffix", "--conditioning", kind
                )["logp"]
            ]
        )
        for kind in ("exact", "reference", "naive")
    }

    assert 0.5 * np.abs(laws["exact"] - laws["reference"]).sum() < 1e-3
    assert 0.5 * np.abs(laws["exact"] - laws["naive"]).sum() > 0.5


def test_the_plot_is_a_picture_of_both_laws(source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For showing to people who doubt that it matters."""
    plot = tmp_path / "law.svg"
    ask(capsys, "next-byte", source, "--offset", str(len(SOURCE)), "--plot", str(plot))
    texts = [element.text for element in ElementTree.parse(plot).iter("{http://www.w3.org/2000/svg}text")]

    assert {"exact", "naive", "a", "after  return␣f.re"} <= set(texts)


def test_plain_layout_needs_no_fill_in_the_middle(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--layout overrides what the catalogue says of the model."""
    assert ask(capsys, "complete", source, "--offset", str(len(SOURCE)), "--layout", "plain")["layout"] == "plain"
