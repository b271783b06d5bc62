"""Where the user wants nothing unless he asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lsp_server.editor.switches import find_switch
from lsp_server.settings import DEFAULTS
from tests.lsp_server.requests import ask


@pytest.mark.parametrize(
    ("uri", "pattern"),
    [
        ("file:///home/me/notes.md", "*.md"),
        ("file:///home/me/a%20b/no%C3%A9l.txt", "noél.txt"),
        ("file:///home/me/a%20b/x.txt", "a b/*"),
        ("file:///home/me/vendor/deep/x.py", "vendor/*"),
        ("file:///home/me/vendor/deep/x.py", "/home/me/*"),
        ("file:///c%3A/w/x.py", "c:/w/*"),
        ("file:///C:/w/x.py", "w/x.py"),
        ("file:///c%3A/secret/a.py", "C:\\secret\\*"),
        ("file:///c%3A/secret/a.py", "secret\\*"),
        ("file:///c%3A/secret/a.py", "C:/secret/*"),
        ("file:///C:/secret/a.py", "c:\\secret/*"),
        ("vscode-notebook-cell:/c%3A/w/book.ipynb#W0sZm", "C:\\w\\*.ipynb"),
        ("file://server/share/x.py", "/share/*"),
        ("untitled:Untitled-1", "Untitled-*"),
        ("vscode-notebook-cell:/w/book.ipynb#W0sZm", "*.ipynb"),
    ],
)
def test_a_pattern_is_about_the_name_or_with_a_slash_about_the_path(uri: str, pattern: str) -> None:
    """Whatever the editor calls the file."""
    settings = replace(DEFAULTS, files_off=("*.nothing", pattern))

    assert find_switch(ask(uri=uri), settings) == f"switched off for files like {pattern} (setting files_off)"


@pytest.mark.parametrize("pattern", ["*.py", "me", "home", "my_notes.md", "other/notes.md", "otes.md", "*.MD"])
def test_other_files_are_not_meant(pattern: str) -> None:
    """A pattern that takes too much mutes files without a word."""
    settings = replace(DEFAULTS, files_off=(pattern,))

    assert find_switch(ask(uri="file:///home/me/notes.md"), settings) is None


@pytest.mark.parametrize(
    ("uri", "pattern"),
    [
        ("file:///c%3A/secret/a.py", "D:\\secret\\*"),
        ("file:///c%3A/secret/a.py", "C:\\Secret\\*"),
        ("file:///home/secret/a.py", "secret\\*"),
        ("file:///home/C%3A/a.py", "c:/*"),
    ],
)
def test_backslashes_and_drives_are_those_of_windows(uri: str, pattern: str) -> None:
    """Elsewhere a backslash is a character of a name, and only the drive has no case."""
    assert find_switch(ask(uri=uri), replace(DEFAULTS, files_off=(pattern,))) is None


def test_a_language_is_switched_off_by_the_editor_s_name_for_it() -> None:
    """And no other language with it."""
    settings = replace(DEFAULTS, languages_off=("python",))

    assert find_switch(ask(), settings) == "switched off for language python (setting languages_off)"
    assert find_switch(replace(ask(), language="rust"), settings) is None


def test_whoever_asks_is_answered() -> None:
    """The switch is against what comes unasked."""
    settings = replace(DEFAULTS, languages_off=("python",), files_off=("*",))

    assert find_switch(replace(ask(), is_invoked=True), settings) is None


@pytest.mark.parametrize("name", ["config.json", "settings.json", ".env", "package-lock.json", "COMMIT_EDITMSG"])
def test_no_file_is_muted_by_default(name: str) -> None:
    """Silence that nobody asked for is the hardest to explain."""
    assert find_switch(ask(uri=f"file:///w/{name}"), DEFAULTS) is None
