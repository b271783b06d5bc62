"""What of a package is worth learning from: source that people wrote and others read.

Left out: vendored and generated code, bundles, tables, translations, test data, files without words, lines that nobody
would type. Leading licence comments are cut off: a model would learn them by heart and nothing from them. Knows neither
archives nor packages.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

LANGUAGES = {
    ".py": "python",
    ".pyx": "python",
    ".js": "js",
    ".mjs": "js",
    ".jsx": "js",
    ".ts": "ts",
    ".tsx": "ts",
    ".c": "c",
    ".h": "c",
    ".go": "go",
    ".rs": "rust",
}

FILE_BYTES = (200, 200_000)
FEWEST_LINES = 6
LONGEST_LINE_CHARS = 300
LONGEST_MEAN_LINE_CHARS = 70
MOST_DIGITS_SHARE = 0.15
"""More: a table."""
FEWEST_LETTERS_SHARE = 0.35
MOST_NON_ASCII_SHARE = 0.05
"""More: texts in a language that a small vocabulary cannot afford."""
_BLANK_OF_SENTENCEPIECE = "\u2581"

_HEAD_CHARS = 1500
"""Generated files say so at their top."""

_NOT_WRITTEN_HERE = re.compile(
    r"(^|/)(_?vendor(ed)?|_vendored\w*|third_?party|externals?|extern|node_modules|site-packages|min"
    r"|fixtures?|testdata|test-data|test_data|snapshots?|__snapshots__"
    r"|locale|locales|i18n|translations|migrations|unicode\w*|snowball)/"
    r"|\.min\.|\.bundle\.|\.umd\.|\.d\.ts$|_pb2|\.generated\.|\.gen\.|zz_generated|_generated"
    r"|/lextab|/yacctab|_parsetab|_tables?\.py$|emoji_codes|entities\.|stringprep",
    re.IGNORECASE,
)
_BUILT = re.compile(r"(^|/)(dist|build|bundles?|bundled|umd|esm|cjs|fesm\d+|_?esm\d*|min|legacy|types)/", re.IGNORECASE)
"""Of JavaScript packages, which often hold their code several times, compiled."""
_TEST = re.compile(
    r"(^|/)(tests?|testing|spec|__tests__|conftest|benchmarks?)(/|$|\.)|(^|/)test_|_test\.|\.test\.|\.spec\."
)
_GENERATED = re.compile(
    r"generated (by|from|code)|auto-?generated|machine generated|@generated|do not (edit|modify)", re.IGNORECASE
)
_LICENCE = re.compile(r"licen[sc]e|copyright|spdx|all rights reserved", re.IGNORECASE)


def find_language(path: str) -> str | None:
    """By the file's name; None for what is not used."""
    return LANGUAGES.get(PurePosixPath(path).suffix)


def is_written_here(path: str) -> bool:
    """Does the place in the package say that its authors wrote the file? The path is relative, with slashes."""
    is_built = find_language(path) in ("js", "ts") and _BUILT.search(path)
    return not (is_built or _NOT_WRITTEN_HERE.search(path))


def is_test(path: str) -> bool:
    """Tests repeat themselves: there should not be too many of them."""
    return bool(_TEST.search(path))


def clean(content: bytes, language: str) -> str | None:
    """The text without its licence comment, lines ending in \\n; None when it is not worth learning from."""
    if not FILE_BYTES[0] <= len(content) <= FILE_BYTES[1]:
        return None
    try:
        text = content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None
    if any(character in text for character in ("\0", "\r", "\ufeff", _BLANK_OF_SENTENCEPIECE)):
        return None
    if _GENERATED.search(text[:_HEAD_CHARS]):
        return None
    text = cut_licence_comment(text, language)
    return text if _is_prose_of_programs(text) else None


def cut_licence_comment(text: str, language: str) -> str:
    """The text behind a leading comment that speaks of a licence; all of it when there is none."""
    lines = text.split("\n")
    start = 0
    while start < len(lines) and (
        not lines[start].strip() or lines[start].startswith("#!") or _is_coding(lines[start])
    ):
        start += 1
    end = _comment_end(lines, start, language)
    if not _LICENCE.search("\n".join(lines[start:end])):
        return text
    return "\n".join(lines[end:]).lstrip("\n")


def _is_coding(line: str) -> bool:
    return line.startswith("#") and "coding" in line[:30]


def _comment_end(lines: list[str], start: int, language: str) -> int:
    """The line behind the comment that begins in line `start`; that line when none begins there."""
    end = start
    if language != "python" and start < len(lines) and lines[start].lstrip().startswith("/*"):
        while end < len(lines) and "*/" not in lines[end]:
            end += 1
        return end + 1
    mark = "#" if language == "python" else "//"
    while end < len(lines) and lines[end].startswith(mark):
        end += 1
    return end


def _is_prose_of_programs(text: str) -> bool:
    lines = text.split("\n")
    if len(text) < FILE_BYTES[0] or len(lines) < FEWEST_LINES:
        return False
    if max(map(len, lines)) > LONGEST_LINE_CHARS or len(text) > LONGEST_MEAN_LINE_CHARS * len(lines):
        return False
    return (
        sum(map(str.isdigit, text)) <= MOST_DIGITS_SHARE * len(text)
        and sum(map(str.isalpha, text)) >= FEWEST_LETTERS_SHARE * len(text)
        and sum(character > "\x7f" for character in text) <= MOST_NON_ASCII_SHARE * len(text)
    )
