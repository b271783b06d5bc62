"""Enumerates the covers of an open tail, as contexts and the tokens that may follow them. Knows no probabilities.

A cover is a canonical token sequence whose bytes begin with the tail and whose last token is needed to reach its end.
All covers that share everything but their last token share one *context*, and contexts are few (docs/exactness.md,
sections 3 and 5).
"""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from byte_fim.canonical import Canonical
from byte_fim.model import Tokenizing
from byte_fim.sequences import common_beginning
from byte_fim.vocab import Tokens

_REMEMBERED_TAILS = 1024
_REMEMBERED_VERDICTS = 256
_LONGEST_SEARCH = 512  # tokens tried before a context is taken undecided; its covers are tested one by one later anyway


class Covers:
    """The contexts of tails under one tokenizer, remembered per tail."""

    _by_model: ClassVar[WeakKeyDictionary[Tokenizing, Covers]] = WeakKeyDictionary()

    @classmethod
    def of(cls, model: Tokenizing) -> Covers:
        """The one instance of a model: what it remembers lives as long as the model."""
        if model not in cls._by_model:
            cls._by_model[model] = cls(Canonical(model))
        return cls._by_model[model]

    def __init__(self, canonical: Canonical) -> None:
        self.canonical = canonical
        self.vocab = canonical.vocab
        self._verdicts: dict[tuple[Tokens, bytes, int, int], NDArray[np.int8]] = {}
        self.find_contexts = lru_cache(maxsize=_REMEMBERED_TAILS)(self._find_contexts)

    def _find_contexts(self, tail: bytes) -> tuple[Tokens, ...]:
        """Every token sequence that precedes the last token of some cover, and every cover that ends at the tail's end.

        Relative to the boundary, sorted, each with its beginnings down to the trunk: the longest sequence that all of
        them begin with. What is before the trunk weighs all covers alike, so it need not be evaluated.
        """
        found: set[Tokens] = set()
        reached = {self._record(found, tail, tail + more) for more in self.canonical.every_continuation(tail)}
        tried = {b""}
        for start in range(len(tail) - 1, max(-1, len(tail) - self.vocab.longest_bytes), -1):
            if start not in reached and not self._search_from(start, tail, found=found, reached=reached, tried=tried):
                found.add(self.canonical.encode(tail[:start]))
        found = found or {()}
        n_trunk = common_beginning(min(found), max(found))
        return tuple(sorted({path[:end] for path in found for end in range(n_trunk, len(path) + 1)}))

    def _search_from(
        self, start: int, tail: bytes, *, found: set[Tokens], reached: set[int], tried: set[bytes]
    ) -> bool:
        """Looks for a cover whose last token starts at `start`, recording all that it meets. False: gave up undecided.

        What a token adds beyond the tail decides the text that is encoded, so `tried` overhangs need no second look.
        """
        head = tail[start:]
        low, high = self.vocab.range_longer_than(head)
        for position in range(low, min(high, low + _LONGEST_SEARCH)):
            overhang = self.vocab.bytes_at(position)[len(head) :]
            if overhang in tried:
                continue
            tried.add(overhang)
            text = tail + overhang
            reached.update(self._record(found, tail, text + more) for more in self.canonical.continuations(text))
            if start in reached:
                return True
        return high - low <= _LONGEST_SEARCH

    def _record(self, found: set[Tokens], tail: bytes, text: bytes) -> int:
        """Adds the context of the cover with which `text` is encoded, and the cover itself if exact; returns where
        its last token starts.
        """
        tokens = self.canonical.encode(text)
        offset = 0
        for i, token in enumerate(tokens):
            end = offset + len(self.vocab.bytes_of(token))
            if not text.startswith(self.vocab.bytes_of(token), offset):
                return offset  # a byte that the vocabulary cannot express: nothing here covers it
            if end >= len(tail):
                found.add(tokens[:i] if tail else ())
                if tail and end == len(tail):
                    found.add(tokens[: i + 1])
                return offset
            offset = end
        found.add(tokens)
        return offset

    def paths_from(self, tokens: Tokens, start: int, tail: bytes) -> list[tuple[Tokens, int]]:
        """All canonical sequences within the tail that begin with `tokens`, each with the offset at which it ends; that
        of `tokens`, which come first, is `start`. A sequence comes after its beginnings.
        """
        found = [(tokens, start)]
        for path, at in found:  # which grows meanwhile
            for end in range(at + 1, len(tail) + 1):
                longer = [(*path, token) for token in self.vocab.ids_of(tail[at:end])]
                found += [(each, end) for each in longer if self.canonical.accepts(tail[:end], each)]
        return found

    def verdicts(self, tokens: Tokens, text: bytes, low: int, high: int) -> NDArray[np.int8]:
        """(high - low,) what is known of each token of a vocabulary range after a context: yes +1, no -1, else 0.

        The array is shared and is to be filled in by the caller.
        """
        key = (tokens, text, low, high)
        known = self._verdicts.pop(key, None)
        if known is None:
            known = np.zeros(high - low, np.int8)
            while len(self._verdicts) >= _REMEMBERED_VERDICTS:
                self._verdicts.pop(next(iter(self._verdicts)))
        self._verdicts[key] = known  # last again: the first one is the one longest unused
        return known
