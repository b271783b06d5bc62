"""How far a download is, in words: as often as people read, and with figures that are right."""

from __future__ import annotations

from lsp_server.store.download import Progress
from lsp_server.store.pace import Pace, as_megabytes

MB = 1_000_000


class Clock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def lines(*steps: tuple[float, Progress], pause_s: float = 0.25) -> list[str | None]:
    """What is shown after each step of so many seconds."""
    clock = Clock()
    pace = Pace(clock, pause_s=pause_s)
    shown: list[str | None] = []
    for step_s, progress in steps:
        clock.now_s += step_s
        report = pace.report(progress)
        shown.append(report.line if report else None)
    return shown


def test_a_download_in_words() -> None:
    """Size, share, speed, and the time that is left."""
    total = 986 * MB
    said = lines(
        (0, Progress(0, total, 0)),
        (1, Progress(5 * MB, total, 0)),
        (1, Progress(15 * MB, total, 0)),
        (8, Progress(586 * MB, total, 0)),
        (4, Progress(986 * MB, total, 0)),
    )

    assert said == [
        "0.0 of 986 MB, 0 %",
        "5.0 of 986 MB, 0 %, 5.0 MB/s, 3 min 16 s left",
        "15 of 986 MB, 1 %, 7.5 MB/s, 2 min 09 s left",
        "586 of 986 MB, 59 %, 71.4 MB/s, 6 s left",
        "986 of 986 MB, 100 %, 100.0 MB/s",
    ]


def test_no_more_often_than_wished_but_the_end_always() -> None:
    """A terminal that scrolls by is not read; a last line at 99 % looks like a failure."""
    steps = [(0.0, Progress(0, 9 * MB, 0)), *[(0.1, Progress(n * MB, 9 * MB, 0)) for n in range(1, 10)]]
    said = lines(*steps)

    assert [line is not None for line in said] == [True, False, False, True, False, False, True, False, False, True]


def test_speed_counts_what_came_now_and_not_what_was_there() -> None:
    """And what is checked has a line of its own."""
    total = 2000 * MB
    said = lines(
        (0, Progress(1000 * MB, total, 1000 * MB, is_checking=True)),
        (0.1, Progress(1500 * MB, total, 1500 * MB, is_checking=True)),
        (0.1, Progress(1500 * MB, total, 1500 * MB)),
        (2, Progress(1502 * MB, total, 1500 * MB)),
    )

    assert said == [
        "checking what is here: 1000 of 2000 MB, 50 %",
        None,
        "1500 of 2000 MB, 75 %",
        "1502 of 2000 MB, 75 %, 1.0 MB/s, 8 min 18 s left",
    ]


def test_a_beginning_anew_is_no_negative_speed() -> None:
    """A server that knows no ranges sends it all again."""
    said = lines((0, Progress(9 * MB, None, 9 * MB)), (1, Progress(0, None, 0)), (2, Progress(2 * MB, None, 0)))

    assert said == ["9.0 MB", "0.0 MB", "2.0 MB, 1.0 MB/s"]


def test_long_times_have_no_seconds() -> None:
    """Nobody counts them."""
    said = lines((0, Progress(0, 36_000 * MB, 0)), (10, Progress(10 * MB, 36_000 * MB, 0)))

    assert said[1] == "10 of 36000 MB, 0 %, 1.0 MB/s, 9 h 59 min left"
    assert as_megabytes(9_960_000) == "10.0 MB"
