"""What is chosen for a model by measuring it, and how long that may take."""

from __future__ import annotations

import re
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from byte_fim.backends.llama_cpp import LlamaCppModel
from lsp_server.model.calibration import calibrate
from lsp_server.model.loading import load_model
from lsp_server.model.trial import try_model
from tests.lsp_server.calibrating import CONFINED, GPU, LARGE, TINY, Calibrate, calibrating, scaling
from tests.lsp_server.paced_model import Cost, PacedModel


@pytest.fixture
def calibrate_paced(tmp_path: Path) -> Calibrate:
    """Calibrates a paced model; what is found is remembered for this test."""
    return calibrating(tmp_path)


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


def test_the_real_model_is_tuned_and_answers_as_before(tiny: LlamaCppModel, tmp_path: Path) -> None:
    """Threads and pieces change the order of sums, within the tolerance of docs/exactness.md, section 10."""
    tokens = tiny.tokenize(b"def mean(values):\n    total = sum(values)\n    return total / len(values)\n\n\n" * 12)
    loaded = load_model(
        None,
        trial=partial(try_model, cache_file=tmp_path / "trials.json"),
        calibration=partial(calibrate, cache_file=tmp_path / "calibrations.json"),
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
