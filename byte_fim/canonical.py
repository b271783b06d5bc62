"""Is this token sequence what the tokenizer would have produced? The only caller of `tokenize` on short texts.

Knows the tokenizer as a black box: neither its regular expressions nor its merges. A token sequence is canonical when
*some* continuation of its bytes encodes to something that begins with it (docs/exactness.md, section 4). The
continuations tried are one probe per way in which later bytes are known to move earlier token borders.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from weakref import WeakMethod

from byte_fim.model import Tokenizing
from byte_fim.utf8 import character_bytes, unfinished_character
from byte_fim.vocab import Tokens

# One per way in which text that follows is known to move the borders before it, the most frequently decisive first.
_AFTER_BLANKS = (
    b"",
    b"a",
    b"1",
    b")",
    b"\n",
    b" a",
    b"\n\n",
    b"\r\n",
    b"\ta",
    b" \n",
    b"\xe2\x94\x80",
    b"\xe0\xb8\x81",
)
_AFTER_DIGITS = (b"", b"1", b"12", b"123", b"a", b" a")
_AFTER_QUOTES = (b"", b"a", b"A", b" a", b"s ", b"t ", b"m ", b"d ", b"re ", b"ll ", b"ve ", b"e ", b"l ", b"'", b"\n")
_AFTER_NON_ASCII = (b"", b"a", b" a", b"\n", b"\xc3\xa9", b"\xe4\xb8\xad")
_AFTER_ANYTHING = tuple(
    dict.fromkeys((*_AFTER_BLANKS, *_AFTER_DIGITS, *_AFTER_QUOTES, *_AFTER_NON_ASCII, b"(", b'"', b"_", b"  a"))
)
_REMEMBERED_TEXTS = 1 << 12  # a miss costs 6 us; four times as many filled for minutes, to 5 MiB
_LONGEST_REMEMBERED_BYTES = 128
_WHITESPACE = b" \t\n\r\x0b\x0c"
_APOSTROPHE_REACH_BYTES = 3  # the longest contraction, 'll, changes the border before its last letter


class Canonical:
    """The tokenizer of one model as a yes/no question, with a memory."""

    def __init__(self, model: Tokenizing) -> None:
        self.vocab = model.vocab
        tokenize = WeakMethod(model.tokenize)  # weak: what is remembered of a model must not keep it alive

        def encode(text: bytes) -> Tokens:
            live = tokenize()
            assert live is not None, "asked about a model that is gone"
            return tuple(live(text))

        self._encode = encode
        self._remember = lru_cache(maxsize=_REMEMBERED_TEXTS)(encode)

    def encode(self, text: bytes) -> Tokens:
        """The canonical encoding; remembered when the text is short enough to come again."""
        return self._remember(text) if len(text) <= _LONGEST_REMEMBERED_BYTES else self._encode(text)

    def accepts(self, text: bytes, tokens: Tokens) -> bool:
        """True when some continuation of `text` encodes to a sequence that begins with `tokens`, which decode to
        `text`.
        """
        n = len(tokens)
        return any(self.encode(text + more)[:n] == tokens for more in self.continuations(text))

    def continuations(self, text: bytes) -> Iterator[bytes]:
        """The continuations that can matter for `text`; the empty one alone where later bytes cannot move a border.

        Inside a pre-token a prefix of a canonical encoding is canonical, so the end of text decides. Only white
        space, digits and what may be a contraction are looked ahead of by the pre-tokenizers in use; an unfinished
        character has to be finished first.
        """
        if unfinished := unfinished_character(text):
            yield from _finish_character(unfinished)
        else:
            yield from _probes_after(text)

    def every_continuation(self, text: bytes) -> Iterator[bytes]:
        """All probes, or all ways to finish the character that `text` ends in."""
        unfinished = unfinished_character(text)
        yield from _finish_character(unfinished) if unfinished else _AFTER_ANYTHING


def _probes_after(text: bytes) -> Sequence[bytes]:
    last = text[-1:]
    if not last or last in _WHITESPACE:
        return _AFTER_BLANKS
    if b"'" in text[-_APOSTROPHE_REACH_BYTES:]:
        return _AFTER_QUOTES
    if last.isdigit():
        return _AFTER_DIGITS
    return _AFTER_NON_ASCII if last >= b"\x80" else (b"",)


def _finish_character(unfinished: bytes) -> Iterator[bytes]:
    """Ways to finish it: every possible next byte, the ones after it from a few, so not every character."""
    n_further = character_bytes(unfinished[0]) - len(unfinished) - 1
    for further in (b"\x80", b"\xbf", b"\xa5")[: 3 if n_further else 1]:
        for byte in range(0x80, 0xC0):
            more = bytes([byte]) + further * n_further
            try:
                (unfinished + more).decode()
            except UnicodeDecodeError:  # overlong, surrogate or above U+10FFFF
                continue
            yield more
