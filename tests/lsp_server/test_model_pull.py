"""`bytefim models pull`: what it says, and what is on the disk whenever it is killed."""

from __future__ import annotations

import io
import json
import random
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from lsp_server.cli import main
from lsp_server.command_line.model_fetching import Shown
from lsp_server.store.download import Progress
from tests.lsp_server.command_line import LIMIT_S, MODULE, ask, refusal
from tests.lsp_server.hubs import CONTENT
from tests.lsp_server.model_hub import (
    NAME,
    Hub,
    answering,
    cut_after,
    pausing_after,
    sha256_of,
    well,
    write_entry,
)


def start_pull(*options: str) -> subprocess.Popen[bytes]:
    """As from a terminal: where the tests run in the background, children would not hear of interrupts."""
    command = [*MODULE, "models", "pull", "made-up", *options]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # what is ignored stays so in a child
    try:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGINT, before)


def test_pull_says_what_comes_from_where_and_where_it_is(
    hub: Hub, models_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is told goes to stderr, what was asked for to stdout."""
    assert main(["models", "pull", "made-up"]) == 0
    printed = capsys.readouterr()

    assert printed.err.splitlines()[0] == f"bytefim: {NAME}, 0.3 MB, comes from 127.0.0.1 and goes to {models_folder}"
    assert printed.err.splitlines()[1] == "bytefim: 0.0 of 0.3 MB, 0 %"
    assert printed.err.splitlines()[-1].startswith("bytefim: 0.3 of 0.3 MB, 100 %")
    assert printed.out.splitlines() == [
        f"made-up is here now: {models_folder / NAME}",
        "whole: its SHA-256 is the one that the catalogue knows",
        "licence: MIT",
    ]
    assert (models_folder / NAME).read_bytes() == CONTENT


def test_what_is_here_and_whole_is_not_fetched_again(
    hub: Hub, models_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For people and for scripts; what is here and damaged is replaced."""
    first, again = ask(capsys, "models", "pull", "made-up"), ask(capsys, "models", "pull", "made-up")
    assert (first["was_here"], again["was_here"], len(hub.asked)) == (False, True, 1)
    assert {**first, "was_here": True} == again
    assert first == {
        "name": "made-up",
        "path": str(models_folder / NAME),
        "was_here": False,
        "n_bytes": 300_000,
        "n_resumed_bytes": 0,
        "sha256": sha256_of(CONTENT),
        "proven": True,
        "unchecked": [],
        "licence": "MIT",
        "licence_warning": None,
    }
    assert main(["models", "pull", "made-up"]) == 0
    assert capsys.readouterr().out.startswith("made-up is here already: ")
    (models_folder / NAME).write_bytes(CONTENT[:-1] + b"?")

    assert ask(capsys, "models", "pull", "made-up")["was_here"] is False
    assert (models_folder / NAME).read_bytes() == CONTENT


def test_what_nobody_knows_cannot_be_checked_and_it_says_so(
    hub: Hub, models_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the checksum that was found, to compare it by hand."""
    write_entry(models_folder, hub, n_bytes=None, sha256=None)
    assert main(["models", "pull", "made-up"]) == 0
    said = capsys.readouterr().out.splitlines()[1]
    assert main(["models", "pull", "made-up"]) == 0

    assert said == (
        "not checked, because nobody tells what it should be: its exact size and its SHA-256;"
        f" SHA-256 found: {sha256_of(CONTENT)}"
    )
    assert "no SHA-256 is known to prove that it is whole" in capsys.readouterr().out
    (models_folder / NAME).write_bytes(CONTENT[:-1])  # what an earlier version took for whole
    assert ask(capsys, "models", "pull", "made-up")["was_here"] is False
    assert (models_folder / NAME).read_bytes() == CONTENT


def test_a_model_that_ships_with_bytefim_is_here(models_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to fetch."""
    assert ask(capsys, "models", "pull", "bytefim-tiny")["was_here"] is True
    assert "There is no model named 'gpt-17'" in refusal(capsys, "models", "pull", "gpt-17")


def test_a_failure_is_one_sentence_and_status_1(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """After the line that says what was being done."""
    hub.ways = [answering(403)]
    said = refusal(capsys, "models", "pull", "made-up").splitlines()

    assert said[1:] == [
        f"bytefim: {NAME} was not fetched: 127.0.0.1 answers 403 Forbidden; open {hub.url} with a browser, agree to the"
        " licence there, fetch the file, and `bytefim models add` it."
    ]


def test_another_host_is_asked_when_told_so(hub: Hub, models_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The catalogue names hosts that not everybody reaches."""
    write_entry(models_folder, hub, url="https://hub.example.org/models/" + NAME)
    ask(capsys, "models", "pull", "made-up", "--mirror", hub.url.removesuffix("/" + NAME))

    assert hub.asked[0][0] == "/models/" + NAME


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_one_line_that_is_written_anew() -> None:
    """To the sign: what is shorter covers what was longer, and sentences get lines of their own."""
    now_s = iter([0.0, 1.0, 2.0, 3.0])
    terminal = Terminal()
    shown = Shown(terminal, clock=lambda: next(now_s))
    shown.say("model.gguf comes")
    shown.tell(Progress(1_000_000, 4_000_000, 1_000_000, is_checking=True))
    shown.tell(Progress(1_000_000, 4_000_000, 1_000_000))
    shown.tell(Progress(2_000_000, 4_000_000, 1_000_000))
    shown.tell(Progress(4_000_000, 4_000_000, 1_000_000))
    shown.end()

    assert terminal.getvalue() == (
        "bytefim: model.gguf comes\n"
        "\rchecking what is here: 1.0 of 4.0 MB, 25 %\n"
        "bytefim: going on after 1.0 MB that had arrived before\n"
        "\r1.0 of 4.0 MB, 25 %"
        "\r2.0 of 4.0 MB, 50 %, 1.0 MB/s, 2 s left"
        "\r4.0 of 4.0 MB, 100 %, 1.5 MB/s         \n"
    )


@pytest.mark.parametrize("n_kills", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_any_moment_it_goes_on_and_is_whole_in_the_end(hub: Hub, models_folder: Path, n_kills: int) -> None:
    """Real processes; the file never has its name before it is whole."""
    final, part = models_folder / NAME, models_folder / (NAME + ".part")
    chance = random.Random(n_kills)
    for n_left in reversed(range(n_kills)):
        arrived = threading.Event()
        n_missing = len(CONTENT) - (part.stat().st_size if part.exists() else 0)
        n_bytes = chance.choice([0, 1, chance.randrange(n_missing // 8)]) if n_left else n_missing
        hub.ways, hub.asked = [pausing_after(n_bytes, arrived)], []
        with start_pull() as process:
            is_there = arrived.wait(LIMIT_S)
            process.kill()

        assert is_there
        assert not final.exists() or (not n_left and final.read_bytes() == CONTENT)
        assert not part.exists() or CONTENT.startswith(part.read_bytes())
    hub.ways = [well]
    with start_pull("--json") as process:
        said, _ = process.communicate(timeout=LIMIT_S)

    assert json.loads(said)["proven"] is True
    assert final.read_bytes() == CONTENT
    assert {path.name for path in models_folder.iterdir()} == {NAME, "added.toml"}


def test_of_two_at_once_one_fetches_and_the_other_says_so(hub: Hub, models_folder: Path) -> None:
    """And one that was killed is in nobody's way."""
    arrived = threading.Event()
    hub.ways = [pausing_after(1000, arrived), well]
    with start_pull() as first:
        assert arrived.wait(LIMIT_S)
        with start_pull() as second:
            _, said = second.communicate(timeout=LIMIT_S)
        first.kill()
        first.wait(LIMIT_S)
    assert second.returncode == 1
    assert f"{NAME} is being fetched by another process already" in said.decode()
    with start_pull() as third:
        third.communicate(timeout=LIMIT_S)

    assert third.returncode == 0
    assert (models_folder / NAME).read_bytes() == CONTENT


def test_an_interrupt_keeps_what_has_arrived(hub: Hub, models_folder: Path) -> None:
    """Ctrl-C."""
    hub.ways = [pausing_after(1000, threading.Event())]
    with start_pull() as process:
        assert process.stderr is not None
        begun = [process.stderr.readline(), process.stderr.readline()]
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()

    assert b"0.0 of 0.3 MB" in begun[1]
    assert process.returncode == 1
    assert said.splitlines()[-1].startswith(b"bytefim: interrupted; what has arrived stays")
    assert (models_folder / (NAME + ".part")).exists()


def test_a_cut_line_is_mended_by_the_command_itself(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """Without waiting for the user to say it again."""
    hub.ways = [cut_after(100_000), well]

    assert ask(capsys, "models", "pull", "made-up")["proven"] is True
