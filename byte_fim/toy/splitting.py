"""Two ways to spell a text with a vocabulary of bytes and merged words. Knows no token ids and no probabilities.

`byte_pairs` merges neighbours by rank; `longest_match` (maximum-prefix encoding, as in WordPiece) takes from the left
the longest word that fits. In both, every beginning and every end of a spelling is itself the spelling of its bytes:
whether a word may follow is decided by what was spelled shortly before (docs/bias.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

Merge = tuple[bytes, bytes]
Split = Callable[[bytes], list[bytes]]
"""A text to the words that spell it; joined they are the text."""


def byte_pairs(merges: Sequence[Merge]) -> Split:
    """Merges the neighbours of the lowest rank, leftmost first, until none are left to merge."""
    ranks = {pair: rank for rank, pair in enumerate(merges)}

    def split(text: bytes) -> list[bytes]:
        words = [bytes([byte]) for byte in text]
        while True:
            ranked = [(ranks[pair], i) for i, pair in enumerate(pairwise(words)) if pair in ranks]
            if not ranked:
                return words
            _, i = min(ranked)
            words[i : i + 2] = [words[i] + words[i + 1]]

    return split


def longest_match(merges: Sequence[Merge]) -> Split:
    """Knows the same words; takes the longest that fits, from the left, and a single byte where none does."""
    vocabulary = {left + right for left, right in merges}
    longest_bytes = max(map(len, vocabulary), default=1)

    def split(text: bytes) -> list[bytes]:
        words: list[bytes] = []
        start = 0
        while start < len(text):
            longest = text[start : start + longest_bytes]
            ends = range(len(longest), 1, -1)
            word = next((longest[:end] for end in ends if longest[:end] in vocabulary), longest[:1])
            words.append(word)
            start += len(word)
        return words

    return split


def learn_merges(texts: Iterable[bytes], n_merges: int, *, longest_bytes: int) -> list[Merge]:
    """The most frequent neighbours, merged and counted again, `n_merges` times; ties go to the lower bytes.

    A word comes from one pair only and is no longer than `longest_bytes`. Fewer merges when nothing is left to merge.
    """
    spelled = [[bytes([byte]) for byte in text] for text in texts]
    merges: list[Merge] = []
    known: set[bytes] = set()
    while len(merges) < n_merges:
        counts = Counter(pair for words in spelled for pair in pairwise(words))
        fresh = [pair for pair in counts if len(joined := pair[0] + pair[1]) <= longest_bytes and joined not in known]
        if not fresh:
            break
        merge = min(fresh, key=lambda pair: (-counts[pair], pair))
        merges.append(merge)
        known.add(merge[0] + merge[1])
        for words in spelled:
            _merge_all(words, merge)
    return merges


def _merge_all(words: list[bytes], merge: Merge) -> None:
    i = 0
    while i < len(words) - 1:
        if (words[i], words[i + 1]) == merge:
            words[i : i + 2] = [words[i] + words[i + 1]]
        i += 1
