"""Settings: declared once, never refused."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from lsp_server.settings import DECLARED, DEFAULTS, Settings
from lsp_server.settings_reading import make_settings, own_section, read_settings, with_models


def test_every_setting_accepts_its_own_default() -> None:
    """A default that its own check refuses would be a declaration that contradicts itself."""
    for name, declared in DECLARED.items():
        assert declared.allowed.accepts(getattr(DEFAULTS, name)), name
        assert declared.meaning
        assert declared.reason


def test_good_values_are_taken() -> None:
    """Without a warning."""
    settings, warnings = make_settings({"max_tokens": 7, "layout": "plain", "model": "x", "min_confidence": 1})

    assert (settings, warnings) == (Settings(max_tokens=7, layout="plain", model="x", min_confidence=1), ())


@pytest.mark.parametrize("languages", [["python", "c"], ("python", "c")])
def test_a_list_becomes_a_tuple(languages: object) -> None:
    """Settings travel to another process and are compared and kept as keys."""
    settings, warnings = make_settings({"languages_off": languages})

    assert settings.languages_off == ("python", "c")
    assert warnings == ()
    assert pickle.loads(pickle.dumps(settings)) == settings
    assert hash(settings) == hash(replace(settings))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", 0),
        ("max_tokens", "48"),
        ("max_tokens", True),
        ("deadline_ms", 1.5),
        ("layout", "sideways"),
        ("layout", ["spm"]),
        ("model", "  "),
        ("enabled", 1),
        ("prefetch", "no"),
        ("n_threads", -1),
        ("min_confidence", 1.01),
        ("min_confidence", math.nan),
        ("min_confidence", "0.5"),
        ("min_confidence", False),
        ("languages_off", "python"),
        ("languages_off", [" "]),
        ("files_off", [["*.py"]]),
        ("files_off", {"*.py": True}),
        ("weights", [1.0, 0.0]),
        ("weights", ["1"]),
        ("weights", [True]),
        ("weights", math.inf),
        ("weights", [math.nan]),
    ],
)
def test_a_bad_value_is_named_and_the_default_used(name: str, value: object) -> None:
    """A typing error in a settings file must not cost the user his completions."""
    settings, warnings = make_settings({name: value, "n_suffix_bytes": 5})

    assert settings == Settings(n_suffix_bytes=5)
    assert len(warnings) == 1
    assert repr(name) in warnings[0]
    assert repr(value) in warnings[0]
    assert repr(getattr(DEFAULTS, name)) in warnings[0]


def test_weights_must_be_as_many_as_models() -> None:
    """Whatever the order in which editors and files say so; otherwise it is unclear whose they are."""
    beside = {"models_beside": ["b"]}
    good, none = make_settings({"weights": [2, 1.5], **beside})
    bad, warnings = make_settings({"weights": [2, 1.5, 1], **beside})
    later, complaints = make_settings({"models_beside": []}, base=good)

    assert (good.weights, none) == ((2, 1.5), ())
    assert (bad.weights, later.weights) == ((), ())
    assert warnings == ("setting 'weights' has 3 numbers for 2 models; it must have one for each, and is ignored",)
    assert len(complaints) == 1


def test_models_of_the_command_line_take_the_place_of_all() -> None:
    """Some of one set and some of another would be neither."""
    base = Settings(model="a", models_beside=("b", "c"), weights=(1.0, 2.0, 3.0))

    assert with_models(base, []) == base
    assert with_models(base, ["x"]) == Settings(model="x")
    assert with_models(base, ["x", "y"], (2.0, 1.0)) == Settings(model="x", models_beside=("y",), weights=(2.0, 1.0))


def test_an_unknown_name_is_named() -> None:
    """So that a misspelt setting is found."""
    settings, warnings = make_settings({"max_token": 7})

    assert settings == DEFAULTS
    assert warnings[0].startswith("unknown setting 'max_token' with value 7 is ignored; known are enabled, ")


@pytest.mark.parametrize("values", [{"model": ["x" * 1_000_000]}, {"x" * 1_000_000: 1}, {"max_tokens": 10**4000}])
def test_a_warning_can_be_read_whatever_was_sent(values: dict[str, object]) -> None:
    """It goes to the log and, as a popup, to the user."""
    _, warnings = make_settings(values)

    assert len(warnings[0]) < 600


def test_a_warning_says_name_value_allowed_and_what_is_used() -> None:
    """All that is needed to mend it, in one sentence."""
    _, warnings = make_settings({"layout": "sideways"})

    assert warnings == ("setting 'layout' is 'sideways' but must be one of auto, plain, psm, spm; 'auto' is used",)


def test_a_settings_file_is_toml_with_or_without_our_section(tmp_path: Path) -> None:
    """People write both."""
    plain, sectioned = tmp_path / "plain.toml", tmp_path / "sectioned.toml"
    plain.write_text("max_tokens = 7\n", encoding="utf-8")
    sectioned.write_text("[bytefim]\nmax_tokens = 7\n", encoding="utf-8")

    assert read_settings(plain) == read_settings(sectioned) == (Settings(max_tokens=7), ())


@pytest.mark.parametrize("content", [b"max_tokens = ", b"\xff\xfe", None])
def test_a_settings_file_that_cannot_be_read_costs_a_warning(tmp_path: Path, content: bytes | None) -> None:
    """The server starts nevertheless."""
    path = tmp_path / "settings.toml"
    if content is not None:
        path.write_bytes(content)
    settings, warnings = read_settings(path)

    assert settings == DEFAULTS
    assert len(warnings) == 1
    assert str(path) in warnings[0]


@pytest.mark.parametrize("options", [None, [], "x", {"bytefim": None}, {"bytefim": [1]}])
def test_options_of_any_shape_are_survived(options: object) -> None:
    """Editors send what they like as initialization options."""
    assert own_section(options) == {}
