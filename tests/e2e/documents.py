"""Documents as LSP sends them, and their fingerprints, to be held against those of the server's mirror."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What `bytefim/documentDigest` says of a document, its version aside."""

    n_bytes: int
    sha256: str


def join_lines(lines: Sequence[str], *, line_break: str, ends_with_break: bool) -> bytes:
    """The text of an editor's lines, as UTF-8."""
    text = line_break.join(lines) + (line_break if ends_with_break else "")
    return text.encode("utf-8", "surrogateescape")


def fingerprint(text: bytes) -> Fingerprint:
    """The same for bytes that are at hand."""
    return Fingerprint(len(text), hashlib.sha256(text).hexdigest())
