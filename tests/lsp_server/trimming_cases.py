"""The golden cases of trimming, read from tests/golden/trimming; its README.md tells the format.

Knows nothing of what trimming does. Counts errors of syntax with tree-sitter itself, so that what is tested is not
tested with its own means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from tree_sitter import Language, Node, Parser, Tree

FOLDER = Path(__file__).parents[1] / "golden" / "trimming"
CURSOR, TAB, BLANK, NO_LINE_BREAK = "▮", "→", "·", "⊣"

GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "javascriptreact": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "typescriptreact": ("tree_sitter_typescript", "language_tsx"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "java": ("tree_sitter_java", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "css": ("tree_sitter_css", "language"),
    "json": ("tree_sitter_json", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "lua": ("tree_sitter_lua", "language"),
    "shellscript": ("tree_sitter_bash", "language"),
    "html": ("tree_sitter_html", "language"),
}
"""by the editor's name of a language: the module of its grammar, and the function in it"""

_TITLE = re.compile(r"=== rule (\d+): (\S.*)")
_TOLD = re.compile(r"--- (?:(model|accepted|nothing|limit)|(why|errors) (\d+)|file (\S+))")


class BadCase(ValueError):
    """A case that is not written as the README asks; the message says where."""


@dataclass(frozen=True, slots=True)
class Case:
    """What stands in the document, what the model says, and what must become of it."""

    place: str
    """`python.txt:12`"""
    language: str
    rule: int
    title: str
    document: bytes
    cursor: int
    """in bytes"""
    model: bytes
    accepted: bytes | None
    """the document after the suggestion was accepted; None: nothing may be offered"""
    why: int | None
    """the rule that must be named, 0 for none; None: it does not matter"""
    n_new_errors: int
    is_whole: bool
    """False: the model was stopped by the token limit"""
    files: tuple[str, ...]
    """paths of the files that were in the prompt"""

    @property
    def prefix(self) -> bytes:
        return self.document[: self.cursor]

    @property
    def suffix(self) -> bytes:
        return self.document[self.cursor :]

    @property
    def offered(self) -> bytes:
        """What must be offered; empty for nothing."""
        return b"" if self.accepted is None else self.accepted[self.cursor : len(self.accepted) - len(self.suffix)]

    def with_offered(self, middle: bytes) -> bytes:
        """The document with something else put in at the cursor."""
        return self.prefix + middle + self.suffix

    def __str__(self) -> str:
        return f"{self.place} rule {self.rule}: {self.title}"


def read_cases() -> list[Case]:
    """All of them, in the order of the files' names and of their lines; raises BadCase."""
    return [case for path in sorted(FOLDER.glob("*.txt")) for case in parse_cases(path.read_text("utf-8"), path.stem)]


def parse_cases(text: str, language: str) -> Iterator[Case]:
    """The cases of one file, which holds one language; raises BadCase."""
    lines = text.removesuffix("\n").split("\n")
    starts = [i for i, line in enumerate(lines) if line.startswith("=== ")]
    if starts[:1] != [0]:
        raise BadCase(f"{language}.txt:1: the first line is no title")
    for start, end in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
        place = f"{language}.txt:{start + 1}"
        if end <= len(lines) and lines[end - 1] != "":
            raise BadCase(f"{place}: no blank line stands behind it")
        yield _parse_case(lines[start : end - 1], place, language)


def count_errors(text: bytes, language: str) -> int:
    """ERROR and MISSING nodes of the whole text; 0 where there is no grammar."""
    if language not in GRAMMARS:
        return 0
    tree: Tree = Parser(_load(language)).parse(text)
    found, waiting = 0, [tree.root_node]
    while waiting:
        node: Node = waiting.pop()
        found += node.is_error or node.is_missing
        waiting += node.children if node.has_error else []
    return found


@cache
def _load(language: str) -> Language:
    module, function = GRAMMARS[language]
    return Language(getattr(import_module(module), function)())


def _parse_case(lines: list[str], place: str, language: str) -> Case:
    title = _TITLE.fullmatch(lines[0])
    if title is None:
        raise BadCase(f"{place}: {lines[0]!r} is no title")
    texts: dict[str, list[str]] = {"document": []}
    numbers: dict[str, int] = {}
    files: list[str] = []
    flags: set[str] = set()
    into = texts["document"]
    for line in lines[1:]:
        told = _TOLD.fullmatch(line)
        if told is None:
            into.append(line)
        elif told[1] in ("model", "accepted"):
            into = texts.setdefault(told[1], [])
        elif told[1]:
            flags.add(told[1])
        elif told[2]:
            numbers[told[2]] = int(told[3])
        else:
            files.append(told[4])
    if "model" not in texts or ("accepted" in texts) == ("nothing" in flags):
        raise BadCase(f"{place}: it has no model's text, or not one of accepted and nothing")
    before, mark, after = _document(texts["document"]).partition(CURSOR)
    if not mark or CURSOR in after + "".join(texts["model"] + texts.get("accepted", [])):
        raise BadCase(f"{place}: not one cursor, in the document")
    prefix, suffix = before.encode(), after.encode()
    accepted = _document(texts["accepted"]).encode() if "accepted" in texts else None
    case = Case(
        place=place,
        language=language,
        rule=int(title[1]),
        title=title[2],
        document=prefix + suffix,
        cursor=len(prefix),
        model=_unescaped("\n".join(texts["model"])).encode(),
        accepted=accepted,
        why=numbers.get("why"),
        n_new_errors=numbers.get("errors", 0),
        is_whole="limit" not in flags,
        files=tuple(files),
    )
    if accepted is not None and (not case.offered or case.with_offered(case.offered) != accepted):
        raise BadCase(f"{place}: what is accepted is not the document with something put in at the cursor")
    return case


def _document(lines: list[str]) -> str:
    text = "\n".join(lines)
    return _unescaped(text[:-1] if text.endswith(NO_LINE_BREAK) else text + "\n")


def _unescaped(text: str) -> str:
    return text.replace(TAB, "\t").replace(BLANK, " ")
