"""What is remembered between starts: it comes back, it stays small, and nothing that happens to the file does harm."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from lsp_server.store.file import key_of
from lsp_server.system.findings import MAX_REMEMBERED, Findings, find_cache_file


@pytest.fixture
def findings(tmp_path: Path) -> Findings:
    """In a folder that does not exist yet, as on a fresh machine."""
    return Findings(tmp_path / "cache" / "findings.json", "found")


def test_what_was_kept_is_found_by_another_process(findings: Findings) -> None:
    """The next start is another process; it sees the file only."""
    findings.keep("a", {"n": 1, "costs": [1.0, 2.5]})
    findings.keep("b", "")
    again = Findings(findings.file, "found")

    assert again.find("a") == {"n": 1, "costs": [1.0, 2.5]}
    assert again.find("b") == ""
    assert again.find("c") is None


def test_all_findings_can_be_changed_at_once(findings: Findings) -> None:
    """Between reading and writing there is nothing but the change: others use the file, too."""
    findings.keep("a", 1)
    findings.change(lambda before: {"b": before["a"], "c": 2})

    assert findings.read() == {"b": 1, "c": 2}


def test_the_file_does_not_grow_without_end(findings: Findings) -> None:
    """The oldest are forgotten: they belong to libraries and models that are gone."""
    for i in range(MAX_REMEMBERED + 2):
        findings.keep(str(i), i)

    assert findings.find("1") is None
    assert findings.find("2") == 2
    assert findings.file is not None
    assert [file.name for file in findings.file.parent.iterdir()] == ["findings.json"]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"found": 3}', '{"found": [1]}', '{"other": {"a": 1}}', "\x00\xff"]
)
def test_a_damaged_file_counts_as_empty(findings: Findings, content: str) -> None:
    """A crash or a full disk may leave anything; the file is made again."""
    assert findings.file is not None
    findings.file.parent.mkdir()
    findings.file.write_text(content, encoding="latin-1")

    assert findings.find("a") is None
    findings.keep("a", 1)
    assert json.loads(findings.file.read_text()) == {"found": {"a": 1}}


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    """Home folders may be read-only."""
    (tmp_path / "cache").write_text("a file where the folder should be")
    findings = Findings(tmp_path / "cache" / "findings.json", "found")
    findings.keep("a", 1)

    assert findings.find("a") is None


def test_a_user_without_a_home_folder_has_no_findings() -> None:
    """Containers run as user ids that nobody knows."""
    findings = Findings(None, "found")
    findings.keep("a", 1)

    assert findings.find("a") is None


def test_the_key_changes_with_the_model_and_the_circumstances(tmp_path: Path) -> None:
    """A finding about another model, or another machine, is no finding."""
    model = tmp_path / "model.gguf"
    model.write_bytes(b"one")
    key = key_of(model, 2, "x86_64")
    others = [key_of(model, 4, "x86_64"), key_of(model, 2, "arm64")]
    again = key_of(model, 2, "x86_64")
    model.write_bytes(b"another")

    assert again == key
    assert len({key, *others, key_of(model, 2, "x86_64")}) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="the other systems have a place of their own")
def test_the_file_lies_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server that litters home folders is uninstalled."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert find_cache_file("some.json") == tmp_path / "bytefim" / "some.json"
