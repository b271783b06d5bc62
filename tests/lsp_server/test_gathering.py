"""Which open documents are shown beside the one that is typed in, and when that changes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from lsprotocol import types

from lsp_server.context.gathering import MOST_NEIGHBOURS, Gathering
from lsp_server.documents.documents import Document, Documents
from lsp_server.documents.request import CompletionRequest
from tests.lsp_server.requests import ask

STORE = "class Store:\n    def __init__(self, path):\n        self.path = path\n"
AROUND = b"from store import Store\n\nstore = Store(path)\nstore."


class Desk:
    """A workspace with documents open in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.roots: Sequence[str] = (root.as_uri(),)
        self.documents = Documents()
        self.gathering = Gathering(self.documents)

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def open(self, path: str, text: str = STORE) -> Document:
        document = Document(self.uri(path), text)
        self.documents.open(document)
        return document

    def ask(self, path: str = "own.py", prefix: bytes = AROUND, line: int = 3) -> CompletionRequest:
        request = replace(ask(prefix, uri=self.uri(path)), line=line)
        return self.gathering.surround(request, self.roots)

    def shown(self, path: str = "own.py", line: int = 3) -> list[str]:
        return [chunk.path for chunk in self.ask(path, line=line).context]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_files_of_the_same_folder_are_shown_with_their_true_paths(desk: Desk) -> None:
    """The model is trained on paths from the root of a repository."""
    desk.open("own.py", "text of its own: Store path")
    desk.open("src/the store.py")
    desk.open("../elsewhere/other.py")
    request = desk.ask("src/own.py")

    assert (request.repository, request.path) == (desk.root.name, "src/own.py")
    assert {chunk.path: chunk.text.decode() for chunk in request.context} == {
        "own.py": "text of its own: Store path",
        "src/the store.py": STORE,
    }


def test_the_document_itself_is_not_shown(desk: Desk) -> None:
    """It stands in the prompt already."""
    desk.open("own.py")

    assert desk.shown() == []


@pytest.mark.parametrize("uri", ["untitled:Untitled-1", "vscode-notebook-cell:/w/a.ipynb#W0", "file:///elsewhere/a.py"])
def test_outside_of_every_folder_nothing_is_shown(desk: Desk, uri: str) -> None:
    """Who opens a file of something else has not put it beside this project."""
    desk.open("store.py")
    request = desk.gathering.surround(ask(AROUND, uri=uri), desk.roots)

    assert (request.repository, request.path, request.context) == ("", "", ())


def test_without_folders_nothing_is_shown(desk: Desk) -> None:
    """There is nothing that the files would have in common."""
    desk.roots = ()
    desk.open("store.py")

    assert desk.shown() == []


def test_of_nested_folders_the_innermost_counts(desk: Desk) -> None:
    """Each is a project of its own."""
    desk.roots = (desk.uri(""), desk.uri("inner") + "/")
    desk.open("store.py")
    desk.open("inner/store.py")

    assert desk.shown("inner/own.py") == ["store.py"]
    assert desk.ask("inner/own.py").repository == "inner"


def test_ignored_and_secret_files_are_not_shown_but_completed(desk: Desk) -> None:
    """Keys must not turn up in other files; config.json and its like are files like any other."""
    (desk.root / ".gitignore").write_text("generated/\n", encoding="utf-8")
    for path in ("generated/store.py", ".env", "secrets.py", "config.json", "settings.json"):
        desk.open(path, STORE + f"{Path(path).stem} = 1 and more words\n")

    assert desk.shown() == ["config.json", "settings.json"]
    assert desk.shown(".env") == ["config.json", "settings.json"]
    assert desk.shown("generated/store.py") == ["config.json", "settings.json"]


def test_line_breaks_are_those_of_prompts(desk: Desk) -> None:
    """Models are trained on line feeds."""
    desk.open("store.py", STORE.replace("\n", "\r\n"))

    assert desk.ask().context[0].text.decode() == STORE


def test_of_long_documents_the_top_and_the_latest_edit_are_looked_at(desk: Desk) -> None:
    """Looking at all of a long text would hold up the editor; where it is edited is where the work is."""
    document = desk.open("store.py", "x = 1\n" * 20_000)
    assert desk.shown() == []
    end = types.Position(15_000, 0)
    document.apply(types.TextDocumentContentChangePartial(types.Range(end, end), STORE), encoding="utf-8")
    (chunk,) = desk.ask(line=500).context

    assert STORE in chunk.text.decode()
    assert chunk.text.startswith(b"x = 1\n")


def test_what_was_chosen_stays_while_it_is_typed_on(desk: Desk) -> None:
    """Every other choice would have to be evaluated before the key is answered."""
    desk.open("store.py")
    lines = range(3, 100)

    assert desk.shown() == ["store.py"]
    desk.open("better.py", STORE + "store = Store(path)\nfrom store import path\n")
    assert {tuple(desk.shown(line=line)) for line in lines} == {("store.py",)}
    assert desk.shown(line=20) == ["better.py", "store.py"]


def test_each_document_has_a_choice_of_its_own(desk: Desk) -> None:
    """People go back and forth between two files; neither is to be laid out anew each time."""
    desk.open("store.py")
    assert desk.shown() == ["store.py"]
    desk.open("own.py")

    assert desk.shown("store.py") == ["own.py"]
    assert desk.shown() == ["store.py"]


def test_a_document_that_is_closed_is_shown_no_more(desk: Desk) -> None:
    """Its text is not known any longer."""
    desk.open("store.py")
    assert desk.shown() == ["store.py"]
    desk.documents.close(desk.uri("store.py"))
    desk.gathering.forget(desk.uri("store.py"))

    assert desk.shown() == []


def test_what_is_proposed_in_idle_time_is_shown_once_it_is_evaluated(desk: Desk) -> None:
    """Until then the old choice costs nothing, and the new one would."""
    request = desk.ask()
    desk.open("store.py")
    proposed = desk.gathering.renew(request, desk.roots)
    assert proposed is not None
    cold = desk.gathering.surround(request, desk.roots, is_warm=lambda _: False)
    warm = desk.gathering.surround(request, desk.roots, is_warm=lambda asked: asked is proposed)

    assert [chunk.path for chunk in proposed.context] == ["store.py"]
    assert (cold.context, warm.context) == ((), proposed.context)
    assert desk.ask().context == proposed.context


def test_what_was_proposed_of_a_document_is_dropped_when_it_is_closed(desk: Desk) -> None:
    """What is closed is not shown, not even when it has been evaluated by then."""
    request = desk.ask()
    desk.open("store.py")
    proposed = desk.gathering.renew(request, desk.roots)
    assert proposed is not None
    desk.documents.close(desk.uri("store.py"))
    desk.gathering.forget(desk.uri("store.py"))

    assert desk.gathering.surround(request, desk.roots, is_warm=lambda asked: asked is proposed).context == ()


def test_folders_of_other_machines_show_nothing(desk: Desk) -> None:
    """Which of their files git ignores is written down there."""
    for host in ("wsl.localhost", "server"):
        desk.roots = (f"file://{host}/w",)
        desk.documents.open(Document(f"file://{host}/w/store.py", STORE))

        assert desk.gathering.surround(ask(AROUND, uri=f"file://{host}/w/own.py"), desk.roots).context == ()


def test_nothing_is_proposed_while_nothing_has_changed(desk: Desk) -> None:
    """An idle machine is left alone."""
    desk.open("store.py")
    request = desk.ask()

    assert desk.gathering.renew(request, desk.roots) is None
    assert desk.gathering.renew(ask(AROUND, uri=desk.uri("never asked.py")), desk.roots) is None


def test_of_many_documents_those_used_last_are_looked_at(desk: Desk) -> None:
    """Ten thousand may be open."""
    for i in range(3 * MOST_NEIGHBOURS):
        desk.open(f"f{i:02}.py", STORE + f"word{i} and{i}\n" if i < 2 else "nothing alike\n")

    assert desk.shown() == []
    desk.open("f00.py")
    assert desk.shown(line=500) == ["f00.py"]


def test_a_path_that_no_file_can_have_costs_the_others_but_not_the_request(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether it is private cannot be told; a suggestion without other files is still one."""
    desk.open("store.py")
    desk.open("a\0b/store.py")
    request = desk.ask()

    assert (request.path, request.context) == ("own.py", ())
    assert [record.getMessage() for record in caplog.records] == ["no other file is shown: ValueError"]
    assert desk.gathering.renew(request, desk.roots) is None


def test_a_choice_looks_up_every_file_of_rules_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made while somebody waits, and disks may be slow."""
    (desk.root / ".git").mkdir()
    (desk.root / ".gitignore").write_text("*.log\n", encoding="utf-8")
    for i in range(20):
        desk.open(f"src/{i % 2}/store{i}.log")
    looked_up, stat = Counter[str](), os.stat

    def count(path: object, **how: bool) -> os.stat_result:
        looked_up[str(path)] += 1
        return stat(cast(str, path), **how)

    monkeypatch.setattr(os, "stat", count)
    assert desk.shown() == []
    monkeypatch.undo()

    rules = [".gitignore", "src/.gitignore", "src/0/.gitignore", "src/1/.gitignore"]
    assert looked_up == dict.fromkeys([str(desk.root / path) for path in (".git", *rules)], 1)
