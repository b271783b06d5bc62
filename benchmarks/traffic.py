"""What a person and an editor do all day, by chance: type, delete, jump, accept, change their mind, open and close.

Keeps its own copy of each document, so that the server's mirror can be compared, and counts what the server says. An
answer is stale when the server has already answered something that was asked after a later edit of that document.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from editor import Editor, Reply

INLINE = "textDocument/inlineCompletion"
CANCELLED = -32800
LANGUAGES = ("python", "c", "javascript", "markdown", "go", "plaintext")
TYPED_BYTES = 400  # in one document, before another is opened
LONG_LINE_BYTES = 1_000_000
N_MANY_DOCUMENTS = 10_000


@dataclass
class OpenDocument:
    """A document as the editor has it, the cursor, and what the person is about to type there."""

    uri: str
    text: bytes
    cursor: int
    """byte offset"""
    to_type: bytes
    language: str
    version: int = 1
    acknowledged_version: int = 0
    """the version that the server certainly had when it last replied"""

    def position(self, offset: int) -> dict[str, int]:
        """In utf-8."""
        return {
            "line": self.text.count(b"\n", 0, offset),
            "character": offset - self.text.rfind(b"\n", 0, offset) - 1,
        }

    def offset(self, position: dict[str, int]) -> int:
        start = 0
        for _ in range(position["line"]):
            start = self.text.index(b"\n", start) + 1
        return start + position["character"]


class Traffic:
    """One editor's session. `counts` and `took_ms` tell what came of it."""

    def __init__(self, editor: Editor, samples: Sequence[tuple[bytes, int]], *, n_documents: int, seed: int) -> None:
        """A sample is a text and a byte offset in it: what stands there is what will be typed."""
        self.counts: Counter[str] = Counter()
        self.took_ms: list[float] = []
        """of requests that were waited for"""
        self._editor, self._samples = editor, samples
        self._chance = random.Random(seed)
        self._n_opened = 0
        self._documents = [self._open() for _ in range(n_documents)]
        self._at = self._documents[0]

    @property
    def n_requests(self) -> int:
        return self.counts["requests"]

    def step(self) -> None:
        """The next thing that is done; asks at least once, mostly."""
        kinds = (self._type, self._type_fast, self._cancel, self._delete, self._jump, self._configure, self._reopen)
        self._chance.choices(kinds, weights=(60, 10, 8, 8, 7, 2, 3))[0]()

    def burden(self) -> None:
        """What is far larger than people make it, and must not be felt: a long line, deep nesting."""
        uri, line = "file:///bench/long.js", "x" * LONG_LINE_BYTES
        opened = {"uri": uri, "languageId": "javascript", "version": 1, "text": line}
        self._editor.notify("textDocument/didOpen", {"textDocument": opened})
        at = {"line": 0, "character": LONG_LINE_BYTES}
        change = {"range": {"start": at, "end": at}, "text": "y"}
        self._editor.notify(
            "textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]}
        )
        self._editor.ask(INLINE, {"textDocument": {"uri": uri}, "position": at})
        self._editor.send_body(b"[" * 100_000 + b"]" * 100_000)
        self._editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def crowd(self) -> None:
        """Very many documents that stay open; in portions, since whoever floods a pipe waits behind his own flood."""
        for i in range(N_MANY_DOCUMENTS):
            opened = {"uri": f"file:///bench/crowd{i}.py", "languageId": "python", "version": 1, "text": "x = 1\n"}
            self._editor.notify("textDocument/didOpen", {"textDocument": opened})
            if i % 50 == 0:
                self._editor.ask("bytefim/why", {"textDocument": {"uri": opened["uri"]}})

    def count_wrong_mirrors(self) -> int:
        """How many documents the server holds otherwise than the editor."""
        n_wrong = 0
        for document in self._documents:
            reply = self._editor.ask("bytefim/documentDigest", {"textDocument": {"uri": document.uri}})
            digest = hashlib.sha256(document.text).hexdigest()
            n_wrong += reply.error_code is not None or reply.result["sha256"] != digest
        return n_wrong

    def _type(self) -> None:
        self._insert_next(self._chance.choice((1, 1, 1, 2, 4)))
        reply = self._ask()
        items = reply.result["items"] if isinstance(reply.result, dict) else []
        if items and self._chance.random() < 0.1:
            self._accept(items[0])

    def _type_fast(self) -> None:
        """Keys faster than answers, from an editor that cancels nothing."""
        for _ in range(self._chance.randrange(2, 6)):
            self._insert_next(1)
            self._request()
            self._acknowledge()
        self._insert_next(1)
        self._ask()

    def _cancel(self) -> None:
        self._insert_next(1)
        number = self._request()
        self._editor.notify("$/cancelRequest", {"id": number})
        self._insert_next(1)
        self._acknowledge()
        self._ask()

    def _delete(self) -> None:
        start = max(
            self._at.text.rfind(b"\n", 0, self._at.cursor) + 1, self._at.cursor - self._chance.choice((1, 1, 8))
        )
        while start < self._at.cursor and self._at.text[start] & 0xC0 == 0x80:
            start += 1  # not into a character
        self._at.to_type = self._at.text[start : self._at.cursor] + self._at.to_type
        self._edit(start, self._at.cursor, b"")
        self._ask()

    def _jump(self) -> None:
        self._at = self._chance.choice(self._documents)
        self._ask()

    def _configure(self) -> None:
        settings = {"max_tokens": self._chance.choice((24, 48)), "prefetch": self._chance.random() < 0.5}
        self._editor.notify("workspace/didChangeConfiguration", {"settings": {"bytefim": settings}})

    def _reopen(self) -> None:
        """Close a document, open another."""
        closed = self._documents.pop(self._chance.randrange(len(self._documents)))
        self._editor.notify("textDocument/didClose", {"textDocument": {"uri": closed.uri}})
        self._at = self._open()
        self._documents.append(self._at)

    def _open(self) -> OpenDocument:
        text, cursor = self._chance.choice(self._samples)
        rest = cursor + TYPED_BYTES
        while rest < len(text) and text[rest] & 0xC0 == 0x80:
            rest += 1
        self._n_opened += 1
        language = self._chance.choice(LANGUAGES)
        uri = f"file:///bench/{self._n_opened}.{language}"
        document = OpenDocument(uri, text[:cursor] + text[rest:], cursor, text[cursor:rest], language)
        opened = {"uri": uri, "languageId": language, "version": 1, "text": document.text.decode()}
        self._editor.notify("textDocument/didOpen", {"textDocument": opened})
        return document

    def _accept(self, item: dict) -> None:
        start, end = (self._at.offset(item["range"][edge]) for edge in ("start", "end"))
        self._edit(start, end, item["insertText"].encode())
        command = {"command": item["command"]["command"], "arguments": item["command"]["arguments"]}
        self._editor.request("workspace/executeCommand", command)
        self.counts["accepted"] += 1
        self._ask()

    def _insert_next(self, n_bytes: int) -> None:
        """Type what comes next, in whole characters; where nothing is left, on a new line from the start."""
        if not self._at.to_type:
            self._reopen()
        while n_bytes < len(self._at.to_type) and self._at.to_type[n_bytes] & 0xC0 == 0x80:
            n_bytes += 1
        typed, self._at.to_type = self._at.to_type[:n_bytes], self._at.to_type[n_bytes:]
        self._edit(self._at.cursor, self._at.cursor, typed)

    def _edit(self, start: int, end: int, new: bytes) -> None:
        document = self._at
        change = {"range": {"start": document.position(start), "end": document.position(end)}, "text": new.decode()}
        document.text = document.text[:start] + new + document.text[end:]
        document.cursor = start + len(new)
        document.version += 1
        params = {"textDocument": {"uri": document.uri, "version": document.version}, "contentChanges": [change]}
        self._editor.notify("textDocument/didChange", params)

    def _acknowledge(self) -> None:
        """Ask something that is answered at once: what comes after the reply is said by one who knows all edits."""
        document, version = self._at, self._at.version

        def acknowledge(_: Reply) -> None:
            document.acknowledged_version = max(document.acknowledged_version, version)

        self._editor.request("bytefim/why", {"textDocument": {"uri": document.uri}}, on_reply=acknowledge)

    def _ask(self) -> Reply:
        document, version = self._at, self._at.version
        reply = self._editor.ask(INLINE, self._params(), on_reply=lambda reply: self._judge(reply, document, version))
        self.took_ms.append(reply.took_ms)
        return reply

    def _request(self) -> int:
        document, version = self._at, self._at.version
        return self._editor.request(
            INLINE, self._params(), on_reply=lambda reply: self._judge(reply, document, version)
        )

    def _params(self) -> dict[str, object]:
        self.counts["requests"] += 1
        position = self._at.position(self._at.cursor)
        return {"textDocument": {"uri": self._at.uri}, "position": position, "context": {"triggerKind": 2}}

    def _judge(self, reply: Reply, document: OpenDocument, version: int) -> None:
        """In the order in which the server spoke."""
        if reply.error_code is not None:
            self.counts["cancelled" if reply.error_code == CANCELLED else "errors"] += 1
        elif reply.result is None:
            self.counts["superseded"] += 1
        elif reply.result["items"]:
            self.counts["shown"] += 1
            self.counts["stale"] += version < document.acknowledged_version
