"""A model of bytes that have been read: what followed the longest recent contexts. Learns at once, forgets the oldest.

Knows neither where the bytes come from nor what is done with the probabilities. Let n(c) be the number of places at
which a context c of k bytes was read, n(c b) the number of those with byte b behind it, and d(c) the number of
different bytes there. Blended as by Witten and Bell, but with their d(c) times E:

    P_k(b) = (n(c b) + E * d(c) * P_k-1(b)) / (n(c) + E * d(c))

from 1 / 256 for no context at all up to the longest context that was read.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from byte_fim.errors import ContextTooLong
from byte_fim.fim import FimFormat
from byte_fim.model import DecodeCounts, Float64Array, TokenStream
from byte_fim.stream import RowStream
from byte_fim.vocab import TokenId, Vocab

N_BYTES = 256
STOP_ID: TokenId = 256
STOP_SHARE = 1 / 257  # of every law: it cannot know where a middle ends, so the stop is one outcome among all
ESCAPE = 3.0  # E above: of 1, 2 and 3, with orders of 5, 6 and 8, the least loss on Python source
_INDEXED_BYTES = 3  # contexts of this length are looked up; longer ones are told apart by looking at the text
_RECENT_PLACES = 2048  # per context: bounds the time of a law, and recent text tells more
_MOST_TEXT_BYTES = 1 << 20
_STRETCH_BYTES = 1 << 14  # read at a time: lists of places are made of it that take ten times as much
_NOWHERE = array("I")


class NgramModel:
    """`TokenModel` of 256 bytes and a stop. Its answers change when it learns, and only then.

    Memory: `n_text_bytes` of text, which when full drops its older half; 4 to 8 bytes of index per byte of it, about
    200 per different context of three bytes, and half a megabyte.
    """

    def __init__(self, *, order: int = 6, n_text_bytes: int = _MOST_TEXT_BYTES, n_context_tokens: int = 2048) -> None:
        """`order`: the longest context in bytes, at least 3. Of `n_context_tokens` the last `order` count."""
        texts = [*(bytes([byte]) for byte in range(N_BYTES)), b""]
        self.vocab = Vocab(texts, special_ids=[], stop_ids=[STOP_ID])
        self.fim = FimFormat(None, None, None, separator_id=STOP_ID)
        self.n_context_tokens = n_context_tokens
        self.counts = DecodeCounts()
        self._order = order
        self._text: NDArray[np.uint8] = np.zeros(order + n_text_bytes, np.uint8)
        self._clear()

    def learn(self, text: bytes) -> None:
        """Reads on: what was read last stands before `text`. Of more than is kept only the end is read."""
        room = len(self._text) - self._order
        text = text[-room // 2 :]
        if self._n_read + len(text) > len(self._text):
            kept = self._text[max(self._order, self._n_read - room // 2) : self._n_read].tobytes()
            self._clear()
            self._read(kept)
        self._read(text)

    def tokenize(self, text: bytes) -> list[TokenId]:
        return list(text)

    def next_token_logprobs(self, contexts: Sequence[Sequence[TokenId]]) -> Float64Array:
        longest = max(map(len, contexts))
        if longest > self.n_context_tokens:
            raise ContextTooLong(f"A context of {longest} tokens does not fit {self.n_context_tokens}; shorten it.")
        n_tokens = sum(map(len, contexts))
        self.counts = DecodeCounts(self.counts.decode_calls + 1, self.counts.decoded_tokens + n_tokens, 0)
        share = np.empty((len(contexts), N_BYTES + 1))
        for i, context in enumerate(contexts):
            share[i, :N_BYTES] = (1.0 - STOP_SHARE) * self._law(_last_bytes(context, self._order))
        share[:, STOP_ID] = STOP_SHARE
        return np.log(share)

    def stream(self, context: Sequence[TokenId]) -> TokenStream:
        return RowStream(self, context)

    def forget(self) -> None:
        """Nothing is kept of evaluations; what was learnt stays."""

    def _clear(self) -> None:
        # zeros stand before everything, so that no context reaches beyond the beginning
        self._n_read = self._order
        self._places: dict[int, array[int]] = {}
        self._after_none: Float64Array = np.zeros(N_BYTES)
        self._after_one: Float64Array = np.zeros((N_BYTES, N_BYTES))

    def _read(self, text: bytes) -> None:
        for start in range(0, len(text), _STRETCH_BYTES):
            self._append(text[start : start + _STRETCH_BYTES])

    def _append(self, text: bytes) -> None:
        start, end = self._n_read, self._n_read + len(text)
        added = np.frombuffer(text, np.uint8)
        self._text[start:end] = added
        self._n_read = end
        self._after_none += np.bincount(added, minlength=N_BYTES)
        around = self._text[start - _INDEXED_BYTES : end].astype(np.int32)
        np.add.at(self._after_one, (around[_INDEXED_BYTES - 1 : -1], around[_INDEXED_BYTES:]), 1.0)
        keys = (around[:-3] << 16 | around[1:-2] << 8 | around[2:-1]).tolist()
        places = self._places
        for place, key in enumerate(keys, start):
            if (known := places.get(key)) is None:
                places[key] = array("I", (place,))
            else:
                known.append(place)

    def _law(self, context: bytes) -> Float64Array:
        """(256,) probabilities of the byte after the context."""
        share = _blend(self._after_none, np.full(N_BYTES, 1.0 / N_BYTES))
        if context:
            share = _blend(self._after_one[context[-1]], share)
        if len(context) < _INDEXED_BYTES:
            return share
        key = context[-3] << 16 | context[-2] << 8 | context[-1]
        places = np.array(self._places.get(key, _NOWHERE)[-_RECENT_PLACES:], np.intp)
        for length in range(_INDEXED_BYTES, len(context) + 1):
            if length > _INDEXED_BYTES:
                places = places[self._text[places - length] == context[-length]]
            if not len(places):
                break
            share = _blend(np.bincount(self._text[places], minlength=N_BYTES), share)
        return share


def _blend(counts: NDArray[np.floating | np.integer], shorter: Float64Array) -> Float64Array:
    escape = ESCAPE * np.count_nonzero(counts)
    total = float(counts.sum()) + escape
    return (counts + escape * shorter) / total if total else shorter


def _last_bytes(context: Sequence[TokenId], n: int) -> bytes:
    """The last bytes of a context, at most `n`, none from before a stop."""
    last = list(context[-n:])
    if STOP_ID in last:
        last = last[len(last) - last[::-1].index(STOP_ID) :]
    return bytes(last)
