"""A real server process over stdio all day long in short: documents, edits, requests; throughput, latency, memory.

Every request follows an edit of one character, as typing does, over several open documents. Memory is the server's
resident set size.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).resolve().parent))

import psutil
from cursors import sample_cursors
from report import finish, make_parser, show_table

N_DOCUMENTS = 8
SETTLED_AFTER = 0.2  # share of the requests after which caches of fixed size are full and memory must stay flat
TYPED = "self.value = other_name(index)\n    return result\n"


class Editor:
    """The least of an editor: sends requests, waits for their replies."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to: IO[bytes] = process.stdin
        self._from: IO[bytes] = process.stdout
        self._n_sent = 0

    def send(self, method: str, params: object, *, number: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if number is None else {"id": number})
        body = json.dumps(message).encode()
        self._to.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._to.flush()

    def ask(self, method: str, params: object) -> object:
        self._n_sent += 1
        self.send(method, params, number=self._n_sent)
        while (message := self.read()).get("id") != self._n_sent or "method" in message:
            pass
        return message.get("result")

    def wait_until_idle(self) -> None:
        while (message := self.read()).get("method") != "bytefim/status" or message["params"]["state"] == "loading":
            pass

    def read(self) -> dict:
        length = 0
        while line := self._from.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if not length:
            raise SystemExit(
                "The server ended; run the command by hand to see why: python -P -m lsp_server serve --stdio"
            )
        return json.loads(self._from.read(length))


def main() -> None:
    parser = make_parser(__doc__ or "", limit=1000)
    parser.add_argument("--document-bytes", type=int, default=30_000, help="size to which documents are cut")
    arguments = parser.parse_args()
    command = [sys.executable, "-P", "-m", "lsp_server", "serve", "--stdio"]
    command += ["--model", arguments.model] if arguments.model else []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            figures = drive(
                Editor(process), psutil.Process(process.pid), arguments.limit, arguments.seed, arguments.document_bytes
            )
        finally:
            process.kill()
    if not arguments.json:
        show_table(["figure", "value"], [[name, value] for name, value in figures.items()])
    finish(figures)


def drive(editor: Editor, server: psutil.Process, n_requests: int, seed: int, document_bytes: int) -> dict[str, object]:
    chooser = random.Random(seed)
    editor.ask(
        "initialize",
        {"processId": None, "rootUri": None, "capabilities": {"general": {"positionEncodings": ["utf-8"]}}},
    )
    editor.send("initialized", {})
    editor.wait_until_idle()
    cursors = sample_cursors(N_DOCUMENTS, seed=seed, balanced=False)
    texts = [cursor.text[:document_bytes].decode("utf-8", "ignore") for cursor in cursors]
    documents = [[f"file:///bench/{i}.py", text, 1] for i, text in enumerate(texts)]
    for uri, text, version in documents:
        editor.send(
            "textDocument/didOpen",
            {"textDocument": {"uri": uri, "languageId": "python", "version": version, "text": text}},
        )
    line_of = [min(60, text.count("\n")) for _, text, _ in documents]
    took_ms: list[float] = []
    rss: list[int] = []
    n_shown = 0
    start_s = time.perf_counter()
    for i in range(n_requests):
        which = chooser.randrange(len(documents))
        document, line = documents[which], line_of[which]
        column = i % len(TYPED)
        document[2] += 1
        at = {"line": line, "character": 0}
        # the typed line grows and starts anew: the document stays of one size
        new = TYPED[: column + 1].replace("\n", " ")
        old_end = {"line": line + 1, "character": 0}
        change = {"range": {"start": at, "end": old_end}, "text": new + "\n"}
        editor.send(
            "textDocument/didChange",
            {"textDocument": {"uri": document[0], "version": document[2]}, "contentChanges": [change]},
        )
        asked_s = time.perf_counter()
        position = {"line": line, "character": len(new)}
        result = editor.ask(
            "textDocument/inlineCompletion",
            {"textDocument": {"uri": document[0]}, "position": position, "context": {"triggerKind": 2}},
        )
        took_ms.append((time.perf_counter() - asked_s) * 1e3)
        n_shown += bool(isinstance(result, dict) and result["items"])
        rss.append(server.memory_info().rss)
    seconds = time.perf_counter() - start_s
    editor.ask("shutdown", None)
    editor.send("exit", None)
    took_ms.sort()
    mib = 1 << 20
    return {
        "requests": n_requests,
        "shown": n_shown,
        "requests_per_s": n_requests / seconds,
        "p50_ms": took_ms[len(took_ms) // 2],
        "p95_ms": took_ms[int(len(took_ms) * 0.95)],
        "max_ms": took_ms[-1],
        "rss_start_mib": rss[0] / mib,
        "rss_settled_mib": rss[int(len(rss) * SETTLED_AFTER)] / mib,
        "rss_end_mib": rss[-1] / mib,
    }


if __name__ == "__main__":
    main()
