"""The definitions by brute force, and a toy model to try them on. Slow, obvious, and there to judge the fast path.

Definitions: docs/exactness.md, sections 2 to 4. Nothing here shares code with `cover` or `state`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import product

import numpy as np

from byte_fim.errors import ContextTooLong
from byte_fim.model import DecodeCounts, Float64Array, TokenModel, TokenStream
from byte_fim.stream import RowStream
from byte_fim.toy.splitting import Merge, Split, byte_pairs
from byte_fim.vocab import TokenId, Tokens, Vocab

Law = Callable[[Tokens], Float64Array]
N_BYTES = 256
_WHOLE_TEXT = re.compile(rb"(?s).+")


class ToyModel:
    """All 256 bytes, a few merges, one stop token; probabilities are a seeded hash of the context unless a law is
    given.
    """

    def __init__(
        self,
        merges: Sequence[Merge],
        *,
        split: Callable[[Sequence[Merge]], Split] = byte_pairs,
        pretokens: re.Pattern[bytes] = _WHOLE_TEXT,
        extra_tokens: Sequence[bytes] = (),
        law: Law | None = None,
        seed: int = 0,
    ) -> None:
        """Token ids: bytes 0..255, one per merge by rank, `extra_tokens` that the tokenizer never makes, the stop.

        `split` makes a tokenizer of the merges. `pretokens` must match every text completely when applied repeatedly.
        """
        texts = (
            [bytes([b]) for b in range(N_BYTES)] + [left + right for left, right in merges] + list(extra_tokens) + [b""]
        )
        self.stop_id = len(texts) - 1
        self.vocab = Vocab(texts, special_ids=[], stop_ids=[self.stop_id])
        self.n_context_tokens = 512
        self.counts = DecodeCounts()
        self._split = split(merges)
        self._ids = {text: i for i, text in reversed(list(enumerate(texts)))}  # of equal ones the first
        self._pretokens = pretokens
        self._law: Law = law or partial(hashed_row, n_tokens=self.vocab.n_tokens, seed=seed)

    def tokenize(self, text: bytes) -> list[TokenId]:
        ids: list[TokenId] = []
        for match in self._pretokens.finditer(text):
            ids += [self._ids[piece] for piece in self._split(match[0])]
        return ids

    def next_token_logprobs(self, contexts: Sequence[Sequence[TokenId]]) -> Float64Array:
        if max(map(len, contexts)) > self.n_context_tokens:
            raise ContextTooLong(f"A toy holds {self.n_context_tokens} tokens; shorten the prompt.")
        n_tokens = sum(map(len, contexts))
        self.counts = DecodeCounts(self.counts.decode_calls + 1, self.counts.decoded_tokens + n_tokens, 0)
        return np.stack([self._law(tuple(context)) for context in contexts])

    def stream(self, context: Sequence[TokenId]) -> TokenStream:
        return RowStream(self, context)

    def forget(self) -> None:
        """Nothing is kept."""


def hashed_row(context: Tokens, *, n_tokens: int, seed: int) -> Float64Array:
    """A law that depends on every token of the context and is far from uniform, so that errors do not cancel."""
    random = np.random.default_rng(zlib.crc32(np.array((seed, *context), dtype=np.int64).tobytes()))
    scores = 3.0 * random.standard_normal(n_tokens)
    return scores - np.log(np.exp(scores).sum())


def is_canonical(model: TokenModel, tokens: Tokens, continuations: Sequence[bytes]) -> bool:
    """The definition: some continuation of the tokens' bytes encodes to something that begins with them."""
    text = model.vocab.decode(tokens)
    return any(tuple(model.tokenize(text + more))[: len(tokens)] == tokens for more in continuations)


def every_text(alphabet: bytes, longest: int) -> list[bytes]:
    """All texts over an alphabet up to a length, the empty one included."""
    return [bytes(letters) for n in range(longest + 1) for letters in product(alphabet, repeat=n)]


def covers_of(model: TokenModel, tail: bytes, continuations: Sequence[bytes]) -> list[Tokens]:
    """All covers of the tail, by trying every segmentation."""
    vocab = model.vocab
    tokens = [(i, vocab.bytes_of(i)) for i in range(vocab.n_tokens) if not vocab.is_special(i)]

    def segmentations(offset: int) -> Iterator[Tokens]:
        if offset >= len(tail):
            yield ()
            return
        rest = tail[offset:]
        for token, text in tokens:
            if rest.startswith(text) or text.startswith(rest):
                for further in segmentations(offset + len(text)):
                    yield (token, *further)

    return [cover for cover in segmentations(0) if is_canonical(model, cover, continuations)]


class BruteForce:
    """P(text) and the byte law as sums over covers, each cover's probability one token at a time."""

    def __init__(self, model: TokenModel, stem: Tokens, continuations: Sequence[bytes]) -> None:
        self.model, self.stem, self.continuations = model, stem, continuations
        self.row = lru_cache(maxsize=None)(self._row)

    def _row(self, context: Tokens) -> Float64Array:
        return self.model.next_token_logprobs([context])[0]

    def probability(self, tokens: Tokens) -> float:
        """Of the tokens after the stem."""
        context, logp = self.stem, 0.0
        for token in tokens:
            logp += float(self.row(context)[token])
            context = (*context, token)
        return float(np.exp(logp))

    def mass(self, tail: bytes) -> float:
        """P(tail): the sum over its covers."""
        return sum(map(self.probability, covers_of(self.model, tail, self.continuations)))

    def end_mass(self, tail: bytes) -> float:
        """Mass of the tail as a finished text: its encoding, then any stop."""
        tokens = tuple(self.model.tokenize(tail))
        stops = self.row((*self.stem, *tokens))[self.model.vocab.stop_ids]
        return self.probability(tokens) * float(np.exp(stops).sum())

    def byte_law(self, tail: bytes) -> Float64Array:
        """(257,) probabilities P(tail b) / P(tail), END last; not logs."""
        mass = self.mass(tail)
        following = [self.mass(tail + bytes([b])) / mass for b in range(N_BYTES)]
        return np.array([*following, self.end_mass(tail) / mass])
