"""How many suggestions were shown and what became of them, and how long they took: counts, kept on this machine.

Never text, never a path. Written once a minute and at the end; several servers add to one file. Knows no protocol,
and nothing of how it is found out what became of a suggestion.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast, get_args

from lsp_server.editor.uptake import Fate
from lsp_server.system.findings import Findings, find_cache_file
from lsp_server.system.percentiles import percentile

SAVED_EVERY_S = 60.0
LATENCIES_KEPT = 512  # of the latest suggestions
_COUNTED = ("shown", "displayed", *get_args(Fate))
"""shown: offered, each once however much of it was typed since; displayed: of those, what an editor said it drew"""
_PERCENTILES = (50, 95, 99)


class Statistics:
    """Of all servers of the user, this one's included. Belongs to one thread.

    Of two servers that save in the same instant, one may lose what it counted since it saved last.
    """

    def __init__(self, findings: Findings) -> None:
        self.is_on = True
        """False: nothing is counted, nothing is written"""
        self._findings = findings
        self._new: Counter[str] = Counter()
        self._new_ms: deque[float] = deque(maxlen=LATENCIES_KEPT)
        self._writing = threading.Lock()

    def count(self, name: str, n: int = 1) -> None:
        """One more of a kind; see `read_statistics` for the kinds."""
        if self.is_on:
            self._new[name] += n

    def time(self, ms: float) -> None:
        """How long a suggestion that was shown had taken, from the request to the answer."""
        if self.is_on:
            self._new_ms.append(round(ms, 1))

    def save(self) -> None:
        """Add what is new to the file."""
        if (write := self._take_new()) is not None:
            write()

    async def keep_saving(self) -> None:
        """Save every now and then, in another thread: nobody who types waits for a disk. Ends when it is cancelled."""
        while True:
            await asyncio.sleep(SAVED_EVERY_S)
            if (write := self._take_new()) is not None:
                # not awaited: what was taken is to be written whatever becomes of this task
                asyncio.get_running_loop().run_in_executor(None, write)

    def read(self) -> Mapping[str, object]:
        """See `read_statistics`; what is not saved yet included."""
        self.save()
        return read_statistics(self._findings)

    def _take_new(self) -> Callable[[], None] | None:
        """What adds all that is new to the file, in whatever thread it is called; None when nothing is new."""
        if not self.is_on or not (self._new or self._new_ms):
            return None
        counts, latencies_ms = self._new, list(self._new_ms)
        self._new = Counter()
        self._new_ms.clear()
        return partial(self._write, counts, latencies_ms)

    def _write(self, new: Counter[str], new_ms: Sequence[float]) -> None:
        with self._writing:  # this process has one name for the unfinished file
            self._findings.change(partial(_add, new, new_ms))


def user_findings() -> Findings:
    """The user's file of statistics."""
    return Findings(find_cache_file("statistics.json"), "statistics")


def read_statistics(findings: Findings | None = None) -> Mapping[str, object]:
    """Of each kind how many: `shown`, `displayed`, `accepted`, `accepted_in_part`, `typed_through`, `unknown`; and
    `latency_ms`: `n`, `p50`, `p95`, `p99` of the latest that were shown, absent while there are none.
    """
    counts, latencies_ms = _parse((findings or user_findings()).read())
    figures: dict[str, float] = {"n": len(latencies_ms)}
    if latencies_ms:
        figures |= {f"p{share}": percentile(latencies_ms, share / 100) or 0.0 for share in _PERCENTILES}
    return {**{name: counts[name] for name in _COUNTED}, "latency_ms": figures}


def _add(new: Counter[str], new_ms: Sequence[float], kept: Mapping[str, object]) -> Mapping[str, object]:
    counts, latencies_ms = _parse(kept)
    counts.update(new)  # adds
    return {"counts": dict(counts), "latencies_ms": [*latencies_ms, *new_ms][-LATENCIES_KEPT:]}


def _parse(kept: Mapping[str, object]) -> tuple[Counter[str], list[float]]:
    """A file that others have damaged counts as empty."""
    counts, latencies_ms = kept.get("counts"), kept.get("latencies_ms")
    known = cast(Mapping[str, object], counts if isinstance(counts, Mapping) else {})
    times = cast(list[object], latencies_ms if isinstance(latencies_ms, list) else [])
    return (
        Counter({name: n for name in _COUNTED if isinstance(n := known.get(name), int)}),
        [ms for ms in times if isinstance(ms, int | float)],
    )
