"""The day of an editor that benchmarks/server.py plays: it keeps its books right, so its figures can be believed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import pytest

from benchmarks.editor import Editor, Reply
from benchmarks.server import measure
from benchmarks.traffic import OpenDocument, Traffic

ROOT = Path(__file__).resolve().parents[2]
SCRIPTED = (sys.executable, "-m", "tests.lsp_server.fake_server")


class DeafEditor:
    """Sends nothing; its replies are given by the test."""

    def notify(self, method: str, params: object) -> None:
        pass


@pytest.mark.slow
def test_a_day_in_short_with_a_scripted_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Edits, cancelling, reopening and accepting: at the end both sides hold the same bytes, and nothing was stale."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    figures = measure(SCRIPTED, n_requests=150, seconds=float("inf"), seed=3, document_bytes=2000, is_hostile=False)

    assert [figures[name] for name in ("errors", "stale", "wrong_mirrors")] == [0, 0, 0]
    counts = [cast(int, figures[name]) for name in ("shown", "superseded", "cancelled", "accepted")]
    assert all(count > 0 for count in counts)
    assert 150 <= cast(int, figures["requests"]) < 160
    assert cast(float, figures["loop_p99_ms"]) > 0
    assert cast(float, figures["rss_end_mib"]) > 10


@pytest.mark.parametrize(
    ("reply", "version", "counted"),
    [
        (Reply({"items": [1]}, None, 1.0), 4, {"shown": 1, "stale": 1}),
        (Reply({"items": [1]}, None, 1.0), 5, {"shown": 1, "stale": 0}),
        (Reply({"items": []}, None, 1.0), 4, {}),
        (Reply(None, None, 1.0), 4, {"superseded": 1}),
        (Reply(None, -32800, 1.0), 4, {"cancelled": 1}),
        (Reply(None, -32603, 1.0), 4, {"errors": 1}),
    ],
)
def test_an_answer_is_stale_when_the_server_knew_of_a_later_edit(
    reply: Reply, version: int, counted: dict[str, int]
) -> None:
    """An edit that crossed the answer on its way makes no answer stale."""
    traffic = Traffic(cast(Editor, DeafEditor()), [(b"x = 1\n", 3)], n_documents=1, seed=1)
    document = OpenDocument("file:///a", b"", 0, b"", "python", version=6, acknowledged_version=5)
    judge: Any = traffic._judge  # pyright: ignore[reportPrivateUsage]
    judge(reply, document, version)

    assert traffic.counts == counted


def test_positions_and_offsets_belong_together() -> None:
    """Accepting at a wrong place would look like a fault of the server."""
    document = OpenDocument("file:///a", "a\nné\n\nx".encode(), 0, b"", "python")

    for offset in range(len(document.text) + 1):
        assert document.offset(document.position(offset)) == offset
