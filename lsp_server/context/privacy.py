"""Which files of a project are not shown to the model for the sake of another: what git ignores, and secrets.

Nothing leaves this machine either way; but what is shown may be suggested. Completion inside such a file is no matter
of this module. Reads `.gitignore` files and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

SECRETS = (
    ".env*",
    ".git-credentials",
    ".htpasswd",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    "*.env",
    "*.jks",
    "*.kdbx",
    "*.key",
    "*.keystore",
    "*.p12",
    "*.pem",
    "*.pfx",
    "credentials*",
    "id_ecdsa*",
    "id_ed25519*",
    "id_rsa*",
    "secrets.*",
)
"""Globs of file names, in any case. Short on purpose: what is a project's own secret, its .gitignore names."""


def is_secret(path: str) -> bool:
    """True when a file of this name usually holds keys or passwords."""
    name = path.rpartition("/")[2].lower()
    return any(fnmatchcase(name, pattern) for pattern in SECRETS)


class IgnoreRules:
    """What git ignores below a folder, as its files say now: each is looked up once, so ask a new one a while later.

    Asked are the `.gitignore` files of a path's folder and of all folders above, up to that of the repository; not the
    user's own list, nor what `.git/info/exclude` says. A line that means nothing to git counts as absent.

    Raises OSError or ValueError, here or in `ignores`, for folders and paths that the system will not look at.
    """

    def __init__(self, root: Path) -> None:
        self._top = _find_repository(root)
        self._root_parts = root.relative_to(self._top).parts
        self._by_folder: dict[Path, GitIgnoreSpec] = {}

    def ignores(self, path: str) -> bool:
        """True when git ignores this path, relative to the folder and with forward slashes."""
        parts = [*self._root_parts, *path.split("/")]
        rules = [self._rules_of(self._top.joinpath(*parts[:n])) for n in range(len(parts))]
        # what is in an ignored folder is ignored, whatever is said further down
        return any(_is_named(rules, parts[:n], is_folder=n < len(parts)) for n in range(1, len(parts) + 1))

    def _rules_of(self, folder: Path) -> GitIgnoreSpec:
        if folder not in self._by_folder:
            self._by_folder[folder] = _read_rules(folder)
        return self._by_folder[folder]


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
        return _NO_RULES
    return _parse(path, changed_ns)


@lru_cache(maxsize=64)
def _parse(path: Path, changed_ns: int) -> GitIgnoreSpec:
    """The rules of a file as it was at that time; none when it cannot be read."""
    try:
        return GitIgnoreSpec(list(_compile(path.read_text(encoding="utf-8-sig", errors="replace").splitlines())))
    except OSError:
        return _NO_RULES


def _compile(lines: Iterable[str]) -> Iterator[GitIgnoreSpecPattern]:
    for line in lines:
        with suppress(ValueError, re.error):  # `!` alone; `[z-a]`
            yield GitIgnoreSpecPattern(line)


_NO_RULES = GitIgnoreSpec([])
