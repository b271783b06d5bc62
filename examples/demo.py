"""Asks the real server for ghost text in real files, at cursors where tokens and bytes disagree. `make demo` runs it.

Nothing is prepared but the choice of files and cursors. Each file is opened as it is; then the rest of the cursor's
line is deleted, as if it were not written yet, and the server is asked twice: as it is, and with its setting
`conditioning` at "naive", which trusts the tokens of the unfinished line. Below is what the author wrote.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lsp_client import Client, Json, ServerGone

DOCUMENTS = Path(__file__).resolve().parent / "documents"
SERVER = [sys.executable, "-P", "-m", "lsp_server", "serve", "--stdio"]
LIMIT_S = 120.0  # only a first start on a slow disk comes near
DEADLINE_MS = 20_000  # the demo would rather be slow than silent on a busy machine; editors get the default
N_LINES_ABOVE = 2
IN_COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
GREEN, YELLOW, GREY, RESET = "\x1b[32m", "\x1b[33m", "\x1b[90m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Example:
    """A cursor: right after a text that stands once in the file, or some bytes into the character that follows it."""

    kind: str
    file: str
    after: str
    n_bytes_inside: int = 0


EXAMPLES = (
    Example("inside a word", "inventory.py", "def load(cls, path):\n        with open(path, enc"),
    Example("inside a word", "tree.py", "        child = os.pa"),
    Example("inside a word", "cart.js", "const text = this.storage.getI"),
    Example("after a space", "inventory.py", "    def is_available(self) "),
    Example("after a space", "inventory.py", '        with open(path, "w", '),
    Example("in indentation", "inventory.py", "            if tag in item.tags:\n        "),
    Example("in indentation", "menu.py", "for name in DISHES:\n        "),
    Example("inside a multi-byte character", "tree.py", 'LAST_BRANCH = "', n_bytes_inside=1),
    Example("inside a multi-byte character", "tree.py", 'LAST_BRANCH = "└─', n_bytes_inside=2),
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The example's place in the bytes of its file."""

    text: bytes
    line: int
    line_start: int
    offset: int
    whole_before: int
    """start of the character in which the cursor stands; the offset itself between characters"""
    whole_after: int
    """end of that character"""
    line_end: int

    def position(self, offset: int) -> Json:
        """As LSP says it where columns are counted in bytes."""
        return {"line": self.line, "character": offset - self.line_start}

    def shown(self, start: int, end: int) -> str:
        """Some of the file's text."""
        return self.text[start:end].decode()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the server offered."""

    start: int
    """offset in the file where it begins"""
    text: str


def main() -> int:
    """Runs all examples; the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a sign shows its escape instead
            stream.reconfigure(errors="backslashreplace")
    print(__doc__)
    with tempfile.TemporaryFile() as log:
        try:
            show_examples(log)
        except (ServerGone, RuntimeError) as error:
            log.seek(0)
            sys.stderr.write(log.read().decode("utf-8", "replace"))
            print(f"demo: {error}; the server's log is above", file=sys.stderr)
            return 1
    return 0


def show_examples(log: IO[bytes]) -> None:
    """Starts the server, asks, and ends it."""
    start_s = time.perf_counter()
    client = Client(SERVER, log=log, limit_s=LIMIT_S)
    capabilities: Json = {"general": {"positionEncodings": ["utf-8"]}, "textDocument": {"inlineCompletion": {}}}
    settings = {"deadline_ms": DEADLINE_MS, "statistics": False}
    client.request(
        "initialize",
        {"processId": os.getpid(), "rootUri": None, "capabilities": capabilities, "initializationOptions": settings},
    )
    client.notify("initialized", {})
    status = client.wait_for("bytefim/status", lambda status: status["state"] in ("idle", "error"))
    if status["state"] == "error":
        raise RuntimeError(status["message"])
    print(f"The server is ready with {status['model']} after {time.perf_counter() - start_s:.1f} s.")
    n_right = sum(show_example(client, i, example) for i, example in enumerate(EXAMPLES, start=1))
    client.close()
    print(f"\n{n_right} of {len(EXAMPLES)} suggestions are what the author wrote. The cursors were chosen where this")
    print("small model is right; elsewhere it is often wrong. To look inside one:")
    print("  .venv/bin/bytefim complete FILE --line L --column C --explain")


def show_example(client: Client, number: int, example: Example) -> bool:
    """One cursor, both answers; True when ours is what the author wrote."""
    path = DOCUMENTS / example.file
    cursor = place_cursor(path.read_bytes(), example)
    uri = path.as_uri()
    open_unfinished(client, uri, cursor)
    start_s = time.perf_counter()
    ours = ask(client, uri, cursor, conditioning="exact")
    duration_ms = 1000 * (time.perf_counter() - start_s)
    naive = ask(client, uri, cursor, conditioning="naive")
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    place = f"{example.file}, line {cursor.line + 1}, column {cursor.offset - cursor.line_start}"
    print(f"\n{number}. {example.kind}: {place}; answered in {duration_ms:.0f} ms")
    print_excerpt(cursor)
    print_row("bytefim", cursor, ours, colour=GREEN)
    print_row("naive", cursor, naive, colour=YELLOW)
    author = Suggestion(cursor.whole_before, cursor.shown(cursor.whole_before, cursor.line_end))
    print_row("author", cursor, author, colour=GREY)
    return ours is not None and ours.text == cursor.shown(ours.start, cursor.line_end)


def place_cursor(text: bytes, example: Example) -> Cursor:
    """Finds the cursor; a text that does not stand exactly once in the file is a mistake in EXAMPLES."""
    after = example.after.encode()
    if text.count(after) != 1:
        raise RuntimeError(
            f"{example.after!r} stands {text.count(after)} times in {example.file}; choose a text that stands once"
        )
    whole_before = text.index(after) + len(after)
    offset = whole_before + example.n_bytes_inside
    whole_after = offset
    while whole_after > whole_before and text[whole_after] & 0xC0 == 0x80:  # the bytes that continue a UTF-8 character
        whole_after += 1
    return Cursor(
        text=text,
        line=text.count(b"\n", 0, offset),
        line_start=text.rindex(b"\n", 0, offset) + 1,
        offset=offset,
        whole_before=whole_before,
        whole_after=whole_after,
        line_end=text.index(b"\n", offset),
    )


def open_unfinished(client: Client, uri: str, cursor: Cursor) -> None:
    """Opens the file, deletes the rest of the line, and has the server prove that it holds the same bytes."""
    language = "python" if uri.endswith(".py") else "javascript"
    document = {"uri": uri, "languageId": language, "version": 1, "text": cursor.text.decode()}
    client.notify("textDocument/didOpen", {"textDocument": document})
    deleted = {"start": cursor.position(cursor.whole_after), "end": cursor.position(cursor.line_end)}
    edit = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"range": deleted, "text": ""}]}
    client.notify("textDocument/didChange", edit)
    here = hashlib.sha256(cursor.text[: cursor.whole_after] + cursor.text[cursor.line_end :]).hexdigest()
    if client.request("bytefim/documentDigest", {"textDocument": {"uri": uri}})["sha256"] != here:
        raise RuntimeError(f"the server holds other bytes of {uri} than this script")


def ask(client: Client, uri: str, cursor: Cursor, *, conditioning: str) -> Suggestion | None:
    """The ghost text at the cursor; None when the server has nothing to say."""
    settings = {"bytefim": {"conditioning": conditioning, "deadline_ms": DEADLINE_MS}}
    client.notify("workspace/didChangeConfiguration", {"settings": settings})
    answer = client.request(
        "textDocument/inlineCompletion",
        {"textDocument": {"uri": uri}, "position": cursor.position(cursor.offset), "context": {"triggerKind": 1}},
    )
    if not answer["items"]:
        return None
    item = answer["items"][0]
    return Suggestion(cursor.line_start + item["range"]["start"]["character"], item["insertText"])


def print_excerpt(cursor: Cursor) -> None:
    """The lines above, and the cursor's line up to the cursor; bytes of a split character as numbers."""
    above = cursor.shown(0, cursor.line_start).split("\n")[-1 - N_LINES_ABOVE : -1]
    for i, line in enumerate(above, start=cursor.line + 1 - len(above)):
        print(f"{i:>7} │ {line}".rstrip())
    before, after = cursor.text[cursor.whole_before : cursor.offset], cursor.text[cursor.offset : cursor.whole_after]
    split = f"‹{before.hex(' ')}▏{after.hex(' ')}›" if before else "▏"
    print(f"{cursor.line + 1:>7} │ {cursor.shown(cursor.line_start, cursor.whole_before)}{split}")


def print_row(name: str, cursor: Cursor, suggestion: Suggestion | None, *, colour: str) -> None:
    """The line as it would be after accepting, the inserted part marked."""
    if suggestion is None:
        print(f"{name:>7} │ (nothing)")
        return
    first, *more = suggestion.text.split("\n")
    head = cursor.shown(cursor.line_start, suggestion.start)
    room = max(20, shutil.get_terminal_size((110, 24)).columns - len(head) - 14)
    shown = first if len(first) <= room else first[: room - 1] + "…"
    on, off = (colour, RESET) if IN_COLOUR else ("⟦", "⟧")
    print(f"{name:>7} │ {head}{on}{shown}{' ⏎ …' if more else ''}{off}")


if __name__ == "__main__":
    sys.exit(main())
