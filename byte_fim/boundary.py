"""Cuts the bytes before the cursor into a stem, whose tokens are fixed, and an open tail. Knows no probabilities.

A boundary is settled when no continuation changes the tokens before it (docs/exactness.md, section 3).
"""

from __future__ import annotations

from byte_fim.canonical import Canonical

LONGEST_TAIL_BYTES = 256
_CHECK_WINDOW_BYTES = 64  # text left of the boundary that the check encodes again
_FALLBACK_TAIL_BYTES = 48  # where nothing is settled: 99 % of the tails measured on code are shorter
_N_CHECKS = 8  # continuations that a boundary is tried with
_WHITESPACE = frozenset(b" \t\n\r\x0b\x0c")
_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_PUNCTUATION = frozenset(b'!"#$%&()*+,-./:;<=>?@[\\]^`{|}~')  # without the apostrophe, which opens contractions


def find_boundary(canonical: Canonical, prefix: bytes, *, latest: int | None = None) -> int:
    """Byte offset of the last settled boundary before the cursor (or at or before `latest`); 0 is always one.

    When none is found within `LONGEST_TAIL_BYTES` (long runs of one character, prose without blanks), the last token
    border at which all probes agree is taken: then the law is conditioned on a border there.
    """
    end = len(prefix)
    last = max(0, end - 1) if latest is None else min(latest, end)
    first = max(0, last - LONGEST_TAIL_BYTES)
    for cut in range(last, first, -1):
        if _is_candidate(canonical, prefix, cut) and _is_settled(canonical, prefix, cut):
            return cut
    return 0 if first == 0 else _agreed_border(canonical, prefix, max(first, min(last, end - _FALLBACK_TAIL_BYTES)))


def line_start(prefix: bytes) -> int:
    """Byte offset just before the line break that opens the cursor's line, so that the break belongs to the tail;
    or 0.
    """
    newline = prefix.rfind(b"\n")
    if newline < 0:
        return 0
    return newline - 1 if newline and prefix[newline - 1 : newline] == b"\r" else newline


def _is_candidate(canonical: Canonical, prefix: bytes, cut: int) -> bool:
    """A change of character class that no token of the vocabulary spans."""
    left, right = prefix[cut - 1], prefix[cut]
    if canonical.vocab.may_join(left, right):
        return False
    if right in _WHITESPACE:
        return left not in _WHITESPACE
    return left in _WORD and right in _PUNCTUATION


def _is_settled(canonical: Canonical, prefix: bytes, cut: int) -> bool:
    """The two sides, encoded separately, give the encoding of the whole, whatever follows."""
    left, right = prefix[_window_start(prefix, cut) : cut], prefix[cut:]
    fixed = canonical.encode(left)
    return all(
        canonical.encode(left + right + more) == fixed + canonical.encode(right + more)
        for more in list(canonical.every_continuation(right))[:_N_CHECKS]
    )


def _window_start(prefix: bytes, cut: int) -> int:
    start = max(0, cut - _CHECK_WINDOW_BYTES)
    while start and start < cut and prefix[start] & 0xC0 == 0x80:
        start += 1
    return start


def _agreed_border(canonical: Canonical, prefix: bytes, latest: int) -> int:
    """The last token border at or before `latest` that the whole prefix has under every probe."""
    agreed: set[int] | None = None
    for more in list(canonical.every_continuation(prefix))[:_N_CHECKS]:
        borders, offset = {0}, 0
        for token in canonical.encode(prefix + more):
            offset += len(canonical.vocab.bytes_of(token))
            borders.add(offset)
        agreed = borders if agreed is None else agreed & borders
    return max(border for border in agreed or {0} if border <= latest)
