"""What the mirror of a large document costs at a key press, beside the protocol library's own text store.

Two texts: a file of 50,000 lines, and one line of a megabyte. Somebody types at places at random, some characters at
each; every edit is followed by looking up where the cursor is, and by reading what would be asked there. The same
edits go to the library's `TextDocument`, fewer of them since each costs a pass over the text.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lsprotocol.types import Position, PositionEncodingKind, Range, TextDocumentContentChangePartial
from pygls.workspace import PositionCodec, TextDocument
from report import finish, make_parser, show_table

from lsp_server.documents.documents import Document
from lsp_server.documents.position import build_request
from lsp_server.documents.text import PositionEncoding
from lsp_server.settings import DEFAULTS
from lsp_server.system.percentiles import percentile

URI = "file:///bench/large.py"
ENCODINGS: tuple[PositionEncoding, ...] = ("utf-8", "utf-16", "utf-32")
TEXTS = {
    "50,000 lines": "".join(f"    value_{i:05} = compute('é 合 🙂', {i})\n" for i in range(50_000)),
    "one line": "".join(f"v{i:05}=f('é 合 🙂',{i});" for i in range(38_000)),
}
TYPED = "name = é合🙂(\n)"
LONGEST_NAIVE = 30  # edits; each costs some tens of milliseconds


def main() -> None:
    arguments = make_parser(__doc__ or "", limit=1000, counted="edits").parse_args()
    result: dict[str, object] = {"edits": arguments.limit}
    rows: list[list[object]] = []
    for name, text in TEXTS.items():
        for encoding in ENCODINGS:
            figures = measure(text, encoding, n_edits=arguments.limit, seed=arguments.seed)
            rows.append([name, len(text.encode()) / 1e6, encoding, *figures.values()])
            key = f"{name.replace(',', '').replace(' ', '_')}_{encoding.replace('-', '')}"
            result |= {f"{key}_{figure}": value for figure, value in figures.items()}
    if not arguments.json:
        measured = ["edit p50 ms", "p95", "request p50", "p95", "digest", "open", "naive edit p50"]
        show_table(["text", "MB", "encoding", *measured], rows)
    finish(result)


def measure(text: str, encoding: PositionEncoding, *, n_edits: int, seed: int) -> dict[str, float | None]:
    """In milliseconds; an edit includes looking up the cursor behind it."""
    began_s = time.perf_counter()
    document = Document(URI, text)
    open_ms = passed_ms(began_s)
    edit_ms: list[float] = []
    request_ms: list[float] = []
    for change, cursor in edits(document, encoding, n_edits=n_edits, seed=seed):
        began_s = time.perf_counter()
        document.apply(change, encoding=encoding)
        document.offset_at(cursor, encoding=encoding)
        edit_ms.append(passed_ms(began_s))
        began_s = time.perf_counter()
        build_request(
            document,
            cursor,
            encoding=encoding,
            n_prefix_bytes=DEFAULTS.n_prefix_bytes,
            n_suffix_bytes=DEFAULTS.n_suffix_bytes,
        )
        request_ms.append(passed_ms(began_s))
    began_s = time.perf_counter()
    document.digest()
    return {
        "edit_p50_ms": percentile(edit_ms, 0.5),
        "edit_p95_ms": percentile(edit_ms, 0.95),
        "request_p50_ms": percentile(request_ms, 0.5),
        "request_p95_ms": percentile(request_ms, 0.95),
        "digest_ms": passed_ms(began_s),
        "open_ms": open_ms,
        "naive_edit_p50_ms": measure_naive(text, encoding, n_edits=min(n_edits, LONGEST_NAIVE), seed=seed),
    }


def measure_naive(text: str, encoding: PositionEncoding, *, n_edits: int, seed: int) -> float:
    """The same edits and look-ups, in the library's text store."""
    naive = TextDocument(URI, text, position_codec=PositionCodec(PositionEncodingKind(encoding)))
    took_ms: list[float] = []
    document = Document(URI, text)
    for change, cursor in edits(document, encoding, n_edits=n_edits, seed=seed):
        document.apply(change, encoding=encoding)
        began_s = time.perf_counter()
        naive.apply_change(change)
        naive.offset_at_position(cursor)
        took_ms.append(passed_ms(began_s))
    return statistics.median(took_ms)


def edits(
    document: Document, encoding: PositionEncoding, *, n_edits: int, seed: int
) -> Iterator[tuple[TextDocumentContentChangePartial, Position]]:
    """Insertions, to be applied to the document before the next is taken, and where the cursor is behind each."""
    chance = random.Random(seed)
    cursor = Position(0, 0)
    for i in range(n_edits):
        if i % len(TYPED) == 0:
            start_bytes, _ = document.character_at(chance.randrange(document.n_bytes))
            cursor = document.position_at(start_bytes, encoding=encoding)
        typed, start = TYPED[i % len(TYPED)], cursor
        cursor = after(start, typed, encoding)
        yield TextDocumentContentChangePartial(Range(start, start), typed), cursor


def after(start: Position, typed: str, encoding: PositionEncoding) -> Position:
    if typed == "\n":
        return Position(start.line + 1, 0)
    n_units = {"utf-8": len(typed.encode()), "utf-16": len(typed.encode("utf-16-le")) // 2, "utf-32": 1}[encoding]
    return Position(start.line, start.character + n_units)


def passed_ms(since_s: float) -> float:
    return (time.perf_counter() - since_s) * 1e3


if __name__ == "__main__":
    main()
