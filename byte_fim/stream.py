"""A token stream made of whole rows, for models whose runtime has nothing narrower. Knows no drafter and no choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from byte_fim.model import Scores, TokenModel
from byte_fim.vocab import TokenId, Tokens


class RowStream:
    """`TokenStream` on top of `next_token_logprobs`."""

    def __init__(self, model: TokenModel, context: Sequence[TokenId]) -> None:
        self._model = model
        self._context = tuple(context)

    def step(self, tokens: Sequence[TokenId], drafts: Sequence[Tokens] = ()) -> Mapping[Tokens, Scores]:
        """See `TokenStream.step`."""
        self._context += tuple(tokens)
        paths = sorted({(), *(draft[:end] for draft in drafts for end in range(1, len(draft) + 1))})
        rows = self._model.next_token_logprobs([self._context + path for path in paths])
        return dict(zip(paths, rows, strict=True))
