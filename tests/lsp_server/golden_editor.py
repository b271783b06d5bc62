"""One document in an editor that asks the real server, and the scripted model behind it.

Written anew: it knows the negotiated encoding and nothing else of how the server counts. Every item that is offered
must obey what holds for all of them.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import IO, Any

from tests.lsp_server.conftest import RunningServer
from tests.lsp_server.raw_client import PATIENCE_S
from tests.lsp_server.scripted_server import ASKED
from tests.lsp_server.vscode_rules import Drawn, is_shown_by_vscode

Case = dict[str, Any]

UNIT_BYTES = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
INLINE = "textDocument/inlineCompletion"


@dataclass
class Model:
    """What the scripted model was asked so far, told by the server's stderr."""

    _asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def listen(self, stderr: IO[bytes]) -> None:
        for line in stderr:
            if line.startswith(ASKED.encode()):
                prefix, suffix = json.loads(line.removeprefix(ASKED.encode()))
                with self._changed:
                    self._asked.append((prefix, suffix))
                    self._changed.notify_all()

    def forget(self) -> None:
        with self._changed:
            self._asked.clear()

    def wait_for(self, place: str) -> None:
        prefix, suffix = place.split("|")
        with self._changed:
            assert self._changed.wait_for(lambda: (prefix, suffix) in self._asked, PATIENCE_S), self._asked


@dataclass
class Editor:
    """One document, its cursor, and what the server offers there."""

    server: RunningServer
    uri: str
    encoding: str
    line_break: str
    text: str = ""
    cursor: int = 0
    version: int = 1
    last_id: str = ""

    def open(self, marked: str, *, language: str) -> None:
        self._place(marked)
        self.server.open(self.uri, self.text, language=language)

    def close(self) -> None:
        self.server.client.notify("textDocument/didClose", {"textDocument": {"uri": self.uri}})

    def jump(self, marked: str) -> None:
        before = self.text
        self._place(marked)
        assert self.text == before, "a jump changes nothing"

    def replace(self, start: int, end: int, new: str, *, moves: bool = True) -> None:
        """What the user does to the text."""
        changed = {"range": {"start": self._position(start), "end": self._position(end)}, "text": new}
        self.text = self.text[:start] + new + self.text[end:]
        self.cursor = start + len(new) if moves else self.cursor
        self.version += 1
        document = {"uri": self.uri, "version": self.version}
        self.server.client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [changed]})

    def request(self, *, popup: str = "", typed: str = "") -> int:
        context: dict[str, Any] = {"triggerKind": 2}
        if popup:
            edges = {"start": self._position(self.cursor - len(typed)), "end": self._position(self.cursor)}
            context["selectedCompletionInfo"] = {"range": edges, "text": popup}
        position = self._position(self.cursor)
        asked = {"textDocument": {"uri": self.uri}, "position": position, "context": context}
        return self.server.client.request(INLINE, asked)

    def ask(self, *, popup: str = "", typed: str = "") -> Case | None:
        """The item that is offered; None for none. It obeys what holds for every item."""
        reply = self.server.client.reply(self.request(popup=popup, typed=typed))
        items = reply["result"]["items"]
        if not items:
            return None
        (item,) = items
        line, column = self._line_of(self.cursor)
        edges = [item["range"][edge] for edge in ("start", "end")]
        assert [edge["line"] for edge in edges] == [self._position(self.cursor)["line"]] * 2
        start, end = (self._column(line, edge["character"]) for edge in edges)
        assert "\r" not in item["insertText"]
        assert item["filterText"] == item["insertText"]
        assert is_shown_by_vscode(line, column, Drawn(item["insertText"], start, end), popup=popup)
        self.last_id, before = item["command"]["arguments"][0]["id"], self.last_id
        line_start = self.cursor - column
        accepted = item["insertText"].replace("\n", self.line_break)
        return {
            "text": item["insertText"],
            "accepted": self.text[: line_start + start] + accepted + self.text[line_start + end :],
            "is_same": self.last_id == before,
        }

    @property
    def place(self) -> str:
        """The document with its cursor, as the model is asked for it."""
        return f"{self.text[: self.cursor]}|{self.text[self.cursor :]}".replace("\r\n", "\n")

    def why(self) -> Case:
        return self.server.client.ask("bytefim/why", {"textDocument": {"uri": self.uri}})

    def _place(self, marked: str) -> None:
        before, after = marked.replace("\n", self.line_break).split("|")
        self.text, self.cursor = before + after, len(before)

    def _line_of(self, offset: int) -> tuple[str, int]:
        """The text of the line, without its line break, and the column in it."""
        start = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", offset)
        line = self.text[start : len(self.text) if end < 0 else end].removesuffix("\r")
        return line, offset - start

    def _position(self, offset: int) -> Case:
        codec, n_bytes = UNIT_BYTES[self.encoding]
        line, column = self._line_of(offset)
        units = len(line[:column].encode(codec)) // n_bytes
        return {"line": self.text.count("\n", 0, offset), "character": units}

    def _column(self, line: str, units: int) -> int:
        codec, n_bytes = UNIT_BYTES[self.encoding]
        return len(line.encode(codec)[: units * n_bytes].decode(codec))
