"""Which files of a project are not shown to the model for the sake of another: what git ignores, and secrets.

Nothing leaves this machine either way; but what is shown may be suggested. Completion inside such a file is no matter
of this module. Reads `.gitignore` files and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from pathspec import GitIgnoreSpec

SECRETS = (
    ".env*",
    ".netrc",
    ".npmrc",
    ".pypirc",
    "*.kdbx",
    "*.key",
    "*.p12",
    "*.pem",
    "*.pfx",
    "credentials*",
    "id_ed25519*",
    "id_rsa*",
    "secrets.*",
)
"""Globs of file names, in any case. Short on purpose: what is a project's own secret, its .gitignore names."""


def is_secret(path: str) -> bool:
    """True when a file of this name usually holds keys or passwords."""
    name = path.rpartition("/")[2].lower()
    return any(fnmatchcase(name, pattern) for pattern in SECRETS)


def is_ignored(path: str, root: Path) -> bool:
    """True when git ignores this path, relative to `root` and with forward slashes.

    Asked are the `.gitignore` files of its folder and of all folders above, up to that of the repository; not the
    user's own list, nor what `.git/info/exclude` says.
    """
    top = _find_repository(root)
    parts = [*root.relative_to(top).parts, *path.split("/")]
    rules = [_read_rules(top.joinpath(*parts[:n])) for n in range(len(parts))]
    # what is in an ignored folder is ignored, whatever is said further down
    return any(_is_named(rules, parts[:n], is_folder=n < len(parts)) for n in range(1, len(parts) + 1))


def _is_named(rules: Sequence[GitIgnoreSpec], parts: Sequence[str], *, is_folder: bool) -> bool:
    """What the nearest rules that name it say; `rules` are those of the folders from the top down."""
    for n_above in range(len(parts) - 1, -1, -1):
        said = rules[n_above].check_file("/".join(parts[n_above:]) + ("/" if is_folder else "")).include
        if said is not None:
            return said
    return False


def _find_repository(root: Path) -> Path:
    """The folder above that holds `.git`; `root` itself where there is none."""
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)


def _read_rules(folder: Path) -> GitIgnoreSpec:
    path = folder / ".gitignore"
    try:
        changed_ns = path.stat().st_mtime_ns
    except OSError:
        return _parse(path, None)
    return _parse(path, changed_ns)


@lru_cache(maxsize=64)
def _parse(path: Path, changed_ns: int | None) -> GitIgnoreSpec:
    """The rules of a file as it was at that time; none when there was no file that could be read."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if changed_ns is not None else []
        return GitIgnoreSpec.from_lines(lines)
    except (OSError, ValueError):  # ValueError: a pattern that git would not take either
        return GitIgnoreSpec([])
