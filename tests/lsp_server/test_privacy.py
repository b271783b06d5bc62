"""Files that are not shown for the sake of another: what git ignores and what looks secret, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lsp_server.context.privacy import IgnoreRules, is_secret

SECRET = [
    ".env",
    "deploy/.env.production",
    ".netrc",
    ".npmrc",
    ".pypirc",
    "a.kdbx",
    "tls/server.key",
    "tls/SERVER.PEM",
    "store.p12",
    "store.pfx",
    "credentials",
    "credentials.json",
    "home/id_ed25519",
    "id_rsa.old",
    "id_ecdsa",
    ".git-credentials",
    "deploy/prod.env",
    ".pgpass",
    "site/.htpasswd",
    "app.jks",
    "release.keystore",
    "secrets.yaml",
]
OPEN = [
    "config.json",
    "settings.json",
    "package.json",
    "env.py",
    "keys.py",
    "environment.ts",
    "monkey.c",
    ".vscode/settings.json",
]


@pytest.mark.parametrize("path", SECRET)
def test_secrets_are_known_by_their_names(path: str) -> None:
    """A suggestion must not bring a password into another file."""
    assert is_secret(path)


@pytest.mark.parametrize("path", OPEN)
def test_no_other_file_is_taken_for_a_secret(path: str) -> None:
    """Peers mute config.json, and people wonder why."""
    assert not is_secret(path)


def is_ignored(path: str, root: Path) -> bool:
    """As the files are now."""
    return IgnoreRules(root).ignores(path)


def make_tree(root: Path, rules: dict[str, str]) -> None:
    for folder, lines in rules.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / ".gitignore").write_text(lines, encoding="utf-8")


def test_ignored_is_what_git_says_is_ignored(tmp_path: Path) -> None:
    """As `git check-ignore --no-index` answers for these: nested files, exceptions, folders that hide their content."""
    make_tree(
        tmp_path,
        {
            "": "*.log\n!keep.log\nbuild/\n/top.py\ndocs/**/draft.md\n# a comment\n\\#odd\n",
            "src": "!important.log\n*.tmp\nkept/\n",
            "build": "!keep.py\n",
            "src/kept": "!*\n",
        },
    )
    ignored = [
        *("a.log", "src/a.log", "src/a.tmp", "build/a.py", "build/keep.py", "src/build/a.py", "top.py"),
        *("docs/draft.md", "docs/a/b/draft.md", "#odd", "src/kept/a.py", "src/ä b.log"),
    ]
    others = [
        *("keep.log", "src/important.log", "a.tmp", "src/top.py", "src/a.py", "build.py"),
        *("src/deep/er/important.log", "keep.log/a.py"),
    ]

    assert [path for path in (*ignored, *others) if is_ignored(path, tmp_path)] == ignored


def test_rules_above_the_workspace_count_up_to_the_repository(tmp_path: Path) -> None:
    """People open a part of a repository; what is ignored there stays ignored."""
    make_tree(tmp_path, {"": "*.py\n", "repository": "*.log\n", "repository/part": ""})
    (tmp_path / "repository" / ".git").mkdir()
    part = tmp_path / "repository" / "part"

    assert is_ignored("a.log", part)
    assert not is_ignored("a.py", part)


def test_without_a_repository_the_workspace_is_the_top(tmp_path: Path) -> None:
    """Rules of the home folder are about something else."""
    make_tree(tmp_path, {"": "*.py\n", "work": "*.log\n"})

    assert is_ignored("a.log", tmp_path / "work")
    assert not is_ignored("a.py", tmp_path / "work")


def test_rules_that_change_or_cannot_be_read_are_no_trouble(tmp_path: Path) -> None:
    """The file is edited while the server runs, and it may hold anything."""
    assert not is_ignored("a.log", tmp_path)
    make_tree(tmp_path, {"": "*.log\n"})
    assert is_ignored("a.log", tmp_path)
    (tmp_path / ".gitignore").write_bytes(b"\xff\xfe[\n!\n*.log[\n")
    os.utime(tmp_path / ".gitignore", ns=(0, 0))
    assert not is_ignored("a.log", tmp_path)
    (tmp_path / ".gitignore").unlink()
    (tmp_path / ".gitignore").mkdir()
    assert not is_ignored("a.log", tmp_path)


@pytest.mark.parametrize("line", ["[z-a]", "foo[b-a]bar/", "\\", "!", "[&.a|#é-!]"])
def test_a_line_that_means_nothing_costs_only_itself(tmp_path: Path, line: str) -> None:
    """One slip of the pen must neither show what the other lines hide nor stop anything."""
    make_tree(tmp_path, {"": f"*.log\n{line}\n*.tmp\n"})

    assert [path for path in ("a.log", "a.tmp", "a.py") if is_ignored(path, tmp_path)] == ["a.log", "a.tmp"]
