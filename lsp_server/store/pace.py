"""The progress of a download in words, as often as people want to read it. Knows no terminal and no editor."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from lsp_server.store.download import Progress

_WINDOW_S = 5.0  # over which the speed is taken: long enough not to flicker, short enough to follow


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be shown now."""

    line: str
    percentage: int | None


class Pace:
    """One download."""

    def __init__(self, clock: Callable[[], float], *, pause_s: float) -> None:
        self._clock = clock
        self._pause_s = pause_s
        self._shown_s: float | None = None
        self._was_checking = False
        self._seen: deque[tuple[float, int]] = deque()

    def report(self, progress: Progress) -> Report | None:
        """None when something was shown just now; the end of a file always is."""
        now_s = self._clock()
        if progress.is_checking != self._was_checking or (self._seen and progress.n_bytes < self._seen[-1][1]):
            self._seen.clear()
            self._shown_s = None
            self._was_checking = progress.is_checking
        self._seen.append((now_s, progress.n_bytes))
        while len(self._seen) > 2 and now_s - self._seen[0][0] > _WINDOW_S:
            self._seen.popleft()
        is_end = progress.n_bytes == progress.total_bytes
        if self._shown_s is not None and now_s - self._shown_s < self._pause_s and not is_end:
            return None
        self._shown_s = now_s
        return self._tell(progress)

    def _tell(self, progress: Progress) -> Report:
        n_bytes, total_bytes = progress.n_bytes, progress.total_bytes
        percentage = None
        what = as_megabytes(n_bytes)
        if total_bytes:
            percentage = min(100, 100 * n_bytes // total_bytes)
            what = f"{as_megabytes(n_bytes).removesuffix(' MB')} of {as_megabytes(total_bytes)}, {percentage} %"
        if progress.is_checking:
            return Report(f"checking what is here: {what}", percentage)
        speed = self._find_speed()
        if not speed:
            return Report(what, percentage)
        left = f", {_as_time((total_bytes - n_bytes) / speed)} left" if total_bytes and n_bytes < total_bytes else ""
        return Report(f"{what}, {speed / 1e6:.1f} MB/s{left}", percentage)

    def _find_speed(self) -> float:
        """Bytes per second; 0 while it is not known."""
        (start_s, start_bytes), (end_s, end_bytes) = self._seen[0], self._seen[-1]
        return (end_bytes - start_bytes) / (end_s - start_s) if end_s > start_s else 0.0


def as_megabytes(n_bytes: int) -> str:
    """`986 MB`, with a digit behind the point below ten."""
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes < 10_000_000 else f"{n_bytes / 1e6:.0f} MB"


def _as_time(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
