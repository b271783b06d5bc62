"""What a perfect model of tokenised text says: the law over tokens that encoding a Markov source's texts gives.

Let `v(c)` be the probability that a text of the source, given that it begins with the bytes of the token sequence `c`,
has an encoding that begins with `c`. The encoding begins with `c` with probability `P(bytes of c) v(c)`, so

    Q(t | c)    = P(bytes of t | bytes of c) v(c t) / v(c)
    Q(stop | c) = P(the text ends | bytes of c) / v(c)

and since after `c` the encoding either stops or goes on with one token that is canonical there,

    v(c) = P(the text ends | bytes of c) + sum over the canonical t of P(bytes of t | bytes of c) v(c t)

This holds for encodings of which every beginning is itself an encoding: then a text may end wherever it is canonical.
Both the chain's memory and what may follow are decided by the last few tokens, so `v` takes finitely many values, and
the equations are solved at once. They have one solution, because a text may end after every letter.
"""

from __future__ import annotations

from itertools import dropwhile

import numpy as np

from byte_fim.distribution import END
from byte_fim.model import Float64Array, Tokenizing
from byte_fim.toy.markov import MarkovSource
from byte_fim.vocab import TokenId, Tokens

_MOST_STATES = 5000  # the equations are solved as a dense matrix


class InducedLaw:
    """The source's texts as their tokens, exactly: token sequence to (n_vocab,) natural logs, special ids in front of
    it ignored.

    After a sequence that no text of the source gives, the text is said to end.
    """

    def __init__(self, source: MarkovSource, tokenizing: Tokenizing) -> None:
        """The tokenizer must be `splitting.byte_pairs` or `splitting.longest_match`, without pre-tokens. Raises
        ValueError when the tokens are too many and long for this.
        """
        self._source, self._tokenizing = source, tokenizing
        self._vocab = tokenizing.vocab
        letters = set(source.alphabet)
        self._texts = {
            int(t): text for t in self._vocab.sorted_ids if letters.issuperset(text := self._vocab.bytes_of(t))
        }
        longest_bytes = max(map(len, self._texts.values()))
        self.reach_bytes = max(longest_bytes - 1, source.order)
        """Tokens that begin further back neither matter to the chain nor forbid any token to follow."""
        self._rows = self._solve(self._explore())

    def __call__(self, context: Tokens) -> Float64Array:
        tokens = tuple(dropwhile(self._vocab.is_special, context))
        row = self._rows.get(self.remembered(tokens))
        if row is None:
            row = np.full(self._vocab.n_tokens, -np.inf)
            row[self._vocab.stop_ids[0]] = 0.0
        return row

    def remembered(self, tokens: Tokens) -> Tokens:
        """The last tokens, as few as reach back far enough; all of them near the start."""
        n_bytes = 0
        for start in range(len(tokens) - 1, -1, -1):
            n_bytes += len(self._vocab.bytes_of(tokens[start]))
            if n_bytes >= self.reach_bytes:
                return tokens[start:]
        return tokens

    def _explore(self) -> dict[Tokens, dict[TokenId, float]]:
        """Every state that is reached from the start, with the tokens that are canonical after it and the probability
        of their bytes.
        """
        found: dict[Tokens, dict[TokenId, float]] = {}
        waiting: list[Tokens] = [()]
        while waiting:
            state = waiting.pop()
            if state in found:
                continue
            if len(found) == _MOST_STATES:
                raise ValueError(f"more than {_MOST_STATES} states; take fewer letters or shorter tokens")
            before = self._vocab.decode(state)
            found[state] = {
                token: p
                for token, text in self._texts.items()
                if (p := self._source.probability(text, after=before)) > 0 and self._may_follow(state, token)
            }
            waiting += [self.remembered((*state, token)) for token in found[state]]
        return found

    def _may_follow(self, state: Tokens, token: TokenId) -> bool:
        whole = (*state, token)
        return tuple(self._tokenizing.tokenize(self._vocab.decode(whole))) == whole

    def _solve(self, following: dict[Tokens, dict[TokenId, float]]) -> dict[Tokens, Float64Array]:
        index = {state: i for i, state in enumerate(following)}
        onward = np.zeros((len(index), len(index)))
        ends = np.array([self._source.next_law(self._vocab.decode(state))[END] for state in following])
        for state, tokens in following.items():
            for token, p in tokens.items():
                onward[index[state], index[self.remembered((*state, token))]] += p
        values = np.linalg.solve(np.eye(len(index)) - onward, ends)
        rows: dict[Tokens, Float64Array] = {}
        for state, tokens in following.items():
            row = np.zeros(self._vocab.n_tokens)
            row[self._vocab.stop_ids[0]] = ends[index[state]]
            for token, p in tokens.items():
                row[token] = p * values[index[self.remembered((*state, token))]]
            with np.errstate(divide="ignore"):
                rows[state] = np.log(row / values[index[state]])
        return rows
