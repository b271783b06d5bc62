"""The immutable table from token id to bytes. Knows nothing of tokenizers, models or probabilities.

Terms: docs/glossary.md (head, special ids).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

TokenId = int
Tokens = tuple[TokenId, ...]


class Vocab:
    """Token bytes in byte-sorted order, so that all tokens that start with a head are one range.

    Several ids may have the same bytes. A token without bytes is special even when not named as such.
    """

    def __init__(
        self, token_bytes: Sequence[bytes], *, special_ids: Iterable[TokenId], stop_ids: Iterable[TokenId]
    ) -> None:
        """`stop_ids` are the special ids that mean "the middle ends here"; they need not be repeated in
        `special_ids`.
        """
        stops = set(stop_ids)
        specials = stops | set(special_ids) | {i for i, text in enumerate(token_bytes) if not text}
        self.n_tokens = len(token_bytes)
        self.stop_ids: NDArray[np.intp] = np.array(sorted(stops), dtype=np.intp)
        self.special_ids: NDArray[np.intp] = np.array(sorted(specials), dtype=np.intp)
        self._bytes = tuple(token_bytes)
        self._specials = frozenset(specials)
        pairs = sorted((text, i) for i, text in enumerate(token_bytes) if i not in specials)
        self._sorted_bytes = [text for text, _ in pairs]
        self.sorted_ids: NDArray[np.intp] = np.array([i for _, i in pairs], dtype=np.intp)
        """(n_text_tokens,) ids of the tokens that stand for bytes, ordered by these bytes."""
        self.first_bytes: NDArray[np.intp] = np.array([text[0] if text else 0 for text in token_bytes], dtype=np.intp)
        """(n_tokens,) the first byte of each token; 0 for those without bytes; means nothing for special ids."""
        self.longest_bytes = max((len(text) for text in self._sorted_bytes), default=0)
        self._inner_pairs = _inner_pairs(self._sorted_bytes)

    def is_special(self, token: TokenId) -> bool:
        """True for ids that stand for no bytes of a document."""
        return token in self._specials

    def bytes_of(self, token: TokenId) -> bytes:
        """The bytes of one token; empty for special ids."""
        return b"" if token in self._specials else self._bytes[token]

    def decode(self, tokens: Iterable[TokenId]) -> bytes:
        """The bytes of a token sequence; special ids contribute nothing."""
        return b"".join(map(self.bytes_of, tokens))

    def range_starting_with(self, head: bytes) -> tuple[int, int]:
        """Half-open range [low, high) into `sorted_ids`: the tokens whose bytes start with `head`, itself included."""
        low = bisect_left(self._sorted_bytes, head)
        after = _successor(head)
        high = len(self._sorted_bytes) if after is None else bisect_left(self._sorted_bytes, after, lo=low)
        return low, high

    def range_longer_than(self, head: bytes) -> tuple[int, int]:
        """As `range_starting_with`, without the tokens that are exactly `head`."""
        low, high = self.range_starting_with(head)
        while low < high and self._sorted_bytes[low] == head:
            low += 1
        return low, high

    def ids_of(self, text: bytes) -> list[TokenId]:
        """Every id whose bytes are exactly `text`, in rising order."""
        low, high = self.range_starting_with(text)
        longer, _ = self.range_longer_than(text)
        return [int(i) for i in self.sorted_ids[low : min(longer, high)]]

    def bytes_at(self, position: int) -> bytes:
        """The bytes of the token at a position of `sorted_ids`."""
        return self._sorted_bytes[position]

    def may_join(self, left: int, right: int) -> bool:
        """True when some token holds byte `left` directly before byte `right`; if not, a token border always lies
        between.
        """
        return bool(self._inner_pairs[left, right])


def _inner_pairs(texts: Sequence[bytes]) -> NDArray[np.bool_]:
    seen = np.zeros((256, 256), dtype=np.bool_)
    # one pass over all tokens at once: a marker of 256 parts them
    joined = np.concatenate(
        [np.append(np.frombuffer(text, np.uint8), 256) for text in texts] or [np.array([256])]
    ).astype(np.int32)
    left, right = joined[:-1], joined[1:]
    inside = (left < 256) & (right < 256)
    seen[left[inside], right[inside]] = True
    return seen


def _successor(head: bytes) -> bytes | None:
    """The least byte string above everything that starts with `head`; None when there is none."""
    kept = head.rstrip(b"\xff")
    return None if not kept else kept[:-1] + bytes([kept[-1] + 1])
