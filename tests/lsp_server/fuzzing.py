"""A client gone mad that knows what it does: messages by chance, and what must come of each. Knows no server.

Good edits of its own documents are made in a second text too, so that mirrors can be compared. All else that it sends,
mutations of good messages and noise, speaks of other documents. `expected` counts the replies that each id must get.
"""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from typing import Any

from lsprotocol.types import Position, Range, TextDocumentContentChangePartial, TextDocumentContentChangeWholeDocument

from lsp_server.documents.text import PositionEncoding
from tests.lsp_server.slow_text import SlowText

PIECES = [
    "a",
    "resu",
    "x = 1",
    "\n",
    "\r\n",
    "\r",
    "\u2028",
    "\x0c",
    "é",
    "🙂",
    "e\u0301",
    "\ud800",
    "\t",
    "  ",
    "合計",
    "",
]
SCRATCH = "file:///w/scratch.py"
NUMBERS = (0, 1, -1, 3, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 10**40, 1.5, -0.0, 1e300)
_FIRST_ID = 1 << 40  # far from the ids that the client uses for itself
INLINE_METHODS = ("textDocument/inlineCompletion", "bytefim/inlineCompletion")

_POSITION = {"line": 0, "character": 1}
_ABOUT_SCRATCH = {"textDocument": {"uri": SCRATCH}, "position": _POSITION}
_EDIT = {"range": {"start": _POSITION, "end": {"line": 0, "character": 2}}, "text": "x"}
_SAMPLES: tuple[dict[str, Any], ...] = (
    {"id": 0, "method": INLINE_METHODS[0], "params": {**_ABOUT_SCRATCH, "context": {"triggerKind": 2}}},
    {"id": 0, "method": INLINE_METHODS[1], "params": {**_ABOUT_SCRATCH, "context": {"triggerKind": 1}}},
    {"id": 0, "method": "bytefim/documentDigest", "params": _ABOUT_SCRATCH},
    {"id": 0, "method": "bytefim/why", "params": _ABOUT_SCRATCH},
    {"id": 0, "method": "initialize", "params": {"capabilities": {"general": {"positionEncodings": ["utf-8"]}}}},
    {"id": 0, "method": "workspace/executeCommand", "params": {"command": "bytefim.why", "arguments": [SCRATCH]}},
    {"id": 0, "method": "workspace/executeCommand", "params": {"command": "bytefim.accept", "arguments": [{"id": 1}]}},
    {"id": 0, "result": {"a": [1]}},
    {"id": 0, "error": {"code": -1, "message": "no"}},
    {"method": "textDocument/didOpen"}
    | {"params": {"textDocument": {"uri": SCRATCH, "languageId": "python", "version": 1, "text": "resu"}}},
    {"method": "textDocument/didChange"}
    | {"params": {"textDocument": {"uri": SCRATCH, "version": 2}, "contentChanges": [_EDIT, {"text": "resu"}]}},
    {"method": "textDocument/didClose", "params": {"textDocument": {"uri": SCRATCH}}},
    {"method": "textDocument/didFocus", "params": {"textDocument": {"uri": SCRATCH}}},
    {"method": "notebookDocument/didClose", "params": {"notebookDocument": {"uri": SCRATCH}, "cellTextDocuments": []}},
    {"method": "workspace/didChangeWorkspaceFolders", "params": {"event": {"added": [], "removed": []}}},
    {"method": "$/cancelRequest", "params": {"id": 0}},
    {"method": "$/setTrace", "params": {"value": "off"}},
)


class Fuzzer:
    """Makes messages; `texts` is what the server must hold, `expected` which replies it owes."""

    def __init__(self, seed: int, encoding: PositionEncoding, uris: tuple[str, ...]) -> None:
        self.texts: dict[str, SlowText] = {}
        self.versions: Counter[str] = Counter()
        self.expected: Counter[int | str] = Counter()
        self.inline_ids: set[int | str] = set()
        """Good requests for completion: of all errors, they may only say that they were cancelled."""
        self._chance = random.Random(seed)
        self._encoding: PositionEncoding = encoding
        self._uris = uris
        self._n_ids = 0

    def next_bytes(self) -> bytes:
        """What goes over the wire next: mostly one framed message."""
        kind = self._chance.random()
        if kind < 0.35:
            return _framed(self._edit())
        if kind < 0.55:
            return _framed(self._ask())
        if kind < 0.9:
            return _framed(self._mutation())
        if kind < 0.98:
            return _framed(self._random_json(depth=4))
        # not "-", which would make another header of the one that follows
        noise = self._chance.randbytes(self._chance.randrange(200)).replace(b"-", b"\r\n")
        return noise if kind < 0.99 else b"Content-Length: %d\r\n\r\n%s" % (len(noise), noise)

    def ask(self, method: str, params: object) -> tuple[str, bytes]:
        """A good request that is owed one reply: its id, and its bytes."""
        number, message = self._request(method, params)
        return number, _framed(message)

    def _request(self, method: str, params: object) -> tuple[str, object]:
        self._n_ids += 1
        number = f"asked {self._n_ids}"
        self.expected[number] += 1
        return number, {"jsonrpc": "2.0", "id": number, "method": method, "params": params}

    def _edit(self) -> object:
        """An edit as editors make them, or an opening; the text that it makes is known."""
        uri = self._chance.choice(self._uris)
        self.versions[uri] += 1
        document: dict[str, object] = {"uri": uri, "version": self.versions[uri]}
        if uri not in self.texts or self._chance.random() < 0.02:
            text = self._text()
            self.texts[uri] = SlowText(text, self._encoding)
            opened = {**document, "languageId": "python", "text": text}
            return {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": opened}}
        changes = [self._change(self.texts[uri]) for _ in range(self._chance.choice((1, 1, 1, 2, 5)))]
        params = {"textDocument": document, "contentChanges": changes}
        return {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": params}

    def _change(self, mirrored: SlowText) -> object:
        text = self._text()
        if self._chance.random() < 0.1:
            mirrored.apply(TextDocumentContentChangeWholeDocument(text))
            return {"text": text}
        start, end = self._position(), self._position()
        mirrored.apply(TextDocumentContentChangePartial(Range(Position(*start), Position(*end)), text))
        edges = {name: {"line": at[0], "character": at[1]} for name, at in (("start", start), ("end", end))}
        return {"range": edges, "text": text}

    def _ask(self) -> object:
        line, character = self._position()
        params = {
            "textDocument": {"uri": self._chance.choice(self._uris)},
            "position": {"line": line, "character": character},
        }
        number, message = self._request(self._chance.choice(INLINE_METHODS), params)
        self.inline_ids.add(number)
        return message

    def _mutation(self) -> object:
        """A good message with a few parts of it replaced, removed or doubled; what it is then owed is looked up."""
        message: Any = {"jsonrpc": "2.0", **copy.deepcopy(self._chance.choice(_SAMPLES))}
        if "id" in message:
            self._n_ids += 1
            message["id"] = _FIRST_ID + self._n_ids
        for _ in range(self._chance.choice((0, 1, 1, 1, 2, 3))):
            message = self._mutate(message)
        self._expect(message)
        return message

    def _mutate(self, value: Any) -> Any:
        """The value with one part of it changed, somewhere."""
        if isinstance(value, dict) and value and self._chance.random() < 0.9:
            name = self._chance.choice(sorted(value))
            if self._chance.random() < 0.15:
                return {kept: part for kept, part in value.items() if kept != name}
            return {**value, name: self._mutate(value[name])}
        if isinstance(value, list) and value and self._chance.random() < 0.7:
            i = self._chance.randrange(len(value))
            return [*value[:i], self._mutate(value[i]), *value[i:]]
        return self._random_json(depth=2, is_whole=False)

    def _random_json(self, *, depth: int, is_whole: bool = True) -> Any:
        kind = self._chance.randrange(9 if depth else 6)
        if kind < 4:
            value: Any = self._chance.choice((None, True, False, self._text(), *NUMBERS))
        elif kind < 6:
            value = self._chance.choice(("2.0", "exit ", "x" * 3000, "\udfff", SCRATCH, "__class__", "id"))
        elif kind < 7:
            value = [self._random_json(depth=depth - 1, is_whole=False) for _ in range(self._chance.randrange(4))]
        else:
            names = self._chance.sample(["jsonrpc", "id", "method", "params", "result", "uri", "line", "x"], k=3)
            value = {name: self._random_json(depth=depth - 1, is_whole=False) for name in names}
        if is_whole:
            self._expect(value)
        return value

    def _expect(self, message: Any) -> None:
        """By JSON-RPC: whatever has an id that can be read, and is no response, is owed a reply."""
        if not isinstance(message, dict) or ("method" not in message and {"result", "error"} & message.keys()):
            return
        number = message.get("id")
        if isinstance(number, int | str) and not isinstance(number, bool):
            self.expected[number] += 1

    def _position(self) -> tuple[int, int]:
        return self._chance.choice((0, 0, 1, 2, 3, 9, 2**31 - 1)), self._chance.choice(
            (0, 1, 2, 3, 5, 8, 99, 2**31 - 1)
        )

    def _text(self) -> str:
        return "".join(self._chance.choices(PIECES, k=self._chance.randrange(6)))


def _framed(message: object) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
