"""A model learnt by counting: how often which token followed the last few. Knows nothing of the source of its texts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np

from byte_fim.model import Float64Array, Tokenizing
from byte_fim.vocab import Tokens


class CountedLaw:
    """Relative frequencies after the last `n_tokens` tokens, not smoothed: token sequence to (n_vocab,) natural logs.

    Texts begin after the stop token and end with it. After what was never seen, the text is said to end.
    """

    def __init__(self, tokenizing: Tokenizing, *, n_tokens: int) -> None:
        self._tokenizing = tokenizing
        self._n_tokens = n_tokens
        self._counts: defaultdict[Tokens, Counter[int]] = defaultdict(Counter)

    def learn(self, texts: Iterable[bytes]) -> None:
        """Counts more texts."""
        stop = int(self._tokenizing.vocab.stop_ids[0])
        for text in texts:
            tokens = (stop, *self._tokenizing.tokenize(text), stop)
            for i in range(1, len(tokens)):
                self._counts[tokens[max(0, i - self._n_tokens) : i]][tokens[i]] += 1

    def n_seen(self, context: Tokens) -> int:
        """How often the end of the context that matters was seen."""
        return self._counts[self._end_of(context)].total() if self._end_of(context) in self._counts else 0

    def __call__(self, context: Tokens) -> Float64Array:
        vocab = self._tokenizing.vocab
        counts = self._counts.get(self._end_of(context)) or Counter({int(vocab.stop_ids[0]): 1})
        row = np.full(vocab.n_tokens, -np.inf)
        for token, n in counts.items():
            row[token] = np.log(n / counts.total())
        return row

    def _end_of(self, context: Tokens) -> Tokens:
        return context[max(0, len(context) - self._n_tokens) :]
