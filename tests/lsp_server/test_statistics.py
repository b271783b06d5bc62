"""Counts that outlive the server, and nothing but counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lsp_server.editor.statistics import LATENCIES_KEPT, SAVED_EVERY_S, Statistics, read_statistics
from lsp_server.system.findings import Findings


class Clock:
    """Seconds, when the test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def findings(tmp_path: Path) -> Findings:
    """The file, in a folder that does not exist yet."""
    return Findings(tmp_path / "cache" / "statistics.json", "statistics")


def test_several_servers_add_to_one_file(findings: Findings) -> None:
    """People have more than one editor open."""
    one, other = (Statistics(findings, clock=Clock()) for _ in range(2))
    one.count("shown")
    other.count("shown")
    other.count("accepted")
    one.save()
    other.save()
    one.save()

    assert read_statistics(findings) == {
        "shown": 2, "displayed": 0, "accepted": 1, "accepted_in_part": 0, "typed_through": 0, "unknown": 0,
        "latency_ms": {"n": 0},
    }  # fmt: skip


def test_it_is_written_at_most_once_a_minute(findings: Findings) -> None:
    """Every key press may count something."""
    clock = Clock()
    statistics = Statistics(findings, clock=clock)
    statistics.count("shown")
    clock.now_s += SAVED_EVERY_S - 1
    statistics.count("shown")
    assert findings.file is not None
    assert not findings.file.exists()
    clock.now_s += 1
    statistics.count("shown")

    assert read_statistics(findings)["shown"] == 3


def test_switched_off_it_keeps_nothing(findings: Findings) -> None:
    """Neither in memory nor on disk."""
    statistics = Statistics(findings, clock=Clock())
    statistics.is_on = False
    statistics.count("shown")
    statistics.time(5.0)
    statistics.save()
    statistics.is_on = True
    statistics.save()

    assert findings.file is not None
    assert not findings.file.exists()


def test_latencies_are_those_of_the_latest_and_their_percentiles_are_values_that_occurred(findings: Findings) -> None:
    """A fixed amount of memory; a percentile between two values was never seen by anybody."""
    statistics = Statistics(findings, clock=Clock())
    for ms in [9999.0] * 100 + [float(ms) for ms in range(1, LATENCIES_KEPT + 1)]:
        statistics.time(ms)

    assert statistics.read()["latency_ms"] == {"n": LATENCIES_KEPT, "p50": 256.0, "p95": 487.0, "p99": 507.0}


def test_what_was_counted_may_turn_out_to_be_something_else(findings: Findings) -> None:
    """An acceptance that looked like typing; also when it was saved in between."""
    statistics = Statistics(findings, clock=Clock())
    statistics.count("typed_through")
    statistics.save()
    statistics.count("typed_through", -1)
    statistics.count("accepted")

    assert (statistics.read()["typed_through"], statistics.read()["accepted"]) == (0, 1)


@pytest.mark.parametrize("content", ["", "[]", '{"statistics": {"counts": [1], "latencies_ms": {"a": "b"}}}', "\x00"])
def test_a_damaged_file_counts_as_empty(findings: Findings, content: str) -> None:
    """It is worth no error."""
    assert findings.file is not None
    findings.file.parent.mkdir()
    findings.file.write_text(content, encoding="utf-8")

    assert read_statistics(findings)["shown"] == 0


def test_the_file_holds_numbers_only(findings: Findings) -> None:
    """Neither text nor paths can be in it."""
    statistics = Statistics(findings, clock=Clock())
    statistics.count("shown")
    statistics.time(1.25)
    statistics.save()
    assert findings.file is not None
    content = json.loads(findings.file.read_text(encoding="utf-8"))

    assert content == {"statistics": {"counts": content["statistics"]["counts"], "latencies_ms": [1.2]}}
    assert all(isinstance(n, int) for n in content["statistics"]["counts"].values())
