"""The canonicality question, and the claim that few continuations decide it."""

from __future__ import annotations

import pytest

from byte_fim.backends.llama_cpp import LlamaVocabulary
from byte_fim.canonical import Canonical
from byte_fim.cover import Covers


@pytest.mark.parametrize(
    "tail", [b" ran", b"\n        ", b" don't", b" x = 12", b"(self.get_us", b" caf\xc3", b"\t\t", b" ''"]
)
def test_the_chosen_probes_decide_like_all_probes(any_vocabulary: LlamaVocabulary, tail: bytes) -> None:
    """Only white space, digits, contractions and unfinished characters are looked ahead of: for everything else
    one text decides.
    """
    canonical = Covers.of(any_vocabulary).canonical
    vocab = any_vocabulary.vocab
    for start in range(len(tail)):
        low, high = vocab.range_longer_than(tail[start:])
        context = canonical.encode(tail[:start])
        for position in range(low, high, max(1, (high - low) // 25)):
            text = tail[:start] + vocab.bytes_at(position)
            tokens = (*context, int(vocab.sorted_ids[position]))

            assert canonical.accepts(text, tokens) == accepts_with_all(canonical, text, tokens)


def accepts_with_all(canonical: Canonical, text: bytes, tokens: tuple[int, ...]) -> bool:
    return any(canonical.encode(text + more)[: len(tokens)] == tokens for more in canonical.every_continuation(text))
