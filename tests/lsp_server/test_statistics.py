"""Counts that outlive the server, and nothing but counts."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lsp_server.editor import statistics as statistics_module
from lsp_server.editor.server import build_server
from lsp_server.editor.statistics import LATENCIES_KEPT, Statistics, read_statistics
from lsp_server.system.findings import Findings
from tests.lsp_server.fake_engine import PATIENCE_S, FakeModel


class Saves:
    """Which threads have written, and that one has."""

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.is_done = threading.Event()


@pytest.fixture
def findings(tmp_path: Path) -> Findings:
    """The file, in a folder that does not exist yet."""
    return Findings(tmp_path / "cache" / "statistics.json", "statistics")


def test_several_servers_add_to_one_file(findings: Findings) -> None:
    """People have more than one editor open."""
    one, other = (Statistics(findings) for _ in range(2))
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


def test_counting_writes_nothing_and_saving_writes_once(findings: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Suggestions are counted while somebody waits; and the longer a save takes, the more another server loses."""
    work, read, replace = list[str](), Path.read_text, Path.replace

    def note_read(path: Path, encoding: str) -> str:
        work.append("read")
        return read(path, encoding)

    def note_write(path: Path, target: Path) -> Path:
        work.append("write")
        return replace(path, target)

    monkeypatch.setattr(Path, "read_text", note_read)
    monkeypatch.setattr(Path, "replace", note_write)
    statistics = Statistics(findings)
    for _ in range(1000):
        statistics.count("shown")
        statistics.time(5.0)
    assert work == []
    statistics.save()
    statistics.save()

    assert work == ["read", "write"]


@pytest.fixture
def saves(monkeypatch: pytest.MonkeyPatch) -> Saves:
    """Those of this test, with no time between them."""
    saves, change = Saves(), Findings.change

    def note(findings: Findings, add: Callable[[Mapping[str, object]], Mapping[str, object]]) -> None:
        change(findings, add)
        saves.threads.append(threading.get_ident())
        saves.is_done.set()

    monkeypatch.setattr(Findings, "change", note)
    monkeypatch.setattr(statistics_module, "SAVED_EVERY_S", 0.0)
    return saves


async def test_now_and_then_it_is_saved_in_another_thread(findings: Findings, saves: Saves) -> None:
    """A server that is killed loses a minute; a slow disk keeps nobody waiting."""
    statistics = Statistics(findings)
    statistics.count("shown")
    saving = asyncio.create_task(statistics.keep_saving())
    assert await asyncio.to_thread(saves.is_done.wait, PATIENCE_S)
    saving.cancel()

    assert len(saves.threads) == 1
    assert threading.get_ident() not in saves.threads
    assert read_statistics(findings)["shown"] == 1


async def test_a_session_saves_while_it_lasts(saves: Saves, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Editors are killed more often than they are closed."""
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    server = build_server(FakeModel().worker)
    server.start_engine()
    server.statistics.count("shown")
    assert await asyncio.to_thread(saves.is_done.wait, PATIENCE_S)
    shown = read_statistics()["shown"]
    server.close()

    assert shown == 1


def test_switched_off_it_keeps_nothing(findings: Findings) -> None:
    """Neither in memory nor on disk."""
    statistics = Statistics(findings)
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
    statistics = Statistics(findings)
    for ms in [9999.0] * 100 + [float(ms) for ms in range(1, LATENCIES_KEPT + 1)]:
        statistics.time(ms)

    assert statistics.read()["latency_ms"] == {"n": LATENCIES_KEPT, "p50": 256.0, "p95": 487.0, "p99": 507.0}


def test_what_was_counted_may_turn_out_to_be_something_else(findings: Findings) -> None:
    """An acceptance that looked like typing; also when it was saved in between."""
    statistics = Statistics(findings)
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
    statistics = Statistics(findings)
    statistics.count("shown")
    statistics.time(1.25)
    statistics.save()
    assert findings.file is not None
    content = json.loads(findings.file.read_text(encoding="utf-8"))

    assert content == {"statistics": {"counts": content["statistics"]["counts"], "latencies_ms": [1.2]}}
    assert all(isinstance(n, int) for n in content["statistics"]["counts"].values())
