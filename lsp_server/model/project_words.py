"""What stands in the open files as a model of bytes, which learns while it is typed. Knows no other model.

It reads what a request carries: the document around the cursor, line by line as the lines are finished, and what may be
shown of other documents; so nothing that is private to them.
"""

from __future__ import annotations

from byte_fim.anchor import Anchors
from byte_fim.ensemble import Member
from byte_fim.model import DecodeCounts
from byte_fim.ngram import NgramModel
from lsp_server.documents.request import CompletionRequest

NAME = "project words"
SHARE = 0.25  # of the weight at first; chosen on JavaScript, where it was learnt beside the embedded model
_OVERLAP_BYTES = 256  # by which a text whose beginning has been cut is known again


class ProjectWords:
    """The model of one session's texts."""

    def __init__(self) -> None:
        self._model = NgramModel()
        self._anchors = Anchors()
        self._around: object = None
        self._read = b""

    @property
    def counts(self) -> DecodeCounts:
        """What it has looked up since it read anew."""
        return self._model.counts

    def member(self, asked: CompletionRequest, *, weight: float) -> Member:
        """It as a member of an ensemble, once it has read what the request shows."""
        self._read_on(asked)
        return Member(
            name=NAME,
            model=self._model,
            fim=self._model.fim,
            layout="plain",
            weight=weight,
            has_read_prefix=True,
            anchors=self._anchors,
        )

    def _read_on(self, asked: CompletionRequest) -> None:
        """Of typing on only what was typed; of anything else all, anew."""
        lines = asked.prefix[: asked.prefix.rfind(b"\n") + 1]
        around = (asked.uri, asked.suffix, asked.context)
        known = self._find_known_end(lines) if around == self._around else None
        if known is None:
            self._model = NgramModel()
            for chunk in reversed(asked.context):  # the best last: what was read last counts most
                self._model.learn(chunk.text)
            self._model.learn(asked.suffix)
            known = 0
        self._model.learn(lines[known:])
        self._around, self._read = around, lines

    def _find_known_end(self, lines: bytes) -> int | None:
        """How much of the lines has been read already; None when they do not go on from what was read."""
        if lines.startswith(self._read):
            return len(self._read)
        # of a long document the beginning is cut, a little later with each key
        end = lines.rfind(self._read[-_OVERLAP_BYTES:]) + _OVERLAP_BYTES
        return end if end > _OVERLAP_BYTES and self._read.endswith(lines[:end]) else None
