"""The time of one request, shared among the models that answer it. Knows no prompts and no protocol.

Each of n models may evaluate for the n-th part of the request's time. One that has used up its part is stopped in the
middle of what it evaluates, and is out until the next request; the last one goes on.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from byte_fim.errors import DecodeAborted, ModelError, ModelFailed
from byte_fim.model import DecodeCounts, Float64Array, TokenModel, TokenStream
from byte_fim.vocab import TokenId, Vocab
from lsp_server.model.loading import LoadedModel

_SHORTEST_WAIT_S = 0.001  # until one that is nearly out is looked at again
CallAfter = Callable[[float, Callable[[], None]], None]
"""Calls something once so many seconds have passed, on a thread of its own."""


class TooSlow(ModelFailed):
    """Its part of the request's time is used up."""


@dataclass(slots=True)
class _Account:
    set_abort: Callable[[bool], None]
    spent_s: float = 0.0
    began_s: float | None = None
    """of the evaluation that goes on"""
    is_out: bool = False

    def spent_by(self, now_s: float) -> float:
        return self.spent_s + (now_s - self.began_s if self.began_s is not None else 0.0)


class TimeShares:
    """The accounts of one set of models. One thread evaluates; aborts and alarms come from others."""

    def __init__(self, loaded: Sequence[LoadedModel], *, call_after: CallAfter, clock: Callable[[], float]) -> None:
        self._accounts = [_Account(each.set_abort) for each in loaded]
        self._call_after = call_after
        self._clock = clock
        self._lock = threading.Lock()
        self._taking_part: Sequence[_Account] = ()
        self._part_s = math.inf  # while there is no request, nobody is too slow
        self._number = 0  # of the request
        self._is_aborted = False
        self.models: Sequence[TokenModel] = [
            _SharingModel(each.model, self, account) for each, account in zip(loaded, self._accounts, strict=True)
        ]
        """The models, which keep to their parts."""

    def begin(self, taking_part: Sequence[int], *, time_s: float) -> None:
        """A request begins, which these models answer, by their places in `models`."""
        with self._lock:
            self._taking_part = [self._accounts[i] for i in taking_part]
            self._part_s = time_s / len(taking_part)
            self._forget()
            number = self._number
        if len(taking_part) > 1:
            self._call_after(self._part_s, partial(self._look, number))

    def end(self) -> None:
        """The request is answered; until the next, everybody has all the time there is."""
        with self._lock:
            self._taking_part, self._part_s = (), math.inf
            self._forget()

    def set_abort(self, is_set: bool) -> None:
        """As `LoadedModel.set_abort`, for all."""
        with self._lock:
            self._is_aborted = is_set
            for account in self._accounts:
                account.set_abort(is_set or (account.is_out and account.began_s is not None))

    def evaluate(self, account: _Account, ask: Callable[[], Float64Array]) -> Float64Array:
        """What `ask` gives. Raises TooSlow, DecodeAborted, and what the model raises."""
        with self._lock:
            if account.is_out:
                raise self._too_slow()
            account.began_s = self._clock()
        try:
            rows = ask()
        except DecodeAborted:
            with self._lock:
                if account.is_out and not self._is_aborted:
                    raise self._too_slow() from None
            raise
        except ModelError:
            account.is_out = True  # it drops out
            raise
        finally:
            with self._lock:
                account.spent_s, account.began_s = account.spent_by(self._clock()), None
                if account.is_out:
                    account.set_abort(self._is_aborted)  # the alarm has set it
                elif account.spent_s >= self._part_s:
                    account.is_out = self._may_go(account)
        return rows

    def _look(self, number: int) -> None:
        """Called when somebody's part may be used up."""
        with self._lock:
            if number != self._number:
                return
            now_s = self._clock()
            for account in self._taking_part:
                is_due = account.began_s is not None and account.spent_by(now_s) >= self._part_s
                if is_due and not account.is_out and self._may_go(account):
                    account.is_out = True
                    account.set_abort(True)
            left_s = [self._part_s - each.spent_by(now_s) for each in self._taking_part if not each.is_out]
        if len(left_s) > 1:
            self._call_after(max(_SHORTEST_WAIT_S, min(left_s)), partial(self._look, number))

    def _forget(self) -> None:
        """Nobody has spent anything, and alarms that are set are of no more use."""
        self._number += 1
        for account in self._accounts:
            account.spent_s, account.is_out = 0.0, False

    def _may_go(self, account: _Account) -> bool:
        return any(other is not account and not other.is_out for other in self._taking_part)

    def _too_slow(self) -> TooSlow:
        return TooSlow(f"it needs more than its part of the time, {1000 * self._part_s:.0f} ms (setting deadline_ms)")


class _SharingModel:
    """A `TokenModel` whose evaluations are counted."""

    def __init__(self, model: TokenModel, shares: TimeShares, account: _Account) -> None:
        self._model = model
        self._shares = shares
        self._account = account

    @property
    def vocab(self) -> Vocab:
        return self._model.vocab

    @property
    def n_context_tokens(self) -> int:
        return self._model.n_context_tokens

    @property
    def counts(self) -> DecodeCounts:
        return self._model.counts

    def tokenize(self, text: bytes) -> list[TokenId]:
        return self._model.tokenize(text)

    def next_token_logprobs(self, contexts: Sequence[Sequence[TokenId]]) -> Float64Array:
        return self._shares.evaluate(self._account, lambda: self._model.next_token_logprobs(contexts))

    def stream(self, context: Sequence[TokenId]) -> TokenStream:
        return self._model.stream(context)

    def forget(self) -> None:
        self._model.forget()
