"""`bytefim bench`: figures that are there, counted right, and about the model that was named. Never about time."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from byte_fim.errors import BadModelFile
from lsp_server.command_line.bench import Effort, Figures, collect_figures, render
from lsp_server.model.loading import LoadedModel
from lsp_server.model.work import ModelWork
from lsp_server.settings import DEFAULTS

NANO = "bytefim-nano-spm"
ONE_THREAD = replace(DEFAULTS, n_threads=1)  # tests share the machine with other work
SMALL = Effort(n_file_tokens=200, n_keystrokes=12, n_aborts=2)


@pytest.fixture(scope="module")
def told() -> list[str]:
    """What was said on the way to the figures."""
    return []


@pytest.fixture(scope="module")
def figures(told: list[str]) -> Figures:
    """The figures of the small test model, measured once."""
    return collect_figures(NANO, effort=SMALL, settings=ONE_THREAD, tell=told.append)


def number(figures: Figures, name: str) -> float:
    """A figure that is a number."""
    value = figures[name]
    assert isinstance(value, (int, float))
    return value


def test_every_figure_is_there(figures: Figures) -> None:
    """Scripts that compare machines rely on the names."""
    assert list(figures) == [
        "model",
        "load_ms",
        "prompt_tokens_per_s",
        "generated_tokens_per_s",
        "file_tokens",
        "first_suggestion_ms",
        "keystrokes",
        "keystroke_p50_ms",
        "keystroke_p95_ms",
        "decoded_per_keystroke",
        "typed_through",
        "typed_through_p95_ms",
        "abort_p50_ms",
        "abort_max_ms",
        "peak_mib",
    ]
    assert figures["model"] == NANO
    assert json.loads(json.dumps(figures)) == figures


def test_as_much_is_measured_as_was_asked_for(figures: Figures) -> None:
    """A figure about fewer keystrokes than it says would be a guess."""
    assert figures["keystrokes"] == SMALL.n_keystrokes
    assert SMALL.n_file_tokens <= number(figures, "file_tokens") < SMALL.n_file_tokens + 50
    assert number(figures, "typed_through") <= SMALL.n_keystrokes
    assert number(figures, "prompt_tokens_per_s") > number(figures, "generated_tokens_per_s") > 1
    assert number(figures, "keystroke_p50_ms") <= number(figures, "keystroke_p95_ms")


def test_the_table_shows_every_figure(figures: Figures) -> None:
    """A figure that only the JSON has would be missed in reports."""
    lines = render(figures).splitlines()

    assert len(lines) == len(figures)
    assert lines[0].split() == ["model", NANO]


def test_a_figure_that_could_not_be_had_is_a_dash(figures: Figures) -> None:
    """Nothing typed through: there is no percentile of nothing."""
    lines = render({**figures, "typed_through_p95_ms": None}).splitlines()

    assert [line.split()[-1] for line in lines].count("-") >= 1


def test_whoever_waits_is_told_what_for(figures: Figures, told: list[str]) -> None:
    """Ten seconds of silence look like a fault."""
    assert figures
    assert len(told) == 4


def test_a_model_that_cannot_be_loaded_the_second_time_is_an_error_too() -> None:
    """The engine loads a model of its own, in its own thread; the sentence must not get lost there."""

    def load(*_: object) -> LoadedModel:
        raise BadModelFile("The file has gone away; fetch it again.")

    with pytest.raises(BadModelFile, match="gone away"):
        collect_figures(NANO, effort=SMALL, settings=ONE_THREAD, make_worker=lambda: ModelWork(load))
