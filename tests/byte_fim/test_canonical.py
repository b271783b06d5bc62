"""The canonicality question, and the claim that few continuations decide it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byte_fim.backends.llama_cpp import LlamaVocabulary
from byte_fim.canonical import Canonical
from byte_fim.cover import Covers
from byte_fim.utf8 import unfinished_character


@given(st.text(max_size=8), st.integers(0, 3))
def test_an_unfinished_character_is_found_wherever_the_text_is_cut(text: str, n_cut: int) -> None:
    """Tails and completions are cut at bytes; a half character must be seen as one."""
    data = text.encode()
    cut = data[: max(0, len(data) - n_cut)]
    whole = cut.decode("utf-8", "ignore").encode()

    assert unfinished_character(cut) == cut[len(whole) :]


@pytest.mark.parametrize("stray", [b"\x80", b"\xff", b"a\xbf\xbf\xbf\xbf", b"\xc0", b"\xf5\x80", b"\xe4\xb8\xad\x80"])
def test_bytes_that_no_character_begins_with_are_not_waited_for(stray: bytes) -> None:
    """A Latin-1 file would otherwise wait for ever for the rest of a character."""
    assert unfinished_character(stray) == b""


@pytest.mark.parametrize(
    "tail", [b" ran", b"\n        ", b" don't", b" x = 12", b"(self.get_us", b" caf\xc3", b"\t\t", b" ''"]
)
def test_the_chosen_probes_decide_like_all_probes(vocabulary: LlamaVocabulary, tail: bytes) -> None:
    """Only white space, digits, contractions and unfinished characters are looked ahead of: for everything else
    one text decides.
    """
    canonical = Covers.of(vocabulary).canonical
    vocab = vocabulary.vocab
    for start in range(len(tail)):
        low, high = vocab.range_longer_than(tail[start:])
        context = canonical.encode(tail[:start])
        for position in range(low, high, max(1, (high - low) // 25)):
            text = tail[:start] + vocab.bytes_at(position)
            tokens = (*context, int(vocab.sorted_ids[position]))

            assert canonical.accepts(text, tokens) == accepts_with_all(canonical, text, tokens)


def accepts_with_all(canonical: Canonical, text: bytes, tokens: tuple[int, ...]) -> bool:
    return any(canonical.encode(text + more)[: len(tokens)] == tokens for more in canonical.every_continuation(text))
