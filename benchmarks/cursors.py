"""Cursors in real source files, by class. Shared by the benchmarks; knows no model.

The standard library of the running Python is the default corpus: it is on every machine. The embedded model has seen
parts of it, so it serves for figures about exactness and speed, never about quality; those take a folder of held-out
source.
"""

from __future__ import annotations

import random
import re
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CLASSES = (
    "inside identifier",
    "after a space",
    "indentation",
    "end of identifier",
    "punctuation",
    "line start",
    "inside a character",
)
_WORD = re.compile(rb"[A-Za-z0-9_]")
_LARGEST_FILE_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """A byte offset in a file."""

    path: Path
    text: bytes
    offset_bytes: int
    kind: str

    @property
    def prefix(self) -> bytes:
        return self.text[: self.offset_bytes]

    @property
    def suffix(self) -> bytes:
        return self.text[self.offset_bytes :]


def classify(text: bytes, offset: int) -> str:
    """The class of a cursor; every offset has exactly one."""
    left, right = text[offset - 1 : offset], text[offset : offset + 1]
    if right and right[0] & 0xC0 == 0x80:
        return "inside a character"
    if not left or left == b"\n":
        return "line start"
    line = text[text.rfind(b"\n", 0, offset) + 1 : offset]
    if not line.strip():
        return "indentation"
    if _WORD.match(left):
        return "inside identifier" if _WORD.match(right) else "end of identifier"
    return "after a space" if left == b" " else "punctuation"


def sample_cursors(
    n: int, *, seed: int, folder: Path | None = None, paths: Sequence[Path] | None = None, balanced: bool = True
) -> list[Cursor]:
    """`n` cursors in the Python files below a folder, or in `paths`; balanced: as many of each class as the files
    allow, else uniform over offsets. Deterministic for a seed.
    """
    chooser = random.Random(seed)
    found: list[Cursor] = []
    quota = {kind: -(-n // len(CLASSES)) for kind in CLASSES}
    files = list(_source_files(folder)) if paths is None else list(paths)
    if not files:
        raise SystemExit(f"No source files below {folder}; name a folder with source in the language asked for.")
    for _ in range(200 * n):
        if len(found) == n:
            break
        path = chooser.choice(files)
        text = path.read_bytes()
        wanted = chooser.choice(CLASSES) if balanced else None
        offsets = (
            [m.start() for m in re.finditer(rb"[\x80-\xbf]", text)]
            if wanted == "inside a character"
            else range(1, len(text))
        )
        if not offsets:
            continue
        offset = chooser.choice(offsets)
        kind = classify(text, offset)
        if balanced and quota[kind] == 0:
            continue
        quota[kind] -= 1
        found.append(Cursor(path, text, offset, kind))
    return found


def _source_files(folder: Path | None) -> Iterator[Path]:
    if folder is None:
        here = Path(__file__).resolve().parent.parent / "examples" / "documents"
        yield from sorted(here.glob("*.py"))
    root = folder or Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py")):
        if "site-packages" not in path.parts and 200 < path.stat().st_size < _LARGEST_FILE_BYTES:
            yield path
