"""Takes packages into a corpus, one after another: cleaned, without copies, none of them too much of it.

Knows neither registries nor the command line. Held-out packages come first, so that copies of them are recognised.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from random import Random

from recipe.archives import Source
from recipe.cleaning import clean, find_language, is_test, is_written_here
from recipe.duplicates import MetBefore

CAPS_BYTES: Mapping[str, int] = {
    "python": 2_600_000,
    "js": 3_000_000,
    "ts": 3_500_000,
    "c": 2_500_000,
    "go": 6_000_000,
    "rust": 4_000_000,
}
"""Of one package in one language: a few large packages would drown the others' ways of writing."""
MOST_TESTS_SHARE = 0.15
"""Of a cap."""
MOST_HELD_OUT_LINES_SHARE = 0.35
"""A file that shares more of its lines with held-out files is left out, or measurements would flatter."""
MOST_MET_LINES_SHARE = 0.65
"""The same with files that were taken before."""
_COLUMNS = ("package", "version", "licence", "language", "split", "files", "bytes")


class Corpus:
    """Three files in a folder: train.jsonl and held.jsonl with {"package", "language", "path", "text"} in each line,
    and sources.tsv with what was taken from whom. A context manager: it closes them.
    """

    def __init__(self, folder: Path, caps_bytes: Mapping[str, int] = CAPS_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._caps_bytes = caps_bytes
        self._held_out, self._taken = MetBefore(), MetBefore()
        self._files = ExitStack()
        self._out = {
            name: self._files.enter_context((folder / name).open("w", encoding="utf-8"))
            for name in ("train.jsonl", "held.jsonl", "sources.tsv")
        }
        print(*_COLUMNS, sep="\t", file=self._out["sources.tsv"])

    def __enter__(self) -> Corpus:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def add(
        self, name: str, source: Source, *, licence: str, languages: tuple[str, ...], is_held: bool
    ) -> dict[str, int]:
        """Takes what is good of a package; returns the bytes of each language. The same packages in the same order give
        the same files, and which files of a package are taken does not depend on the other packages but for copies.
        """
        texts: dict[str, list[tuple[str, str]]] = {language: [] for language in languages}
        for path, language, text in _clean_files(source, languages):
            texts[language].append((path, text))
        taken_bytes: dict[str, int] = {}
        for language, files in texts.items():
            Random(f"{name}/{language}").shuffle(files)
            taken = list(self._held(files) if is_held else self._fitting(files, self._caps_bytes[language]))
            for path, text in taken:
                line = json.dumps({"package": name, "language": language, "path": path, "text": text})
                print(line, file=self._out["held.jsonl" if is_held else "train.jsonl"])
            if taken:
                n_bytes = taken_bytes[language] = sum(len(text.encode()) for _, text in taken)
                split = "held" if is_held else "train"
                cells = (name, source.version, licence, language, split, len(taken), n_bytes)
                print(*cells, sep="\t", file=self._out["sources.tsv"])
        return taken_bytes

    def _held(self, files: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        for path, text in files:
            if not self._held_out.holds(text) and self._held_out.share_of_lines(text) <= MOST_MET_LINES_SHARE:
                self._held_out.add(text)
                yield path, text

    def _fitting(self, files: list[tuple[str, str]], cap_bytes: int) -> Iterator[tuple[str, str]]:
        room_bytes, tests_room_bytes = cap_bytes, MOST_TESTS_SHARE * cap_bytes
        for path, text in files:
            n_bytes = len(text.encode())
            n_test_bytes = n_bytes if is_test(path) else 0
            if n_bytes > room_bytes or n_test_bytes > tests_room_bytes or self._is_copy(text):
                continue
            self._taken.add(text)
            room_bytes -= n_bytes
            tests_room_bytes -= n_test_bytes
            yield path, text

    def _is_copy(self, text: str) -> bool:
        return (
            self._held_out.holds(text)
            or self._taken.holds(text)
            or self._held_out.share_of_lines(text) > MOST_HELD_OUT_LINES_SHARE
            or self._taken.share_of_lines(text) > MOST_MET_LINES_SHARE
        )


def _clean_files(source: Source, languages: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    def is_wanted(path: str) -> bool:
        return find_language(path) in languages and is_written_here(path)

    for path, content in source.read_files(is_wanted):
        language = find_language(path)
        if language and (text := clean(content, language)):
            yield path, language, text
