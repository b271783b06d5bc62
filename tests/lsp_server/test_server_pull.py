"""A model fetched by the editor's command, with a real server process and a hub on this machine."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.waiting import wait_for
from tests.lsp_server.conftest import RunningServer, StartServer
from tests.lsp_server.hubs import CONTENT
from tests.lsp_server.model_hub import (
    NAME,
    Hub,
    answering,
    pausing_after,
    well,
    write_entry,
)
from tests.lsp_server.raw_client import PATIENCE_S

SHOWS_PROGRESS = {"window": {"workDoneProgress": True}}


@pytest.fixture
def editor(hub: Hub, start_server: StartServer) -> RunningServer:
    """A server that is ready, for an editor that shows progress."""
    server = start_server()
    server.initialize(capabilities=SHOWS_PROGRESS)
    server.client.wait_for_state("idle")
    return server


def pull(server: RunningServer, name: object = "made-up") -> dict[str, Any]:
    """The reply, as a whole message."""
    params = {"command": "bytefim.pullModel", "arguments": [name]}
    return dict(server.client.reply(server.client.request("workspace/executeCommand", params)))


def agree(server: RunningServer) -> str:
    """Give the server a place to show the fetching in; its token."""
    asked = server.client.wait_for(
        lambda message: (
            message.get("method") == "window/workDoneProgress/create" and "pulling" in message["params"]["token"]
        )
    )
    server.client.send({"id": asked["id"], "result": None})
    return asked["params"]["token"]


def wait_for_kind(server: RunningServer, token: str, kind: str) -> dict[str, Any]:
    return server.client.wait_for(
        lambda message: (
            message.get("method") == "$/progress"
            and message["params"]["token"] == token
            and message["params"]["value"]["kind"] == kind
        )
    )["params"]["value"]


def wait_for_message(server: RunningServer) -> tuple[int, str]:
    said = server.client.wait_for(lambda message: message.get("method") == "window/showMessage")["params"]
    return said["type"], said["message"]


def test_a_model_that_was_missed_is_fetched_from_the_mirror_and_loaded(
    hub: Hub, models_folder: Path, start_server: StartServer
) -> None:
    """The command answers at once; the rest is one message, and nobody has to name the model again."""
    write_entry(models_folder, hub, url="https://hub.example.org/" + NAME)
    server = start_server()
    server.initialize(
        initializationOptions={"model": "made-up", "models_mirror": hub.url.removesuffix(NAME)},
        capabilities=SHOWS_PROGRESS,
    )
    server.client.wait_for_state("idle")
    assert pull(server)["result"] == {"model": "made-up"}
    ended = wait_for_kind(server, agree(server), "end")
    server.client.wait_for(
        lambda _: sum(message["params"]["state"] == "idle" for message in server.client.heard("bytefim/status")) >= 2
    )

    assert wait_for_message(server) == (3, "bytefim: made-up is on this machine.")
    assert ended["message"] == "made-up is on this machine."
    assert (models_folder / NAME).read_bytes() == CONTENT
    assert len(server.client.heard("window/showMessage")) == 1


def test_cancelled_it_stops_and_the_next_time_it_goes_on(editor: RunningServer, hub: Hub, models_folder: Path) -> None:
    """Whoever cancels needs no message about it; nor does who asks for two at once, or for what there is not."""
    hub.ways = [pausing_after(1000, threading.Event()), well]
    assert "There is no model named 'gpt-17'" in pull(editor, "gpt-17")["error"]["message"]
    assert "None is no model" in pull(editor, None)["error"]["message"]
    pull(editor)
    token = agree(editor)
    begun = wait_for_kind(editor, token, "begin")
    assert "made-up is being fetched; wait for it, or cancel it" in pull(editor)["error"]["message"]
    wait_for((models_folder / (NAME + ".part")).exists, "something has arrived")
    editor.client.notify("window/workDoneProgress/cancel", {"token": token})
    ended = wait_for_kind(editor, token, "end")

    assert (begun["title"], begun["cancellable"]) == ("bytefim", True)
    assert ended["message"] == "stopped; what has arrived stays"
    assert (models_folder / (NAME + ".part")).exists()
    assert editor.client.heard("window/showMessage") == []
    pull(editor)
    assert wait_for_message(editor)[0] == 3
    assert (models_folder / NAME).read_bytes() == CONTENT


def test_a_failure_is_told_once_and_nothing_goes_on_after_the_server(editor: RunningServer, hub: Hub) -> None:
    """With its remedy; and an editor that was closed shall not leave a download behind."""
    arrived = threading.Event()
    hub.ways = [answering(404), pausing_after(1000, arrived)]
    pull(editor)
    kind, message = wait_for_message(editor)
    pull(editor)
    assert arrived.wait(PATIENCE_S)
    fetching = find_fetching(editor)
    status = editor.stop()

    assert (kind, message.startswith(f"bytefim: {NAME} was not fetched: 127.0.0.1 answers 404")) == (1, True)
    assert len(fetching) == 1
    assert psutil.wait_procs(fetching, timeout=PATIENCE_S)[1] == []
    assert status == 0


def test_it_ends_with_a_server_that_was_killed(editor: RunningServer, hub: Hub) -> None:
    """By its stdin."""
    arrived = threading.Event()
    hub.ways = [pausing_after(1000, arrived)]
    pull(editor)
    assert arrived.wait(PATIENCE_S)
    fetching = find_fetching(editor)
    editor.process.kill()

    assert len(fetching) == 1
    assert psutil.wait_procs(fetching, timeout=PATIENCE_S)[1] == []


def find_fetching(server: RunningServer) -> list[psutil.Process]:
    children = psutil.Process(server.process.pid).children()
    return [child for child in children if any("pull_child" in word for word in child.cmdline())]
