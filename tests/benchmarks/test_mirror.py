"""The figures of the mirror: that both columns are measured on the same edits."""

from __future__ import annotations

import pytest
from lsprotocol.types import PositionEncodingKind
from pygls.workspace import PositionCodec, TextDocument

from benchmarks.mirror import TEXTS, TYPED, edits
from lsp_server.documents.documents import Document
from lsp_server.documents.text import PositionEncoding

URI = "file:///a.py"
TEXT = "x = 'é 合 🙂'\n" * 40


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_the_mirror_and_the_naive_store_end_with_the_same_text(encoding: PositionEncoding) -> None:
    """Else the ratio of their times says nothing."""
    document = Document(URI, TEXT)
    naive = TextDocument(URI, TEXT, position_codec=PositionCodec(PositionEncodingKind(encoding)))
    for change, cursor in edits(document, encoding, n_edits=3 * len(TYPED), seed=1):
        document.apply(change, encoding=encoding)
        naive.apply_change(change)
        assert document.position_at(document.offset_at(cursor, encoding=encoding), encoding=encoding) == cursor

    assert naive.source == document.text.decode()
    assert len(naive.source) == len(TEXT) + 3 * len(TYPED)


def test_the_texts_are_as_large_as_they_are_called() -> None:
    """The claim is about these sizes."""
    many_lines, one_line = (Document(URI, text) for text in TEXTS.values())

    assert many_lines.n_bytes > 2_000_000
    assert many_lines.text.count(b"\n") == 50_000
    assert one_line.n_bytes > 1_000_000
    assert b"\n" not in one_line.text
