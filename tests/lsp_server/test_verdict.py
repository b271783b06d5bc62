"""What a file can do, in one line; measured once, remembered, and used where nothing is known of a model."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest

from byte_fim.errors import BadModelFile
from lsp_server.model.calibration import Calibration, Tuning
from lsp_server.model.code_holes import CODE_HOLES
from lsp_server.model.load_params import LoadParams
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.model.self_test import WAYS, Measurement, Score, Way
from lsp_server.model.trial import TrialOutcome, try_model
from lsp_server.model.verdict import ASKED_LIMIT_S, Verdict, choose_way, find_verdict, measure_once
from lsp_server.store.catalog import read_catalog
from lsp_server.store.entries import ModelFamily
from tests.made_models import write_random_model
from tests.vocabularies import find_vocabulary

MODELS = Path(__file__).resolve().parents[2] / "models"
NANO = MODELS / "bytefim-nano-spm-q8_0.gguf"
ONE_THREAD = LoadParams(n_threads=1)  # tests share the machine with other work
CHILD = """
import json, pathlib, sys
path, params, limit_s, order, *fim_texts = sys.argv[1:]
log = pathlib.Path(path).with_suffix(".log")
log.write_text((log.read_text() if log.exists() else "") + limit_s + " ")
log.with_suffix(".order").write_text(order)
"""


def measured(*n_right: int, n_ended: int = 0, n_holes: int = 24) -> Measurement:
    """With so many holes filled in each way, of all five; one number: by a model that knows no FIM."""
    ways = WAYS if len(n_right) > 1 else WAYS[-1:]
    scores = (Score(way=way, n_right=n, n_ended=min(n, n_ended)) for way, n in zip(ways, n_right, strict=True))
    return Measurement(n_holes=n_holes, scores=tuple(scores))


@pytest.mark.parametrize(
    ("verdict", "line"),
    [
        (
            Verdict(way=WAYS[2], measurement=measured(9, 4, 17, 12, 11, n_ended=14)),
            "FIM ok (PSM, cut anchor, exact match 71 %, ends by itself 58 %; 24 holes)",
        ),
        (
            Verdict(way=WAYS[3], measurement=measured(1, 1, 0, 5, 2, n_ended=3, n_holes=6)),
            "FIM ok (SPM, exact match 83 %, ends by itself 50 %; only 6 holes, the model is slow)",
        ),
        (
            Verdict(way=WAYS[3], measurement=measured(7, 1, 8, 9, 8)),
            "FIM weak, hardly better than without the suffix (SPM, exact match 38 %, ends by itself 0 %; 24 holes)",
        ),
        (
            Verdict(way=WAYS[4], measurement=measured(1, 1, 2, 0, 11)),
            "plain completion only: it has fill-in-the-middle tokens, but does worse with them (plain, exact match"
            " 46 %; PSM, cut anchor, exact match 8 %)",
        ),
        (
            Verdict(way=WAYS[4], measurement=measured(12)),
            "plain completion only: it has no fill-in-the-middle tokens (plain, exact match 50 %)",
        ),
        (
            Verdict(way=WAYS[4], measurement=measured(6), is_chat=True),
            "plain completion only: it is a chat model, it has no fill-in-the-middle tokens (plain, exact match 25 %)",
        ),
        (
            Verdict(measurement=measured(0, 0, 0, 0, 0)),
            "hardly of use: none of 24 small holes filled, in whatever layout",
        ),
        (
            Verdict(measurement=measured(0, 0, 0, 0, 0, n_holes=0)),
            "not measured, because the model is too slow for that (PSM, cut word is assumed)",
        ),
        (Verdict(reason="a.gguf is empty; fetch it again."), "not usable: a.gguf is empty; fetch it again."),
    ],
)
def test_the_verdict_is_one_line(verdict: Verdict, line: str) -> None:
    """It stands in the doctor's report and behind a model that is added; figures come with what they are of."""
    assert verdict.line == line


@pytest.mark.parametrize(
    ("n_right", "way"),
    [
        ((20, 20, 20, 20, 10), WAYS[0]),
        ((19, 20, 20, 20, 10), WAYS[0]),
        ((18, 20, 20, 20, 10), WAYS[1]),
        ((7, 1, 8, 9, 8), WAYS[2]),
        ((0, 0, 0, 20, 10), WAYS[3]),
        ((0, 0, 0, 1, 3), WAYS[4]),
        ((0, 0, 0, 0, 1), WAYS[0]),
    ],
)
def test_what_most_models_want_is_kept_unless_another_way_is_clearly_better(n_right: tuple[int, ...], way: Way) -> None:
    """One hole of 24 is chance."""
    assert choose_way(measured(*n_right)) == way


def test_the_verdict_for_scripts_has_all_figures() -> None:
    """What is one line for people is a table for scripts."""
    verdict = Verdict(way=WAYS[2], measurement=measured(9, 4, 18, 12, 6, n_ended=12), architecture="qwen2")
    told = json.loads(json.dumps(verdict.as_json()))

    assert (told["is_usable"], told["reason"], told["architecture"]) == (True, None, "qwen2")
    assert (told["layout"], told["cut"], told["n_holes"]) == ("psm", "anchor", 24)
    assert told["ways"][2] == {"layout": "psm", "cut": "anchor", "exact_match": 0.75, "ends_by_itself": 0.5}


class Files:
    """A file that nothing reads, a scripted child, and what is remembered."""

    def __init__(self, folder: Path) -> None:
        self.model = folder / "model.gguf"
        self.model.write_bytes(b"GGUF and more")
        self._script = folder / "child.py"
        self._cache = folder / "cache.json"

    def measure(
        self, says: object, *, limit_s: float = 2.0, family: ModelFamily | None = None, params: LoadParams = ONE_THREAD
    ) -> Measurement | None:
        """With a child that says so, or ends as a program says."""
        is_program = isinstance(says, str)
        self._script.write_text(CHILD + (str(says) if is_program else f"print({json.dumps(says)!r})"))
        return measure_once(
            self.model,
            params,
            family,
            limit_s=limit_s,
            command=[sys.executable, str(self._script)],
            cache_file=self._cache,
        )

    def n_started(self) -> int:
        """How many children have run so far."""
        log = self.model.with_suffix(".log")
        return len(log.read_text().split()) if log.exists() else 0


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_a_file_is_measured_once(files: Files) -> None:
    """Every start after the first one is free; another file under the same name is measured again."""
    first, second = measured(9, 4, 17, 12, 11), measured(1, 1, 1, 1, 1)

    assert files.measure(asdict(first)) == first
    assert files.measure(asdict(second)) == first
    files.model.write_bytes(b"GGUF and something else")
    assert files.measure(asdict(second)) == second
    assert files.n_started() == 2


def test_another_order_and_other_adapters_are_measured_anew(files: Files, tmp_path: Path) -> None:
    """The family says in which order a model was trained; an adapter makes another model of it."""
    first, second, third = (measured(n, n, n, n, n) for n in (1, 2, 3))
    (family,) = (family for family in read_catalog().families if family.name == "mellum")
    (tmp_path / "lora.gguf").write_bytes(b"GGUF")
    adapted = replace(ONE_THREAD, loras=((str(tmp_path / "lora.gguf"), 1.0),))

    assert files.measure(asdict(first)) == first
    assert files.model.with_suffix(".order").read_text() == "prefix first"
    assert files.measure(asdict(second), family=family) == second
    assert files.model.with_suffix(".order").read_text() == "suffix first"
    assert files.measure(asdict(third), params=adapted) == third
    assert files.measure(asdict(third)) == first


def test_whoever_asks_gets_more_holes_than_a_start_has_time_for(files: Files) -> None:
    """The start of a slow model measures a few; `doctor` takes its time, and the next start knows it too."""
    few, more = measured(1, 1, 1, 1, 1, n_holes=2), measured(8, 8, 8, 8, 8, n_holes=9)

    assert files.measure(asdict(few)) == few
    assert files.measure(asdict(more), limit_s=ASKED_LIMIT_S) == more
    assert files.measure(asdict(few), limit_s=ASKED_LIMIT_S) == more  # the machine was busy; nothing is lost
    assert files.measure("raise AssertionError") == more


def test_a_self_test_that_dies_leaves_the_usual_way(files: Files) -> None:
    """The trial has passed, so the model works; a start must not fail for want of figures."""
    assert files.measure("import os; os.abort()") is None
    assert choose_way(None) == WAYS[0]


def test_why_a_model_cannot_be_measured_is_told(files: Files) -> None:
    """The runtime's refusal is a sentence for the user."""
    with pytest.raises(BadModelFile, match="has no tokenizer; choose another"):
        files.measure({"reason": "model.gguf has no tokenizer; choose another."})


@pytest.fixture
def unknown(tmp_path: Path) -> Path:
    """The small embedded model as a file that the catalogue does not know by size, digest or name."""
    path = tmp_path / "mine.gguf"
    path.write_bytes(NANO.read_bytes().replace(b"bytefim", b"unnamed") + b"\0")
    return path


def load(path: Path, folder: Path) -> LoadedModel:
    """As the server does, with its caches in a folder of the test."""
    trial = partial(try_model, cache_file=folder / "trials.json")
    tuning = Tuning(n_threads=1, n_threads_prompt=1, n_piece_tokens=64)
    return load_model(
        str(path),
        params=ONE_THREAD,
        trial=trial,
        calibration=lambda *_: Calibration(tuning, "not measured"),
        self_test=partial(measure_once, cache_file=folder / "tests.json"),
    )


def test_a_model_that_nobody_knows_is_asked_as_it_showed(unknown: Path, tmp_path: Path) -> None:
    """The whole path on real weights: header, trial, self-test, verdict; and the next start follows it."""
    trial = partial(try_model, cache_file=tmp_path / "trials.json")
    told: list[str] = []
    verdict = find_verdict(unknown, told.append, params=ONE_THREAD, trial=trial, cache_file=tmp_path / "tests.json")
    loaded = load(unknown, tmp_path)
    loaded.close()

    assert verdict.is_usable
    assert verdict.architecture == "llama"
    assert verdict.n_trained_tokens == 512
    assert verdict.measurement is not None
    assert verdict.measurement.n_holes > 0
    assert Way(loaded.layout, loaded.cut) == verdict.way
    assert len(told) == 2


def test_what_the_catalogue_knows_is_not_measured_against(tmp_path: Path) -> None:
    """The embedded model's layout was chosen on hundreds of cursors; 24 holes do not overrule them."""
    family = read_catalog().require_entry("bytefim-nano-spm").family
    assert family is not None
    measurement = measured(24, 24, 24, 0, 0)
    cache = {"cache_file": tmp_path / "tests.json", "command": child_that_says(measurement, tmp_path)}
    known = find_verdict(NANO, params=ONE_THREAD, family=family, trial=lambda path, params: passed(params), **cache)
    unsure = replace(family, recalled=("fim",))
    open_to_doubt = find_verdict(
        NANO, params=ONE_THREAD, family=unsure, trial=lambda path, params: passed(params), **cache
    )

    assert known.way == Way("spm")
    assert known.line.startswith("FIM weak, hardly better than without the suffix (SPM, exact match 0 %")
    assert open_to_doubt.way == WAYS[0]


def test_bad_files_have_a_verdict_too(tmp_path: Path) -> None:
    """`models add` and `doctor` are asked about anything; they answer, and raise nothing."""
    (tmp_path / "empty.gguf").write_bytes(b"")
    trial = partial(try_model, cache_file=tmp_path / "trials.json")
    lines = [
        find_verdict(path, trial=trial).line
        for path in (tmp_path / "empty.gguf", tmp_path / "none.gguf", find_vocabulary("gpt-2"))
    ]

    assert all(line.startswith("not usable: ") for line in lines)
    assert [why in line for why, line in zip(("is empty", "no file", "no weights"), lines, strict=True)] == [True] * 3


@pytest.mark.slow
def test_a_chat_model_is_refused_for_fim_and_told_so(tmp_path: Path) -> None:
    """The commonest wrong file of all: it has a good name, and no tokens for holes."""
    path = tmp_path / "chat.gguf"
    write_random_model(path, find_vocabulary("phi-3"))
    with pytest.raises(BadModelFile, match="is a chat model without fill-in-the-middle tokens; use --layout plain"):
        load(path, tmp_path)


def child_that_says(measurement: Measurement, folder: Path) -> list[str]:
    """The command of a self-test with this outcome."""
    script = folder / "child.py"
    script.write_text(f"print({json.dumps(asdict(measurement))!r})")
    return [sys.executable, str(script)]


def passed(params: LoadParams) -> TrialOutcome:
    """A trial that finds nothing wrong."""
    return TrialOutcome(params, "passed")


def test_all_holes_are_in_the_figures() -> None:
    """The percentages above are of 24."""
    assert len(CODE_HOLES) == 24
