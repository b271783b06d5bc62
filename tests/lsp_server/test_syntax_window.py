"""How much of a document is parsed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.syntax import window as windows
from lsp_server.syntax.errors import count_errors
from lsp_server.syntax.grammars import language_of
from lsp_server.syntax.situation import situation_at
from lsp_server.syntax.tokens import open_at_end
from lsp_server.syntax.window import may_be_parsed, window
from tests.lsp_server.parsed import grammar_of, parse

DOCUMENTS = Path(__file__).parents[2] / "examples" / "documents"
LONG_BYTES = 20_000


def test_a_document_within_the_budget_is_parsed_whole() -> None:
    """A window is a guess."""
    assert window(b"a\n", b"b\n") == (b"a\n", b"b\n")


@pytest.fixture
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "PARSE_BUDGET_BYTES", LONG_BYTES)


def long_document(path: Path) -> tuple[bytes, int]:
    """A file many times over, and where one in the middle begins."""
    text = path.read_bytes().rstrip(b"\n") + b"\n\n"
    n_times = 3 * LONG_BYTES // len(text) + 3
    return text * n_times, n_times // 2 * len(text)


@pytest.mark.usefixtures("small_budget")
@pytest.mark.parametrize(
    "path",
    [path for path in sorted(DOCUMENTS.iterdir()) if path.suffix in (".py", ".ts", ".go", ".rs", ".c", ".rb")],
)
def test_a_window_tells_what_the_whole_document_tells(path: Path) -> None:
    """In a file above the budget the same suggestions must end in the same places (rule 33)."""
    language = language_of(path.name)
    grammar = grammar_of(language)
    text, middle = long_document(path)
    for cursor in range(middle, middle + len(path.read_bytes()), 97):
        before, after = window(text[:cursor], text[cursor:])
        assert len(before) + len(after) <= LONG_BYTES
        cut = cursor - len(before)
        part, whole = parse(language, before), parse(language, text[:cursor])
        near = [(token.kind, token.start + cut) for token in open_at_end(part, before, grammar)]
        far = [(token.kind, token.start) for token in open_at_end(whole, text[:cursor], grammar)]

        assert near == far
        assert situation_at(part, before, len(before), grammar) == situation_at(whole, text[:cursor], cursor, grammar)
        assert count_errors(parse(language, before + after)) == count_errors(parse(language, text))


@pytest.mark.usefixtures("small_budget")
def test_a_window_begins_and_ends_at_items_of_the_top_level() -> None:
    """Half a function at its edge would be one more error, and unclosed brackets."""
    item = b"def f(a):\n    try:\n        return [\n            a\n]\n\n    except A:\n        b()\n\n"
    before, after = window(item * 1000, item * 1000)

    assert before.startswith(b"def f(a):")
    assert after.endswith(b"b()\n\n")


@pytest.mark.usefixtures("small_budget")
def test_a_window_in_one_long_block_begins_at_its_least_indented_line() -> None:
    """There is no better place within a class of a megabyte."""
    method = b"    void f() {\n        g(\n            1);\n    }\n\n"
    before, after = window(b"class A {\n" + method * 1000, method * 1000 + b"}\n")

    assert before.startswith((b"    void", b"    }"))
    assert len(before) + len(after) <= LONG_BYTES


@pytest.mark.usefixtures("small_budget")
def test_typing_leaves_the_edges_of_a_window_where_they_are() -> None:
    """If they moved with the cursor, each key press would be parsed from scratch."""
    item = b"def f(a):\n    return a\n\n"
    typed = [item * 2000 + b"def g(b):\n    return b"[:n] for n in range(-20, 0)]
    windows_seen = [window(before, b"\n\n" + item * 2000) for before in typed]

    assert len({len(text) - len(before) for text, (before, _) in zip(typed, windows_seen, strict=True)}) == 1
    assert len({after for _, after in windows_seen}) == 1


def test_a_line_that_no_person_wrote_is_not_parsed() -> None:
    """A parser may take minutes over it, and there is nothing to tell."""
    line = b"x+" * 100_000
    assert not may_be_parsed(line, b"")
    assert not may_be_parsed(b"", line)
    assert not may_be_parsed(line[:15_000], line[:15_000])
    assert may_be_parsed(b"\n" * 1_000_000, b"x+" * 1000)
