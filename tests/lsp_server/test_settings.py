"""Settings: declared once, never refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.settings import DECLARED, DEFAULTS, Settings, make_settings, own_section, read_settings


def test_every_setting_accepts_its_own_default() -> None:
    """A default that its own check refuses would be a declaration that contradicts itself."""
    for name, declared in DECLARED.items():
        assert declared.allowed.accepts(getattr(DEFAULTS, name)), name
        assert declared.reason


def test_good_values_are_taken() -> None:
    """Without a warning."""
    settings, warnings = make_settings({"max_tokens": 7, "layout": "plain", "model": "x", "prefetch": False})

    assert (settings, warnings) == (Settings(max_tokens=7, layout="plain", model="x", prefetch=False), ())


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


def test_an_unknown_name_is_named() -> None:
    """So that a misspelt setting is found."""
    settings, warnings = make_settings({"max_token": 7})

    assert settings == DEFAULTS
    assert "'max_token'" in warnings[0]


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
