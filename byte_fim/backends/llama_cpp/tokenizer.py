"""Bytes to tokens and back with the tokenizer inside a GGUF file. Knows nothing of weights or probabilities.

llama.cpp's own tokenizer is the definition of canonical; this module only keeps it honest about bytes. What it mends,
each found in practice: bytes that are not UTF-8 would become U+FFFD; a literal U+2581 would become a blank
(SentencePiece, and BPE of its kind); a blank may be put before the text; text that spells a special token could become
one.
"""

# pyright: basic

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence

from byte_fim.backends.llama_cpp.library import Handle, lib
from byte_fim.errors import UnsupportedVocabulary
from byte_fim.vocab import TokenId, Vocab

_SPM, _BPE = 1, 2  # enum llama_vocab_type
_KINDS = {0: "none", 3: "WordPiece", 4: "Unigram", 5: "RWKV", 6: "PLaMo-2"}
_BLANK_SYMBOL = "\u2581".encode()
_GUARD = b"\x01"  # a character that no multi-character token contains, so the text after it is tokenized as if alone
_REPLACEMENT = "\ufffd".encode()
_MOST_ABSENT_BYTES = 16  # 13 bytes never occur in UTF-8, and StarCoder's vocabulary leaves them and 0xF1 out
_NO_BYTES = lib.LLAMA_TOKEN_ATTR_CONTROL | lib.LLAMA_TOKEN_ATTR_UNKNOWN | lib.LLAMA_TOKEN_ATTR_UNUSED
_LONG_ENOUGH_BYTES = 1024


class LlamaTokenizer:
    """The canonical encoding of plain text, for the two vocabulary kinds that code models use."""

    def __init__(self, handle: Handle, name: str, *, fim_texts: Sequence[str] = ()) -> None:
        """Raises UnsupportedVocabulary for kinds other than byte-level BPE and SentencePiece BPE with byte fallback.

        `fim_texts`: as in `find_fim_ids`.
        """
        self._handle = handle
        kind = int(lib.llama_vocab_type(handle))
        if kind not in (_SPM, _BPE):
            raise UnsupportedVocabulary(
                f"{name} has a {_KINDS.get(kind, 'unknown')} tokenizer (kind {kind}); choose a model with a"
                " byte-level BPE or SentencePiece BPE tokenizer."
            )
        self.fim_ids = find_fim_ids(handle, fim_texts)
        self.vocab = _read_vocab(handle, set(self.fim_ids.values()))
        self._buffer = (lib.llama_token * 4096)()
        # SentencePiece writes blanks so, and what looks like one comes back as one; some BPE vocabularies do too
        self._has_blank_symbol = self.vocab.decode(self._call(_BLANK_SYMBOL)) != _BLANK_SYMBOL
        self._byte_ids = self._find_byte_ids(name)
        blank_guard = self._call(_GUARD)
        self._guard_ids = blank_guard if self.vocab.decode(blank_guard) == b" " + _GUARD else []
        if self._guard_ids and self._contains_guard():
            raise UnsupportedVocabulary(
                f"{name} puts a blank before every text in a way that cannot be undone; choose another model."
            )

    def tokenize(self, text: bytes) -> list[TokenId]:
        """See `TokenModel.tokenize`."""
        tokens: list[TokenId] = []
        for run, is_text in self._runs(text):
            tokens += self._tokenize_run(run) if is_text else [token for byte in run for token in self._byte_ids[byte]]
        return tokens

    def _runs(self, text: bytes) -> Iterator[tuple[bytes, bool]]:
        """The text in pieces: (valid UTF-8 without the blank symbol, True) or (bytes to be taken singly, False)."""
        while text:
            try:
                text.decode()
                valid, stray, rest = text, b"", b""
            except UnicodeDecodeError as error:
                valid, stray, rest = text[: error.start], text[error.start : error.end], text[error.end :]
            if self._has_blank_symbol and _BLANK_SYMBOL in valid:
                before, symbol, after = valid.partition(_BLANK_SYMBOL)
                valid, stray, rest = before, symbol, after + stray + rest
            if valid:
                yield valid, True
            if stray:
                yield stray, False
            text = rest

    def _tokenize_run(self, text: bytes) -> list[TokenId]:
        tokens = self._call(_GUARD + text)[len(self._guard_ids) :] if self._guard_ids else self._call(text)
        if any(map(self.vocab.is_special, tokens)):  # the text spells a special token: keep it text
            middle = max(1, len(text) // 2)
            while middle < len(text) and text[middle] & 0xC0 == 0x80:
                middle += 1
            if middle < len(text):
                return self._tokenize_run(text[:middle]) + self._tokenize_run(text[middle:])
            return [token for byte in text for token in self._byte_ids[byte]]
        return tokens

    def _call(self, text: bytes) -> list[TokenId]:
        n = lib.llama_tokenize(self._handle, text, len(text), self._buffer, len(self._buffer), False, False)
        if n < 0:  # minus the size it needs
            self._buffer = (lib.llama_token * -n)()
            n = lib.llama_tokenize(self._handle, text, len(text), self._buffer, len(self._buffer), False, False)
        return self._buffer[:n]

    def _find_byte_ids(self, name: str) -> list[list[TokenId]]:
        """Per byte, the tokens that stand for it when it is not part of UTF-8 text."""
        singles = [self.vocab.ids_of(bytes([byte])) for byte in range(256)]
        absent = [byte for byte, ids in enumerate(singles) if not ids]
        if len(absent) > _MOST_ABSENT_BYTES:
            raise UnsupportedVocabulary(
                f"{name} has no token for {len(absent)} of the 256 bytes (0x{absent[0]:02X} is one);"
                " choose a model whose vocabulary covers all bytes."
            )
        return [ids[:1] or self._call(_REPLACEMENT) for ids in singles]

    def _contains_guard(self) -> bool:
        return any(_GUARD in text and len(text) > 1 for text in map(self.vocab.bytes_of, range(self.vocab.n_tokens)))


def _read_vocab(handle: Handle, fim: set[TokenId]) -> Vocab:
    n_tokens = lib.llama_vocab_n_tokens(handle)
    buffer = ctypes.create_string_buffer(_LONG_ENOUGH_BYTES)
    token_bytes: list[bytes] = []
    specials: list[TokenId] = []
    stops: list[TokenId] = []
    for token in range(n_tokens):
        if lib.llama_vocab_is_eog(handle, token) or token in fim:
            stops.append(token)
        elif lib.llama_vocab_get_attr(handle, token) & _NO_BYTES:
            specials.append(token)
        n = lib.llama_token_to_piece(handle, token, buffer, len(buffer), 0, False)
        if n < 0:
            buffer = ctypes.create_string_buffer(-n)
            n = lib.llama_token_to_piece(handle, token, buffer, len(buffer), 0, False)
        token_bytes.append(buffer.raw[:n])
    return Vocab(token_bytes, special_ids=specials, stop_ids=stops)


def find_fim_ids(handle: Handle, texts: Sequence[str] = ()) -> dict[str, TokenId]:
    """The fill-in-the-middle ids that the file names or llama.cpp recognises: pre, suf, mid, pad, rep, sep.

    `texts`: how the vocabulary spells pre, suf and mid, where llama.cpp finds none of the three; empty: it has none.
    """
    found = {
        kind: int(getattr(lib, f"llama_vocab_fim_{kind}")(handle))
        for kind in ("pre", "suf", "mid", "pad", "rep", "sep")
    }
    known = {kind: token for kind, token in found.items() if token >= 0}
    if {"pre", "suf", "mid"} & set(known):
        return known
    wanted = {text.encode(): kind for kind, text in zip(("pre", "suf", "mid"), texts, strict=False) if text}
    spelled = {
        token: lib.llama_vocab_get_text(handle, token)
        for token in range(lib.llama_vocab_n_tokens(handle) if wanted else 0)
    }
    return known | {wanted[text]: token for token, text in spelled.items() if text in wanted}
