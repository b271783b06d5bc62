"""Trees of texts that change."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.syntax.errors import count_errors
from lsp_server.syntax.trees import Trees, reparse
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
