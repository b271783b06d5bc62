"""Texts that make trees far deeper than people do: parsers and what reads their trees end processes over them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lsp_server.suggestion.trimming import Trimmer
from tests.lsp_server.grown_files import LANGUAGES

MAKE_DEEP: dict[str, Callable[[int], bytes]] = {
    "openers": lambda n: b"(\n" * n,
    "closers": lambda n: b"}\n" * n,
    "nested": lambda n: b"[" * n + b"\n" + b"]" * n,
    "sums": lambda n: b"x+\n" * n,
    "tags": lambda n: b"<a>\n" * n,
    "conditions": lambda n: b"if x:\n" * n,
}


@pytest.mark.parametrize("make", MAKE_DEEP.values(), ids=MAKE_DEEP)
@pytest.mark.parametrize("language", LANGUAGES)
def test_deep_trees_do_no_harm(language: str, make: Callable[[int], bytes]) -> None:
    """A crash in native code is no exception: the model would have to be loaded again at each key press."""
    judge(language, make(200))


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_trees_deeper_than_the_stack_of_native_code_do_no_harm(language: str) -> None:
    """At 20,000 levels `Node.parent` ends the process."""
    for name in ("openers", "nested", "sums", "tags"):
        judge(language, MAKE_DEEP[name](20_000 if name != "nested" else 9_000))


def judge(language: str, text: bytes) -> None:
    for before, after in ((text, b""), (b"", text), (text, text)):
        cut = Trimmer().at(before, after, language=language)
        end = cut.find_end(b"lt = 1\n")

        assert end is None or 0 <= end <= 7
        assert b"lt = 1".startswith(cut.trim(b"lt = 1", is_whole=True).middle.strip())
