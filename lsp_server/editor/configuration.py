"""The settings in force: those of the start, what the editor says, and what the user chose by a command since.

Knows no messages and no engine.
"""

from __future__ import annotations

from dataclasses import replace

from lsp_server.settings import Settings
from lsp_server.settings_reading import make_settings, own_section


class Configuration:
    """One editor's settings; every complaint about them is made once."""

    def __init__(self, at_start: Settings) -> None:
        self._base = self._from_editor = at_start
        self._chosen: dict[str, object] = {}
        self._told: set[str] = set()

    @property
    def settings(self) -> Settings:
        """All of them, now."""
        return replace(self._from_editor, **self._chosen) if self._chosen else self._from_editor

    def begin(self, options: object) -> tuple[str, ...]:
        """Take over what the editor says when it starts the server: from now on that is what holds unless it says
        otherwise. The complaints.
        """
        warnings = self.take(options)
        self._base = self._from_editor
        return warnings

    def take(self, options: object) -> tuple[str, ...]:
        """Take over all that the editor says; what it does not set is as at the start. New complaints, a sentence each.

        What was chosen by a command holds until the editor says something else than before.
        """
        before = self._from_editor
        self._from_editor, warnings = make_settings(own_section(options), base=self._base)
        for name in list(self._chosen):
            if getattr(self._from_editor, name) != getattr(before, name):
                del self._chosen[name]
        new = tuple(warning for warning in warnings if warning not in self._told)
        self._told.update(new)
        return new

    def choose(self, **values: object) -> None:
        """Values the user has chosen; they must be good ones."""
        self._chosen.update(values)
