"""The two embedded models as one, behind a real server process: asked, stopped, explained."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lsp_server.conftest import RunningServer
from tests.lsp_server.editor import INLINE, URI, at, change, edit
from tests.lsp_server.served import serving_models

MODELS = ["bytefim-tiny", "bytefim-nano-spm"]
TEXT = "import os\n\n\ndef read_file(path):\n    with open(path) as f:\n        return f.re\n"
CURSOR = (5, 19)
SETTINGS = """\
n_threads = 1
deadline_ms = 20000
max_tokens = 8
min_confidence = 0
prefetch = false
project_words = true
"""


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """`bytefim serve` with both, the words of the project, and one that is not there."""
    folder = tmp_path_factory.mktemp("serving")
    with serving_models(folder, *MODELS, "gpt-17", settings=SETTINGS, text=TEXT) as server:
        yield server


def test_both_are_asked_and_told_of(serving: RunningServer) -> None:
    """From the editor's request through both vocabularies to the reason."""
    (item,) = serving.client.ask(INLINE, at(*CURSOR))["items"]
    why = serving.client.ask("bytefim/why", {"textDocument": {"uri": URI}})

    assert item["insertText"].startswith("ad")
    assert [member["name"] for member in why["members"]] == [*MODELS, "project words"]
    assert sum(member["weight"] for member in why["members"]) == pytest.approx(1.0)
    assert [drop["name"] for drop in why["dropped"]] == ["gpt-17"]
    assert 0 <= why["missing_mass"]["pruned"] < 1
    assert why["tokens"]["decode_calls"] > 0


def test_the_one_that_is_missing_is_told_once(serving: RunningServer) -> None:
    """When the others are ready."""
    serving.client.wait_for(lambda message: message.get("method") == "window/showMessage")
    (told,) = serving.client.heard("window/showMessage")

    assert "gpt-17 does not take part" in told["params"]["message"]


def test_typing_on_evaluates_what_was_typed_for_each(serving: RunningServer) -> None:
    """Anchors and KV caches of both hold from key to key."""
    serving.client.ask(INLINE, at(*CURSOR))
    before = serving.client.ask("bytefim/why", {"textDocument": {"uri": URI}})["tokens"]
    change(serving, 2, edit(CURSOR, CURSOR, "turn"))
    serving.client.ask(INLINE, at(CURSOR[0], CURSOR[1] + 4))
    after = serving.client.ask("bytefim/why", {"textDocument": {"uri": URI}})["tokens"]

    assert after["decoded"] > 0
    assert after["reused"] > 0.8 * before["prompt"]


def test_a_request_that_is_superseded_makes_room(serving: RunningServer) -> None:
    """Both are stopped: the newest of many requests is answered, and the others say nothing."""
    numbers = []
    for version in range(3, 8):
        change(serving, version, edit((0, 0), (0, 0), "# x\n"))
        numbers.append(serving.client.request(INLINE, at(CURSOR[0] + version - 2, 8)))
    replies = [serving.client.reply(number) for number in numbers]

    assert [reply["result"] for reply in replies[:-1]] == [None] * 4
    assert replies[-1]["result"] is not None
