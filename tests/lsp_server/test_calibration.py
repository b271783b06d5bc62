"""What is chosen for a model by measuring it, how long that may take, and what is remembered of it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from byte_fim.backends.llama_cpp import LlamaCppModel
from byte_fim.model import DecodeAborted, Float64Array, ModelFailed
from lsp_server.calibration import Calibration, calibrate
from lsp_server.model_catalog import load_model
from lsp_server.model_trial import LoadParams, try_model
from tests.lsp_server.paced_model import Cost, PacedModel

Calibrate = Callable[..., Calibration]


@pytest.fixture
def cache_file(tmp_path: Path) -> Path:
    """Where the calibrations of a test are remembered."""
    return tmp_path / "cache" / "calibrations.json"


@pytest.fixture
def calibrate_paced(tmp_path: Path, cache_file: Path) -> Calibrate:
    """Calibrates a paced model, by its own clock, on a machine of eight processors."""
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF and more")

    def run(model: PacedModel, *, n_threads: int | None = None, n_processors: int = 8) -> Calibration:
        params = LoadParams(n_threads=n_threads)
        return calibrate(model, path, params, n_processors=n_processors, cache_file=cache_file, clock=model.clock)

    return run


def scaling(*, token_s: float, useful_threads: int, wait_s: float = 0.0, start_s: float = 0.0) -> Cost:
    """A call is begun, each token takes its time, `useful_threads` share the work, and every further one costs."""

    def cost(n_tokens: int, n_threads: int) -> float:
        shared_s = n_tokens * token_s / min(n_threads, useful_threads)
        return start_s + shared_s + wait_s * max(0, n_threads - useful_threads)

    return cost


TINY = scaling(token_s=0.35e-3, useful_threads=8, start_s=1.1e-3)  # a token is mostly overhead, a prompt is not
LARGE = scaling(token_s=20e-3, useful_threads=4, wait_s=0.1e-3)  # four processors' worth of memory bandwidth
CONFINED = scaling(token_s=2e-3, useful_threads=2, wait_s=4e-3)  # eight processors are seen, two may be used
GPU = scaling(token_s=0.01e-3, useful_threads=1, start_s=2e-3)  # the processors have nothing to do

TUNING = {"n_threads": 2, "n_threads_prompt": 4, "n_piece_tokens": 32, "step_costs": [1.0] * 9}
GOOD = {"tuning": TUNING, "yardstick_ms": 20.0, "n_measurements": 3}
"""A finding as it is remembered."""


def busy(cost: Cost) -> Cost:
    """Others have work too: one token, one thread's work, is none the slower; more wait for threads that wait."""
    return lambda n_tokens, n_threads: cost(n_tokens, n_threads) + 20e-3 * (n_tokens > 1)


@pytest.mark.parametrize(
    ("cost", "n_threads", "n_threads_prompt"),
    [(TINY, 1, 8), (LARGE, 4, 8), (CONFINED, 1, 4), (GPU, 1, 8)],
    ids=["tiny", "large", "confined", "gpu"],
)
def test_threads_are_few_for_a_token_and_many_for_a_prompt(
    calibrate_paced: Calibrate, cost: Cost, n_threads: int, n_threads_prompt: int
) -> None:
    """A token gains little by threads that a busy machine makes wait; a prompt gains by all that really work."""
    model = PacedModel(cost)
    tuning = calibrate_paced(model).tuning

    assert (tuning.n_threads, tuning.n_threads_prompt) == (n_threads, n_threads_prompt)
    assert model.tuned == (n_threads, n_threads_prompt, tuning.n_piece_tokens)


@pytest.mark.parametrize(("token_ms", "n_piece_tokens"), [(10, 16), (2.6, 16), (1.2, 32), (0.35, 64), (0.01, 512)])
def test_a_piece_of_a_prompt_is_the_largest_that_ends_soon(
    calibrate_paced: Calibrate, token_ms: float, n_piece_tokens: int
) -> None:
    """Superseded work must stop within 50 ms, even where only the end of a call can stop it."""
    model = PacedModel(scaling(token_s=token_ms / 1000, useful_threads=1))

    assert calibrate_paced(model).tuning.n_piece_tokens == n_piece_tokens
    assert model.tuned[2] == n_piece_tokens


def test_a_piece_fits_the_context(calibrate_paced: Calibrate) -> None:
    """Contexts may be set to less than the largest piece, and asking for more is an error."""
    model = PacedModel(GPU)
    model.n_context_tokens = 128

    assert calibrate_paced(model).tuning.n_piece_tokens == 128


def test_step_costs_are_relative_to_one_token(calibrate_paced: Calibrate) -> None:
    """Drafting weighs what more tokens in a call cost against what they save."""
    model = PacedModel(scaling(token_s=1e-3, useful_threads=1, start_s=4e-3))

    assert calibrate_paced(model).tuning.step_costs == pytest.approx([(4 + k) / 5 for k in range(1, 10)], abs=1e-3)


def test_other_programs_that_come_and_go_change_nothing(calibrate_paced: Calibrate) -> None:
    """An editor that starts is a busy machine: single calls take many times as long, and the median knows better."""
    calls = count()
    quiet = PacedModel(TINY)
    noisy = PacedModel(lambda n_tokens, n_threads: TINY(n_tokens, n_threads) * (8 if next(calls) % 5 == 0 else 1))
    calibrate_paced(quiet)
    calibrate_paced(noisy, n_processors=9)

    assert noisy.tuned == quiet.tuned


@pytest.mark.parametrize("n_threads", [None, 8])
@pytest.mark.parametrize("token_s", [0.02, 0.1, 0.3, 1.0, 2.4])
def test_no_model_is_measured_for_more_than_three_seconds(
    calibrate_paced: Calibrate, token_s: float, n_threads: int | None
) -> None:
    """Whoever runs a model that is slow waits long enough as it is; and one thread would make him wait eight times."""
    slow = PacedModel(scaling(token_s=8 * token_s, useful_threads=8))
    calibrate_paced(slow, n_threads=n_threads)

    assert slow.now_s <= 3.0
    assert slow.tuned == (8, 8, 16)


def test_steps_that_time_did_not_allow_count_as_linear(calibrate_paced: Calibrate) -> None:
    """An unknown cost must not tempt anybody to draft."""
    slow = PacedModel(scaling(token_s=0.02, useful_threads=1, start_s=0.28))
    costs = calibrate_paced(slow, n_threads=1).tuning.step_costs

    assert len(costs) == 9
    assert costs[1] == pytest.approx(0.32 / 0.30, abs=1e-3)
    assert costs[8] == pytest.approx(costs[7] * 9 / 8, abs=1e-2)


def test_a_number_of_threads_that_the_user_chose_is_kept(calibrate_paced: Calibrate) -> None:
    """He may know more than a second's measurement; the rest is calibrated all the same."""
    model = PacedModel(TINY)
    calibration = calibrate_paced(model, n_threads=3)

    assert model.tuned == (3, 3, 256)
    assert calibration.facts()["threads"] == "3 for one token, 3 for prompts"
    assert len(calibration.tuning.step_costs) == 9


def test_facts_are_for_people(calibrate_paced: Calibrate) -> None:
    """`bytefim doctor` shows them as they are."""
    facts = calibrate_paced(PacedModel(scaling(token_s=1e-3, useful_threads=1))).facts()

    assert facts["threads"] == "1 for one token, 8 for prompts"
    assert facts["piece_tokens"] == "32"
    assert facts["step_costs"] == "1 2 3 4 5 6 7 8 9"
    assert re.fullmatch(r"measured now in [0-9.]+ s \(1 of 3\)", facts["calibration"])


def test_nothing_of_it_stays_in_the_model(calibrate_paced: Calibrate) -> None:
    """Cells that hold nonsense would take room from what the user types."""
    model = PacedModel(TINY)
    calibrate_paced(model)

    assert model.is_empty


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


def test_the_real_model_is_tuned_and_answers_as_before(tiny: LlamaCppModel, cache_file: Path, tmp_path: Path) -> None:
    """Threads and pieces change the order of sums, within the tolerance of docs/exactness.md, section 10."""
    tokens = tiny.tokenize(b"def mean(values):\n    total = sum(values)\n    return total / len(values)\n\n\n" * 12)
    loaded = load_model(
        None,
        trial=partial(try_model, cache_file=tmp_path / "trials.json"),
        calibration=partial(calibrate, cache_file=cache_file),
    )
    n_piece_tokens = int(loaded.facts["piece_tokens"])
    before = loaded.model.counts
    row = loaded.model.next_token_logprobs([tokens])[0]
    done = loaded.model.counts.since(before)
    loaded.close()

    assert done.decoded_tokens == len(tokens)
    assert done.decode_calls == -(-len(tokens) // n_piece_tokens)
    assert loaded.facts["calibration"].startswith("measured now in")
    assert len(loaded.step_costs) == 9
    assert 0.5 * np.abs(np.exp(row) - np.exp(tiny.next_token_logprobs([tokens])[0])).sum() < 1e-3
