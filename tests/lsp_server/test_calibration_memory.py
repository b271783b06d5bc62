"""What is remembered of a calibration, what replaces it, and what a calibration that fails leaves."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from byte_fim.errors import DecodeAborted, ModelFailed
from byte_fim.model import Float64Array
from lsp_server.model.calibration import find_token_s
from tests.lsp_server.calibrating import CACHE_FILE, GPU, LARGE, TINY, Calibrate, calibrating, scaling
from tests.lsp_server.paced_model import Cost, PacedModel

TUNING = {"n_threads": 2, "n_threads_prompt": 4, "n_piece_tokens": 32, "step_costs": [1.0] * 9}
GOOD = {"tuning": TUNING, "yardstick_ms": 20.0, "n_measurements": 3}
"""A finding as it is remembered."""


@pytest.fixture
def cache_file(tmp_path: Path) -> Path:
    """Where the calibrations of a test are remembered."""
    return tmp_path / CACHE_FILE


@pytest.fixture
def calibrate_paced(tmp_path: Path) -> Calibrate:
    """Calibrates a paced model; what is found is remembered for this test."""
    return calibrating(tmp_path)


def busy(cost: Cost) -> Cost:
    """Others have work too: one token, one thread's work, is none the slower; more wait for threads that wait."""
    return lambda n_tokens, n_threads: cost(n_tokens, n_threads) + 20e-3 * (n_tokens > 1)


def test_a_busy_first_start_is_forgotten_for_a_calm_second(calibrate_paced: Calibrate) -> None:
    """An editor's start is when a machine is busy: pieces come out small and drafts dear, and must not stay so."""
    calm = calibrate_paced(PacedModel(TINY), n_processors=9).tuning
    hasty = calibrate_paced(PacedModel(busy(TINY))).tuning
    model = PacedModel(TINY)

    assert hasty.n_piece_tokens < calm.n_piece_tokens
    assert hasty.step_costs[1] > 2 * calm.step_costs[1]
    assert calibrate_paced(model).tuning == calm
    assert model.tuned == (calm.n_threads, calm.n_threads_prompt, calm.n_piece_tokens)
    assert calibrate_paced(PacedModel(busy(TINY))).tuning == calm


def test_a_busy_second_start_changes_nothing(calibrate_paced: Calibrate) -> None:
    """What is in force is the calmest so far, not the last; and this start measured all the same."""
    calm = calibrate_paced(PacedModel(TINY)).tuning
    model = PacedModel(busy(TINY))
    again = calibrate_paced(model)

    assert again.tuning == calm
    assert again.summary.startswith("measured now in ")
    assert again.summary.endswith(" s (2 of 3)")
    assert model.tuned == (calm.n_threads, calm.n_threads_prompt, calm.n_piece_tokens)


def test_step_costs_that_time_did_not_allow_give_way_to_known_ones(calibrate_paced: Calibrate) -> None:
    """A start too busy to find them out is never the calmest."""
    slow = scaling(token_s=2.4, useful_threads=1)
    known = scaling(token_s=0.02, useful_threads=1, start_s=0.28)

    assert calibrate_paced(PacedModel(slow), n_threads=1).tuning.step_costs == ()
    assert len(calibrate_paced(PacedModel(known), n_threads=1).tuning.step_costs) == 9
    assert len(calibrate_paced(PacedModel(slow), n_threads=1).tuning.step_costs) == 9


def test_the_fourth_start_measures_nothing(calibrate_paced: Calibrate) -> None:
    """A second at every start would be felt."""
    starts = [PacedModel(TINY) for _ in range(3)]
    summaries = [calibrate_paced(model).summary[-8:] for model in starts]
    fourth = PacedModel(GPU)
    calibration = calibrate_paced(fourth)

    assert summaries == ["(1 of 3)", "(2 of 3)", "(3 of 3)"]
    assert calibration.summary == "measured earlier"
    assert fourth.counts.decode_calls == 0
    assert fourth.tuned == starts[0].tuned


def test_how_long_a_token_took_can_be_asked_without_the_model(
    tmp_path: Path, calibrate_paced: Calibrate, cache_file: Path
) -> None:
    """Which other models would be fast enough here is told by what this one did."""
    path = tmp_path / "model.gguf"
    before = find_token_s(path, n_processors=8, cache_file=cache_file)
    calibrate_paced(PacedModel(LARGE))

    assert before is None
    assert find_token_s(path, n_processors=8, cache_file=cache_file) == pytest.approx(5e-3, rel=0.2)
    assert find_token_s(path, n_processors=4, cache_file=cache_file) is None


def test_other_processors_or_parameters_are_measured_anew(calibrate_paced: Calibrate) -> None:
    """Caches are carried from machine to machine, and what was good on eight processors is not on two."""
    models = [PacedModel(TINY) for _ in range(3)]
    calibrate_paced(models[0])
    calibrate_paced(models[1], n_processors=2)
    calibrate_paced(models[2], n_threads=2)

    assert all(model.counts.decode_calls for model in models)
    assert models[1].tuned[:2] == (1, 2)


@pytest.mark.parametrize(
    "damaged",
    [
        3,
        [],
        {},
        TUNING,
        GOOD | {"tuning": None},
        GOOD | {"tuning": {"n_threads": 1}},
        GOOD | {"tuning": TUNING | {"n_threads": -1}},
        GOOD | {"tuning": TUNING | {"n_threads_prompt": "2"}},
        GOOD | {"tuning": TUNING | {"n_piece_tokens": 0}},
        GOOD | {"tuning": TUNING | {"step_costs": [None]}},
        GOOD | {"tuning": TUNING | {"other": 1}},
        GOOD | {"yardstick_ms": 0},
        GOOD | {"yardstick_ms": "20"},
        GOOD | {"n_measurements": 0},
        GOOD | {"n_measurements": None},
        GOOD | {"other": 1},
    ],
    ids=str,
)
def test_a_damaged_finding_is_measured_again(calibrate_paced: Calibrate, cache_file: Path, damaged: object) -> None:
    """The file is the user's; whatever stands in it must not reach the runtime."""
    calibrate_paced(PacedModel(TINY))
    (key,) = json.loads(cache_file.read_text())["tuned"]
    cache_file.write_text(json.dumps({"tuned": {key: damaged}}))
    model = PacedModel(TINY)
    calibration = calibrate_paced(model)

    assert calibration.summary.endswith("(1 of 3)")
    assert model.counts.decode_calls > 0
    assert calibrate_paced(PacedModel(TINY)).tuning == calibration.tuning


def test_a_good_finding_is_taken_as_it_stands(calibrate_paced: Calibrate, cache_file: Path) -> None:
    """Otherwise the test before this one would show nothing."""
    calibrate_paced(PacedModel(TINY))
    (key,) = json.loads(cache_file.read_text())["tuned"]
    cache_file.write_text(json.dumps({"tuned": {key: GOOD}}))
    model = PacedModel(TINY)

    assert calibrate_paced(model).summary == "measured earlier"
    assert model.tuned == (2, 4, 32)


def test_a_cache_that_cannot_be_written_does_no_harm(calibrate_paced: Calibrate, cache_file: Path) -> None:
    """It is then measured at every start."""
    cache_file.parent.write_text("a file where the folder should be")

    assert [calibrate_paced(PacedModel(TINY)).summary[-8:] for _ in range(4)] == ["(1 of 3)"] * 4


class Failing(PacedModel):
    """Fails in the middle of being measured."""

    def __init__(self, error: Exception) -> None:
        super().__init__(TINY)
        self._error = error

    def _spend(self, seconds: float) -> None:
        super()._spend(seconds)
        if self.counts.decode_calls == 40:
            raise self._error


class Wasteful(PacedModel):
    """Evaluates everything again at each call, so that its times say nothing."""

    def next_token_logprobs(self, contexts: object) -> Float64Array:
        self.forget()
        return super().next_token_logprobs(contexts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "model",
    [Failing(ModelFailed("no numbers")), Failing(DecodeAborted()), Wasteful(TINY)],
    ids=["fails", "aborted", "wasteful"],
)
def test_a_calibration_that_fails_leaves_the_defaults(
    calibrate_paced: Calibrate, cache_file: Path, model: PacedModel, caplog: pytest.LogCaptureFixture
) -> None:
    """The model itself may be good; the user gets his suggestions, and the next start tries again."""
    with caplog.at_level(logging.INFO):
        calibration = calibrate_paced(model)

    assert calibration.summary.startswith("not measured: ")
    assert model.tuned == (8, 8, 64)
    assert calibration.tuning.step_costs == ()
    assert model.is_empty
    assert not cache_file.exists()
    assert len(caplog.records) == 1


def test_a_calibration_that_fails_leaves_what_was_found_before(calibrate_paced: Calibrate) -> None:
    """The defaults know less; and what failed does not count as a measurement."""
    tuning = calibrate_paced(PacedModel(TINY)).tuning
    failing = Failing(ModelFailed("no numbers"))
    calibration = calibrate_paced(failing)

    assert calibration.summary == "not measured: no numbers"
    assert calibration.tuning == tuning
    assert failing.tuned == (tuning.n_threads, tuning.n_threads_prompt, tuning.n_piece_tokens)
    assert calibrate_paced(PacedModel(TINY)).summary.endswith("(2 of 3)")
