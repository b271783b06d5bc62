"""Picks the next token from a model's scores. Knows no stream, no bytes and no prompt."""

from __future__ import annotations

import math

import numpy as np

from byte_fim.distribution import log_sum
from byte_fim.errors import ModelFailed
from byte_fim.model import NOT_NUMBERS, Float64Array, Scores
from byte_fim.vocab import TokenId, Vocab

_SAFE_EXPONENT = 60.0  # single precision ends at 88


def choose(
    scores: Scores, vocab: Vocab, *, temperature: float, top_p: float, random: np.random.Generator
) -> tuple[TokenId, float]:
    """A text token, or a stop id for the end, and the natural log of its probability under the model.

    All stops mean one thing, so they are weighed together and stand as the first of them. Special ids that are no
    stops are never chosen (docs/exactness.md, section 9). `scores` is left as it is. Raises ModelFailed when they are
    not numbers.
    """
    if temperature == 0.0:
        token = int(scores.argmax())
        top = float(scores[token])  # of values that are not numbers, argmax finds the first
        if not math.isfinite(top):
            raise ModelFailed(NOT_NUMBERS)
        log_all = _log_sum_exp(scores, top)
        if _no_stop_can_win(scores, top, vocab):
            return token, top - log_all
        token = int(_text_only(scores, vocab).argmax())
        log_stop = _log_stop(scores, vocab)
        if log_stop > scores[token]:
            return int(vocab.stop_ids[0]), log_stop - log_all
        return token, float(scores[token]) - log_all
    if not np.isfinite(scores.max()):
        raise ModelFailed(NOT_NUMBERS)
    allowed = _text_only(scores, vocab)
    if len(vocab.stop_ids):
        allowed[vocab.stop_ids[0]] = _log_stop(scores, vocab)
    token = int(random.choice(len(allowed), p=shape(allowed, temperature=temperature, top_p=top_p)))
    return token, float(allowed[token]) - _log_sum_exp(scores, float(scores.max()))


def _no_stop_can_win(scores: Scores, top: float, vocab: Vocab) -> bool:
    """Cheap, and nearly always true inside a text. Special ids that are no stops count as if they could."""
    n_special = len(vocab.special_ids)
    return not n_special or float(scores.take(vocab.special_ids).max()) + math.log(n_special) < top


def _log_stop(scores: Scores, vocab: Vocab) -> float:
    return log_sum(scores[vocab.stop_ids].astype(np.float64))


def _text_only(scores: Scores, vocab: Vocab) -> Float64Array:
    allowed = scores.astype(np.float64)
    allowed[vocab.special_ids] = -np.inf
    return allowed


def _log_sum_exp(scores: Scores, top: float) -> float:
    if abs(top) < _SAFE_EXPONENT:  # one pass over the vocabulary less, in nearly all cases
        return math.log(float(np.exp(scores).sum()))
    return top + math.log(float(np.exp(scores - scores.dtype.type(top)).sum()))


def shape(scores: Float64Array, *, temperature: float, top_p: float) -> Float64Array:
    """Probabilities after temperature and top_p."""
    probability = np.exp((scores - scores.max()) / temperature)
    probability /= probability.sum()
    if top_p < 1.0:
        order = np.argsort(-probability, kind="stable")
        n_kept = int(np.searchsorted(np.cumsum(probability[order]), top_p)) + 1
        probability[order[n_kept:]] = 0.0
        probability /= probability.sum()
    return probability
