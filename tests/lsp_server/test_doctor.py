"""`bytefim doctor`: facts about what is there, and plain words about what is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from byte_fim.errors import BadModelFile
from lsp_server.command_line.doctor import Facts, collect_facts, render
from lsp_server.model.load_params import LoadParams
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.model.self_test import Measurement, Score, Way
from lsp_server.model.trial import TrialOutcome, try_model
from lsp_server.model.verdict import Verdict
from lsp_server.settings import DEFAULTS, Settings
from lsp_server.store.entries import ModelFamily

MODELS = Path(__file__).resolve().parents[2] / "models"
NANO = "bytefim-nano-spm"
COUNTS = {"shown": 12, "accepted": 3, "latency_ms": {"n": 12, "p50": 81.5}}
FINE = Verdict(measurement=Measurement(n_holes=24, scores=(Score(way=Way("psm"), n_right=17, n_ended=14),)))
ONE_THREAD = replace(DEFAULTS, n_threads=1)  # tests share the machine with other work
PATIENT = replace(ONE_THREAD, deadline_ms=60_000)  # how fast it is says nothing about its health


def examine(folder: Path, model: str | None, settings: Settings = ONE_THREAD) -> Facts:
    """The facts, with trials that leave the user's cache alone."""
    trial = partial(try_model, cache_file=folder / "trials.json")
    load = partial(load_model, trial=trial, self_test=never_measured)
    return collect_facts(model, settings=settings, load=load, judge_file=judged(), count=lambda: COUNTS)


def judged(verdict: Verdict = FINE) -> Callable[..., Verdict]:
    """What the file can do, without asking the model."""
    return lambda path, **_: verdict


def never_measured(path: Path, params: LoadParams, family: ModelFamily | None) -> None:
    """A self-test without an outcome."""


def verdict(facts: Facts, kind: str) -> list[str]:
    """The sentences of one kind."""
    sentences = facts["verdict"][kind]
    assert isinstance(sentences, list)
    return sentences


def number(facts: Facts, section: str, name: str) -> float:
    """A fact that is a number."""
    fact = facts[section][name]
    assert isinstance(fact, (int, float))
    return fact


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """The facts about the small test model, collected once."""
    return examine(tmp_path_factory.mktemp("doctor"), NANO, PATIENT)


def test_a_healthy_installation_has_every_fact(healthy: Facts) -> None:
    """The first thing that is asked of whoever reports a problem."""
    sections = ["versions", "llama.cpp", "model", "speed", "memory", "settings", "statistics", "verdict"]
    assert list(healthy) == sections
    assert list(healthy["verdict"]) == ["ok", "problems", "hints", "silent_where"]
    assert (healthy["verdict"]["ok"], verdict(healthy, "problems"), verdict(healthy, "hints")) == (True, [], [])
    assert healthy["statistics"] == {"shown": 12, "accepted": 3, "latency_ms n": 12, "latency_ms p50": 81.5}
    assert healthy["model"]["name"] == NANO
    assert healthy["model"]["fim"] == "yes"
    assert healthy["model"]["layout"] == "spm"
    assert "passed" in str(healthy["model"]["trial"])
    assert healthy["llama.cpp"]["features"]
    assert healthy["settings"]["max_tokens"] == DEFAULTS.max_tokens
    assert all(number(healthy, "speed", f"{what}_tokens_per_s") > 1 for what in ("prompt", "generated"))
    assert json.loads(json.dumps(healthy)) == healthy


def test_the_text_for_people_shows_every_fact(healthy: Facts) -> None:
    """A fact that only the JSON has would be missed in reports."""
    text = render(healthy)

    for section, entries in healthy.items():
        if section != "verdict":
            assert section in text.splitlines()
            assert all(f"  {name}" in text for name in entries)
    assert text.endswith("Suggestions should appear.")


@pytest.mark.parametrize("content", [b"", b"no model", b"GGUF" + bytes(3000)])
def test_a_broken_model_does_not_break_the_doctor(tmp_path: Path, content: bytes) -> None:
    """It is asked exactly when something is broken."""
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    facts = examine(tmp_path, str(path))
    text = render(facts)

    assert facts["verdict"]["ok"] is False
    assert facts["model"] == {}
    assert facts["llama.cpp"]["features"]
    assert "broken.gguf" in verdict(facts, "problems")[0]
    assert text.count("problem: ") == 1
    assert text.endswith("No suggestion will appear before the problem is solved.")


def test_a_file_that_cannot_be_used_is_one_problem_and_is_not_loaded() -> None:
    """The verdict has found out why; loading the file as well would take as long again and say the same."""
    reason = "model.gguf is an encoder (bert); choose another model."
    facts = collect_facts(NANO, settings=ONE_THREAD, load=refuse, judge_file=judged(Verdict(reason=reason)))

    assert verdict(facts, "problems") == [reason]
    assert facts["model"] == {}


def test_what_the_model_showed_and_what_it_needs_are_told(tmp_path: Path) -> None:
    """Whether a model fills holes at all is the first question about a file from somewhere."""
    trial = partial(try_model, cache_file=tmp_path / "trials.json")
    tight = replace(FINE, warning="The model needs 9.1 GB of memory.")
    facts = collect_facts(
        NANO, settings=ONE_THREAD, load=partial(load_model, trial=trial), judge_file=judged(tight), count=lambda: COUNTS
    )

    assert facts["model"]["fim_verdict"] == tight.line
    assert verdict(facts, "hints") == ["The model needs 9.1 GB of memory."]


def refuse(name: str | None, **_: object) -> LoadedModel:
    """Whatever is to be loaded, it should not be."""
    raise AssertionError(name)


def test_settings_that_silence_the_server_are_named(tmp_path: Path) -> None:
    """'Why do I see nothing' is the commonest question."""
    facts = examine(tmp_path, str(tmp_path / "none.gguf"), replace(ONE_THREAD, enabled=False))

    assert len(verdict(facts, "problems")) == 2
    assert "enabled" in verdict(facts, "problems")[1]


def test_what_keeps_single_suggestions_from_appearing_is_told(tmp_path: Path) -> None:
    """All is well, and still nothing is seen in one file; what cannot be known from here is said too."""
    settings = replace(ONE_THREAD, languages_off=("c", "tcl"), files_off=("*.env",), min_confidence=0.25)
    facts = examine(tmp_path, str(tmp_path / "none.gguf"), settings)
    told = "\n".join(verdict(facts, "silent_where"))

    for word in ("c, tcl", "*.env", "min_confidence = 0.25", "deadline_ms = 2500", "inline completion", "bytefim.why"):
        assert word in told
        assert word in render(facts)


def test_what_is_wrong_with_the_settings_is_a_hint(tmp_path: Path) -> None:
    """The server has told it once, in a log that nobody reads."""
    facts = collect_facts(str(tmp_path / "none.gguf"), warnings=["setting 'x' is wrong"], count=lambda: COUNTS)

    assert verdict(facts, "hints") == ["setting 'x' is wrong"]


def test_settings_that_are_not_the_default_are_marked(tmp_path: Path) -> None:
    """The first suspects; a list of them all hides them."""
    changed = replace(DEFAULTS, max_tokens=7, languages_off=("c",), weights=(2.0, 1), statistics=False)
    lines = render(examine(tmp_path, str(tmp_path / "none.gguf"), changed)).splitlines()

    assert [" ".join(line.split()) for line in lines if "(default: " in line] == [
        "weights 2.0, 1 (default: -)",
        "max_tokens 7 (default: 48)",
        "languages_off c (default: -)",
        "statistics no (default: yes)",
    ]
    assert "statistics" not in lines  # the section: nothing is counted


def test_a_deadline_that_cannot_be_met_is_a_hint(tmp_path: Path) -> None:
    """Suggestions then appear in short files only, which looks like a bug."""
    facts = examine(tmp_path, NANO, replace(ONE_THREAD, deadline_ms=10))

    assert facts["verdict"]["ok"] is True
    assert "deadline_ms = 10" in verdict(facts, "hints")[0]


def test_a_model_without_fim_tokens_is_a_problem_unless_plain_is_set(tmp_path: Path) -> None:
    """The server refuses it for the layout that needs them; the doctor says so and still shows what the model is."""
    content = (MODELS / "bytefim-nano-spm-q8_0.gguf").read_bytes()
    path = tmp_path / "plain.gguf"
    path.write_bytes(content.replace(b"tokenizer.ggml.fim_", b"tokenizer.ggml.xim_").replace(b"<|fim_", b"<|xim_"))
    facts = examine(tmp_path, str(path))
    with_plain = examine(tmp_path, str(path), replace(ONE_THREAD, layout="plain"))

    assert facts["model"]["fim"] == "no"
    assert verdict(facts, "problems") == [
        'plain.gguf has no fill-in-the-middle tokens; set layout = "plain" or choose another model.'
    ]
    assert with_plain["verdict"]["ok"] is True


def test_the_model_of_the_settings_is_examined_unless_another_is_named(tmp_path: Path) -> None:
    """The doctor must look at what the server would load."""
    asked: list[str | None] = []

    def load(name: str | None, **_: object) -> LoadedModel:
        asked.append(name)
        raise BadModelFile("enough")

    for name in (None, "bytefim-tiny"):
        collect_facts(name, settings=replace(ONE_THREAD, model=NANO), load=load, judge_file=judged())

    assert asked == [NANO, "bytefim-tiny"]


def test_a_machine_that_needs_safe_parameters_gets_a_hint(tmp_path: Path) -> None:
    """It works, but another build might be faster; nobody would guess."""

    def trial(path: Path, params: LoadParams) -> TrialOutcome:
        return TrialOutcome(replace(params, use_extra_buffers=False), "passed without repacked weights")

    load = partial(load_model, trial=trial)
    facts = collect_facts(NANO, settings=ONE_THREAD, load=load, judge_file=judged())

    assert facts["verdict"]["ok"] is True
    assert "Repacked weights fail on this machine" in verdict(facts, "hints")[0]
