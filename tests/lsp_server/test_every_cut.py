"""Rule 1 with the embedded model, through the real server: at every byte of a word, exactly the rest of the word."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lsp_server.conftest import ROOT, RunningServer
from tests.lsp_server.raw_client import RawClient

SOURCE = (ROOT / "examples" / "documents" / "inventory.py").read_text(encoding="utf-8")
PATIENT = {"deadline_ms": 60_000, "prefetch": False, "statistics": False}
# what stands before a word that the model knows: it says the whole word when nothing of it is typed
PLACES = [
    ("    parser = argparse.", "ArgumentParser"),
    ("    parser.", "add_argument"),
    ("    @", "classmethod"),
    ("        if item.quantity < ", "quantity"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """`bytefim serve` with what ships in the package."""
    log: Path = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "lsp_server", "serve", "--stdio"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    server = RunningServer(process, RawClient(process.stdin, process.stdout), log)
    server.initialize(initializationOptions=PATIENT)
    server.client.wait_for_state("idle")
    yield server
    process.kill()
    process.wait()


def suggestion(server: RunningServer, before: str, typed: str, *, popup: str = "") -> str:
    """What is offered where `typed` stands behind `before` and the rest of the line is not written yet."""
    end = SOURCE.index(before) + len(before)
    text = SOURCE[:end] + typed
    # a document of its own, so that the model is asked and nothing served again
    uri = f"file:///w/{len(text)}-{popup}.py"
    server.open(uri, text + SOURCE[SOURCE.index("\n", end) :])
    start, column = text.rfind("\n") + 1, len(text) - text.rfind("\n") - 1
    line = text.count("\n", 0, start)
    context: dict[str, Any] = {"triggerKind": 1}
    if popup:
        edges = [{"line": line, "character": character} for character in (column - len(typed), column)]
        context["selectedCompletionInfo"] = {"range": dict(zip(("start", "end"), edges, strict=True)), "text": popup}
    position = {"line": line, "character": column}
    asked = {"textDocument": {"uri": uri}, "position": position, "context": context}
    items = server.client.ask("textDocument/inlineCompletion", asked)["items"]
    server.client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    return items[0]["insertText"] if items else ""


@pytest.mark.parametrize(("before", "word"), PLACES)
def test_at_every_byte_of_a_known_word_its_rest_is_offered(server: RunningServer, before: str, word: str) -> None:
    """Tokens end elsewhere than words are cut; who trusts the tokens fails at most of these places."""
    assert suggestion(server, before, "").startswith(word), "the model does not know the word; choose another"
    cuts = {word[:n]: suggestion(server, before, word[:n]) for n in range(1, len(word))}

    assert [typed for typed, rest in cuts.items() if not rest.startswith(word[len(typed) :])] == []


def test_the_rest_of_a_menus_entry_counts_as_typed(server: RunningServer) -> None:
    """What the menu would insert is one more beginning that the suggestion must go on from."""
    before, word = PLACES[0]
    cuts = {n: suggestion(server, before, word[:3], popup=word[:n]) for n in range(4, len(word))}

    assert [word[:n] for n, text in cuts.items() if not text.startswith(word)] == []
