"""The probability of bytes after tokens, for longest-match encoding only, by the recursion of arXiv 2406.16829.

Shares no code with `cover` and `state`, which need to know nothing of the encoding. Here it is known that the first
token of a text is the longest word that the text begins with, unless a token goes beyond the text's end. So there is
one path to follow and one row to ask for at each step:

    P(x | c) = sum of Q(t | c) over the tokens t that begin with x                        (branch)
             + Q(t | c) P(rest of x | c t),  t the first token of enc(x), if not all of x     (pass)

Exact when the model never says what the encoding never gives.
"""

from __future__ import annotations

import numpy as np

from byte_fim.distribution import N_OUTCOMES
from byte_fim.model import Float64Array, TokenModel
from byte_fim.vocab import Tokens


def branch_and_pass(model: TokenModel, context: Tokens, text: bytes) -> float:
    """P(the bytes go on with `text` | context)."""
    if not text:
        return 1.0
    row = np.exp(model.next_token_logprobs([context])[0])
    low, high = model.vocab.range_starting_with(text)
    branch = float(row[model.vocab.sorted_ids[low:high]].sum())
    first = model.tokenize(text)[0]
    said = model.vocab.bytes_of(first)
    if said == text:
        return branch
    return branch + float(row[first]) * branch_and_pass(model, (*context, first), text[len(said) :])


def byte_law(model: TokenModel, context: Tokens, text: bytes) -> Float64Array:
    """(257,) probabilities of what follows `text`, END last; not logs."""
    mass = branch_and_pass(model, context, text)
    onward = [branch_and_pass(model, context, text + bytes([byte])) for byte in range(N_OUTCOMES - 1)]
    ended, path = 1.0, context
    for token in model.tokenize(text):
        ended *= float(np.exp(model.next_token_logprobs([path])[0][token]))
        path = (*path, token)
    ended *= float(np.exp(model.next_token_logprobs([path])[0][model.vocab.stop_ids]).sum())
    return np.array([*onward, ended]) / mass
