"""A token stream on a line of the KV cache: per token one decode call, and no copy of the vocabulary.

Knows no drafter and no choice.
"""

# pyright: basic

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from byte_fim.backends.llama_cpp.kv_lines import Line
from byte_fim.backends.llama_cpp.kv_tree import KvTree
from byte_fim.model import Scores
from byte_fim.sequences import common_beginning
from byte_fim.vocab import TokenId, Tokens


class KvStream:
    """See `TokenStream`."""

    def __init__(self, tree: KvTree, context: Sequence[TokenId], *, require_fitting: Callable[[int], None]) -> None:
        """`require_fitting` raises when a context of that many tokens is too long."""
        self._tree = tree
        self._require_fitting = require_fitting
        self._tokens = list(context)
        self._line: Line | None = None
        self._n_evaluations = -1

    def step(self, tokens: Sequence[TokenId], drafts: Sequence[Tokens] = ()) -> Mapping[Tokens, Scores]:
        """See `TokenStream.step`."""
        n_before = len(self._tokens)
        self._tokens += tokens
        self._require_fitting(len(self._tokens) + max(map(len, drafts), default=0))
        line = self._line if self._n_evaluations == self._tree.n_evaluations else None
        if line and not drafts and len(tokens) == 1 and len(line.tokens) == n_before:
            found = {(): self._tree.append(line, tokens[0])}
        elif line and tokens and self._is_one_run(tokens, drafts):
            found = self._go_on(line, n_before, drafts[0] if drafts else ())
        else:
            found = self._branch(drafts)
        self._n_evaluations = self._tree.n_evaluations
        return found

    def _is_one_run(self, tokens: Sequence[TokenId], drafts: Sequence[Tokens]) -> bool:
        """Nothing branches, and all fits one call."""
        return len(drafts) <= 1 and len(tokens) + sum(map(len, drafts)) <= self._tree.n_tokens_per_call

    def _go_on(self, line: Line, n_before: int, draft: Tokens) -> Mapping[Tokens, Scores]:
        """On the line of the step before, which may hold a draft that came true in part."""
        n_held = n_before + common_beginning(line.tokens[n_before:], self._tokens[n_before:])
        n_kept = min(n_held, len(self._tokens) - 1)  # the last token's row is only to be had by evaluating it
        if n_kept < len(line.tokens):
            self._tree.lines.cut(line, n_kept)
        pending = (*self._tokens[len(line.tokens) :], *draft)
        rows = self._tree.extend(line, pending, n_rows=1 + len(draft))
        return {draft[:i]: row for i, row in enumerate(rows)}

    def _branch(self, drafts: Sequence[Tokens]) -> Mapping[Tokens, Scores]:
        """On as many lines as it takes."""
        context = tuple(self._tokens)
        paths = {context + draft[:end] for draft in drafts for end in range(1, len(draft) + 1)} | {context}
        is_one_call = len(paths) <= self._tree.n_tokens_per_call
        found: dict[Tokens, Scores] = {}

        def take(path: Tokens, scores: Scores) -> None:
            found[path[len(context) :]] = scores if is_one_call else scores.copy()

        self._line = self._tree.evaluate(paths, take)
        return found
