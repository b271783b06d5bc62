"""What was found out about this machine and its models, remembered in the user's cache folder. Knows no meaning of it.

A finding is worth a second or a process, never an error: a file that cannot be read counts as empty, and one that
cannot be written is found out again at the next start.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

MAX_REMEMBERED = 100  # findings of a file; older ones are forgotten


@dataclass(frozen=True, slots=True)
class Findings:
    """One JSON file of findings by key. Several processes may use it at once.

    Of two that write in the same instant the last wins, and what the other wrote is lost.
    """

    file: Path | None
    """None: nothing is remembered"""
    section: str
    """the one name in the file, which says what its findings are"""

    def find(self, key: str) -> object:
        """What was kept under the key, as JSON gives it; None when there is nothing."""
        return self.read().get(key)

    def keep(self, key: str, finding: object) -> None:
        """Remembers what can be written as JSON, if the file can be written."""
        self.change(lambda findings: {**findings, key: finding})

    def change(self, change: Callable[[Mapping[str, object]], Mapping[str, object]]) -> None:
        """As `keep`, of all keys at once: what `change` makes of them, right after they were read."""
        if self.file is None:
            return
        entries = list(change(self.read()).items())[-MAX_REMEMBERED:]
        unfinished = self.file.with_name(f"{self.file.name}.{os.getpid()}")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(json.dumps({self.section: dict(entries)}, indent=1), encoding="utf-8")
            unfinished.replace(self.file)  # readers see the old file or the new one, never half of it
        except OSError:
            with suppress(OSError):
                unfinished.unlink()

    def read(self) -> Mapping[str, object]:
        """All that was kept, by key."""
        try:
            content = cast(object, json.loads(self.file.read_text(encoding="utf-8") if self.file else "{}"))
            return dict(cast("dict[str, dict[str, object]]", content)[self.section])
        except (OSError, ValueError, KeyError, TypeError):
            return {}


def find_cache_file(name: str) -> Path | None:
    """Where a file of findings belongs; None for a user without a home folder."""
    try:
        if sys.platform == "win32":
            base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # containers run as user ids that nobody knows
        return None
    return Path(base) / "bytefim" / name
