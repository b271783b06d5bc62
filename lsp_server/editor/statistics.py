"""How many suggestions were shown and what became of them, and how long they took: counts, kept on this machine.

Never text, never a path. Written at most once a minute and at the end; several servers add to one file. Knows no
protocol, and nothing of how it is found out what became of a suggestion.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import cast, get_args

from lsp_server.editor.uptake import Fate
from lsp_server.system.findings import Findings, find_cache_file

SAVED_EVERY_S = 60.0
LATENCIES_KEPT = 512  # of the latest suggestions
_COUNTED = ("shown", "displayed", *get_args(Fate))
"""shown: offered, each once however much of it was typed since; displayed: of those, what an editor said it drew"""
_PERCENTILES = (50, 95, 99)


class Statistics:
    """Of all servers of the user, this one's included. Belongs to one thread."""

    def __init__(self, findings: Findings, *, clock: Callable[[], float]) -> None:
        self.is_on = True
        """False: nothing is counted, nothing is written"""
        self._findings = findings
        self._clock = clock
        self._saved_s = clock()
        self._new: Counter[str] = Counter()
        self._new_ms: deque[float] = deque(maxlen=LATENCIES_KEPT)

    def count(self, name: str, n: int = 1) -> None:
        """One more of a kind; see `read_statistics` for the kinds."""
        if self.is_on:
            self._new[name] += n
            if self._clock() - self._saved_s >= SAVED_EVERY_S:
                self.save()

    def time(self, ms: float) -> None:
        """How long a suggestion that was shown had taken, from the request to the answer."""
        if self.is_on:
            self._new_ms.append(round(ms, 1))

    def save(self) -> None:
        """Add what is new to the file."""
        self._saved_s = self._clock()
        if not self.is_on or not (self._new or self._new_ms):
            return
        counts, latencies_ms = _read(self._findings)
        counts.update(self._new)  # adds
        self._findings.keep("counts", dict(counts))
        self._findings.keep("latencies_ms", [*latencies_ms, *self._new_ms][-LATENCIES_KEPT:])
        self._new.clear()
        self._new_ms.clear()

    def read(self) -> Mapping[str, object]:
        """See `read_statistics`; what is not saved yet included."""
        self.save()
        return read_statistics(self._findings)


def user_findings() -> Findings:
    """The user's file of statistics."""
    return Findings(find_cache_file("statistics.json"), "statistics")


def read_statistics(findings: Findings | None = None) -> Mapping[str, object]:
    """Of each kind how many: `shown`, `displayed`, `accepted`, `accepted_in_part`, `typed_through`, `unknown`; and
    `latency_ms`: `n`, `p50`, `p95`, `p99` of the latest that were shown, absent while there are none.
    """
    counts, latencies_ms = _read(findings or user_findings())
    figures: dict[str, float] = {"n": len(latencies_ms)}
    if latencies_ms:
        figures |= {f"p{share}": _percentile(latencies_ms, share) for share in _PERCENTILES}
    return {**{name: counts[name] for name in _COUNTED}, "latency_ms": figures}


def _read(findings: Findings) -> tuple[Counter[str], list[float]]:
    """A file that others have damaged counts as empty."""
    counts, latencies_ms = findings.find("counts"), findings.find("latencies_ms")
    known = cast(Mapping[str, object], counts if isinstance(counts, Mapping) else {})
    times = cast(list[object], latencies_ms if isinstance(latencies_ms, list) else [])
    return (
        Counter({name: n for name in _COUNTED if isinstance(n := known.get(name), int)}),
        [ms for ms in times if isinstance(ms, int | float)],
    )


def _percentile(values: Sequence[float], share: int) -> float:
    """The least value that so many percent do not exceed."""
    return sorted(values)[max(0, -(-len(values) * share // 100) - 1)]
