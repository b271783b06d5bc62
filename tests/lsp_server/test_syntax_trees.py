"""Trees of texts that change."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.syntax import trees
from lsp_server.syntax.errors import count_errors
from lsp_server.syntax.grammars import language_of
from lsp_server.syntax.situation import situation_at
from lsp_server.syntax.tokens import open_at_end
from lsp_server.syntax.trees import Trees, reparse, window
from tests.lsp_server.parsed import grammar_of, parse
from tests.lsp_server.test_syntax_grammars import SAMPLES

DOCUMENTS = Path(__file__).parents[2] / "examples" / "documents"
LONG_BYTES = 20_000


def texts_in_order(language: str) -> st.SearchStrategy[list[bytes]]:
    """A sample and what becomes of it by edits anywhere; so that some are next to each other, and some are far."""
    sample = SAMPLES[language].encode()
    place = st.integers(0, len(sample))
    piece = st.one_of(
        st.sampled_from(["(", "}", '"', "'''", "`", "\n", "  ", "end", "é", "/*", "🙂"]), st.text(max_size=3)
    )

    def edited(edits: list[tuple[int, int, str]]) -> list[bytes]:
        said = [sample]
        for start, length, text in edits:
            last = said[-1]
            said.append(last[:start] + text.encode() + last[start + length :])
        return said

    return st.lists(st.tuples(place, st.integers(0, 8), piece), min_size=1, max_size=5).map(edited)


@pytest.mark.parametrize("language", ["python", "typescriptreact", "ruby", "rust", "shellscript", "html"])
@given(data=st.data())
def test_a_tree_of_edits_is_the_tree_of_the_text(language: str, data: st.DataObject) -> None:
    """A tree that differs from its text would cut suggestions anywhere."""
    known = Trees()
    for text in data.draw(texts_in_order(language)):
        incremental = known.parse("a", grammar_of(language), text)

        fresh = parse(language, text)
        assert incremental.root_node.has_error == fresh.root_node.has_error
        assert incremental.root_node.end_byte == len(text)
        # of broken code there may be two trees, and which one comes depends on what was there before
        assert fresh.root_node.has_error or str(incremental.root_node) == str(fresh.root_node)


@given(old=st.text(alphabet="ab(\né🙂", max_size=12), new=st.text(alphabet="ab(\né🙂", max_size=12))
def test_a_tree_given_before_stays_as_it_was(old: str, new: str) -> None:
    """Questions about the document and about the document with a suggestion are asked in turns."""
    tree = parse("python", old.encode())
    before = str(tree.root_node), tree.root_node.end_byte
    reparse(grammar_of("python"), tree, old.encode(), new.encode())

    assert (str(tree.root_node), tree.root_node.end_byte) == before


def test_a_text_that_is_the_same_is_not_parsed_again() -> None:
    """Most questions are about the text of the question before."""
    known = Trees()

    assert known.parse("a", grammar_of("python"), b"x") is known.parse("a", grammar_of("python"), b"x")


def test_a_document_whose_language_is_changed_is_parsed_from_scratch() -> None:
    """A tree of one grammar means nothing to another."""
    known = Trees()
    known.parse("a", grammar_of("python"), b"f(1)\n")

    assert known.parse("a", grammar_of("c"), b"f(2);\n").root_node.type == "translation_unit"


def test_only_the_last_documents_are_kept() -> None:
    """An editor that runs for weeks opens thousands."""
    known = Trees(n_kept=2)
    first = known.parse("a", grammar_of("json"), b"1")
    second = known.parse("b", grammar_of("json"), b"1")
    assert known.parse("a", grammar_of("json"), b"1") is first

    known.parse("c", grammar_of("json"), b"1")

    assert known.parse("a", grammar_of("json"), b"1") is first
    assert known.parse("b", grammar_of("json"), b"1") is not second


def test_errors_are_counted_outside_of_a_span() -> None:
    """A suggestion must not break what stands around it; what is broken within it may be finished yet."""
    text = b"int f() { return 1 }\nint g( { }\n"
    tree = parse("c", text)

    assert count_errors(parse("c", b"int f() { return 1; }\n")) == 0
    assert count_errors(tree) > count_errors(tree, within=(0, 20)) > 0
    assert count_errors(tree, within=(0, len(text))) == 0


def test_a_document_within_the_budget_is_parsed_whole() -> None:
    """A window is a guess."""
    assert window(b"a\n", b"b\n") == (b"a\n", b"b\n")


@pytest.fixture
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "PARSE_BUDGET_BYTES", LONG_BYTES)


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
