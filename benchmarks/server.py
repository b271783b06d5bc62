"""A real server process over stdio all day long in short: documents, edits, requests; throughput, latency, memory.

Beside the traffic something small is asked every 20 ms: what the server's loop makes others wait for. Memory is the
resident set of the server and of all its child processes. `--hostile` adds what no person makes: a line of a megabyte,
JSON nested 100,000 deep, 10,000 documents at once.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import psutil
from cursors import sample_cursors
from editor import Editor, Pinger
from report import finish, make_parser, show_table
from traffic import Traffic

from lsp_server.store.catalog import read_catalog
from lsp_server.system.percentiles import percentile

N_DOCUMENTS = 8
N_SAMPLES = 64
SETTLED_AFTER = 0.2  # share of the time after which caches of fixed size are full and memory must stay flat
MEMORY_EVERY = 50  # requests
BURDEN_EVERY = 200  # requests
MIB = 1 << 20
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


def main() -> None:
    parser = make_parser(__doc__ or "", limit=1000, counted="requests")
    parser.add_argument("--minutes", type=float, help="go on for so long, however many requests that takes")
    parser.add_argument("--document-bytes", type=int, default=30_000, help="size to which documents are cut")
    parser.add_argument("--beside", metavar="MODEL", action="append", default=[], help="completes with it; repeatable")
    parser.add_argument("--hostile", action="store_true", help="add what no person makes")
    arguments = parser.parse_args()
    command = [sys.executable, "-P", "-m", "lsp_server", "serve", "--stdio"]
    models = [arguments.model or read_catalog().default, *arguments.beside]
    command += [word for model in models for word in ("--model", model)]
    limit = sys.maxsize if arguments.minutes else arguments.limit
    figures = measure(
        command,
        n_requests=limit,
        seconds=60 * arguments.minutes if arguments.minutes else float("inf"),
        seed=arguments.seed,
        document_bytes=arguments.document_bytes,
        is_hostile=arguments.hostile,
    )
    if not arguments.json:
        show_table(["figure", "value"], [[name, value] for name, value in figures.items()])
    finish(figures)


def measure(
    command: Sequence[str], *, n_requests: int, seconds: float, seed: int, document_bytes: int, is_hostile: bool
) -> dict[str, object]:
    """Run the server and its traffic until either is enough; the figures, in the order in which they are shown."""
    with tempfile.NamedTemporaryFile(suffix=".log") as log, Editor(command, log=log.file) as editor:
        capabilities = {"general": {"positionEncodings": ["utf-8"]}}
        options = {"statistics": False}
        editor.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": None,
                "capabilities": capabilities,
                "initializationOptions": options,
            },
        )
        editor.notify("initialized", {})
        if not editor.is_idle.wait(120):
            raise SystemExit("The model was not loaded within two minutes; run `bytefim doctor`.")
        traffic = Traffic(editor, _samples(document_bytes, seed), n_documents=N_DOCUMENTS, seed=seed)
        ping = {"textDocument": {"uri": "file:///bench/ping.txt"}}
        opened = {**ping["textDocument"], "languageId": "plaintext", "version": 1, "text": "ping"}
        editor.notify("textDocument/didOpen", {"textDocument": opened})
        start_s = time.perf_counter()
        with Pinger(editor, "bytefim/documentDigest", ping) as pinger:
            rss_mib = _drive(traffic, editor.process.pid, n_requests, start_s + seconds, is_hostile=is_hostile)
        took_s = time.perf_counter() - start_s
        n_wrong_mirrors = traffic.count_wrong_mirrors()
        editor.ask("shutdown", None)
        editor.notify("exit", None)
        n_slow = Path(log.name).read_bytes().count(b"slow handler")
    settled_mib = rss_mib[int(len(rss_mib) * SETTLED_AFTER)]
    return {
        **{name: traffic.counts[name] for name in ("requests", "shown", "accepted", "superseded", "cancelled")},
        **{name: traffic.counts[name] for name in ("errors", "stale")},
        "wrong_mirrors": n_wrong_mirrors,
        "slow_handlers": n_slow,
        "minutes": took_s / 60,
        "requests_per_s": traffic.n_requests / took_s,
        **{f"{name}_ms": percentile(traffic.took_ms, share) for name, share in SHARES.items()},
        **{f"loop_{name}_ms": percentile(pinger.took_ms, share) for name, share in SHARES.items()},
        "rss_start_mib": rss_mib[0],
        "rss_settled_mib": settled_mib,
        "rss_end_mib": rss_mib[-1],
        "rss_growth_percent": 100 * (rss_mib[-1] / settled_mib - 1),
    }


def _drive(traffic: Traffic, pid: int, n_requests: int, end_s: float, *, is_hostile: bool) -> list[float]:
    """Resident memory every so many requests, in MiB."""
    rss_mib: list[float] = []
    n_burdens = 0
    while traffic.n_requests < n_requests and time.perf_counter() < end_s:
        traffic.step()
        if traffic.n_requests >= MEMORY_EVERY * len(rss_mib):
            rss_mib.append(_memory_mib(pid))
        if is_hostile and traffic.n_requests >= BURDEN_EVERY * (n_burdens + 1):
            n_burdens += 1
            traffic.burden()
            if n_burdens == 1:
                traffic.crowd()
    return [*rss_mib, _memory_mib(pid)]


def _memory_mib(pid: int) -> float:
    """Of the process and all below it; one that ends meanwhile counts nothing."""
    total = 0
    server = psutil.Process(pid)
    for process in (server, *server.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / MIB


def _samples(document_bytes: int, seed: int) -> list[tuple[bytes, int]]:
    """Texts and cursors, in whole characters."""
    found: list[tuple[bytes, int]] = []
    for cursor in sample_cursors(N_SAMPLES, seed=seed, balanced=False):
        text = cursor.text.decode("utf-8", "ignore").replace("\r", "").encode()[:document_bytes]
        before = text[: min(cursor.offset_bytes, len(text) * 2 // 3)].decode("utf-8", "ignore").encode()
        after = text[len(before) :].decode("utf-8", "ignore").encode()
        found.append((before + after, len(before)))
    return found


if __name__ == "__main__":
    main()
