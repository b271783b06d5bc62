"""Which of the settings that were said in several ways is in force."""

from __future__ import annotations

from dataclasses import replace

from lsp_server.editor.configuration import Configuration
from lsp_server.settings import DEFAULTS


def test_what_the_editor_does_not_set_any_more_is_as_at_the_start() -> None:
    """A setting that is deleted in the editor must not stick."""
    configuration = Configuration(replace(DEFAULTS, max_tokens=7))
    configuration.begin({"deadline_ms": 100})
    configuration.take({"max_tokens": 9, "deadline_ms": 200})
    assert (configuration.settings.max_tokens, configuration.settings.deadline_ms) == (9, 200)
    configuration.take({})

    assert (configuration.settings.max_tokens, configuration.settings.deadline_ms) == (7, 100)


def test_every_complaint_is_made_once() -> None:
    """Editors send all settings whenever one of them changes."""
    configuration = Configuration(DEFAULTS)
    (complaint,) = configuration.begin({"max_tokens": "many"})

    assert "'max_tokens' is 'many'" in complaint
    assert "48 is used" in complaint
    assert configuration.take({"max_tokens": "many"}) == ()
    assert len(configuration.take({"max_tokens": "few", "max_token": 1})) == 2


def test_what_was_chosen_by_a_command_stays_until_the_editor_says_something_else() -> None:
    """Editors send all settings at many occasions; a model that was chosen must survive that."""
    configuration = Configuration(DEFAULTS)
    configuration.choose(enabled=False, model="other")
    configuration.take({"enabled": True, "max_tokens": 5})
    assert (configuration.settings.enabled, configuration.settings.model) == (False, "other")
    configuration.take({"enabled": True, "model": "third"})

    assert (configuration.settings.enabled, configuration.settings.model) == (False, "third")
