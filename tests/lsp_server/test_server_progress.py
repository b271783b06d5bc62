"""The loading of the model as editors show it, with a real server process."""

from __future__ import annotations

from typing import Any

from tests.lsp_server.conftest import RunningServer, StartServer
from tests.lsp_server.editor import INLINE, URI, at

SHOWS_PROGRESS = {"window": {"workDoneProgress": True}}


def agree(server: RunningServer) -> str:
    """Wait until the server asks for a place to show progress in, and give it; its token."""
    asked = server.client.wait_for(lambda message: message.get("method") == "window/workDoneProgress/create")
    server.client.send({"id": asked["id"], "result": None})
    return asked["params"]["token"]


def wait_for_kind(server: RunningServer, kind: str) -> dict[str, Any]:
    return server.client.wait_for(
        lambda message: message.get("method") == "$/progress" and message["params"]["value"]["kind"] == kind
    )["params"]


def test_loading_that_is_cancelled_stops_and_requests_get_nothing(start_server: StartServer) -> None:
    """The user does not want to wait; the command to load it is named."""
    server = start_server("slow")
    server.initialize(capabilities=SHOWS_PROGRESS)
    token = agree(server)
    begun = wait_for_kind(server, "begin")
    assert (begun["token"], begun["value"]["title"], begun["value"]["cancellable"]) == (token, "bytefim", True)
    server.client.notify("window/workDoneProgress/cancel", {"token": "another"})
    server.open(URI, "resu")
    assert server.client.ask(INLINE, at(0, 4)) == {"items": []}
    assert server.client.ask("bytefim/why", {"textDocument": {"uri": URI}})["reason"] == "model is loading"
    server.client.notify("window/workDoneProgress/cancel", {"token": token})

    assert wait_for_kind(server, "end")["token"] == token
    assert "bytefim.restartModel" in server.client.wait_for_state("off")["message"]
    assert server.client.ask(INLINE, at(0, 4)) == {"items": []}
    assert server.client.heard("window/showMessage") == []


def test_after_a_cancelled_loading_the_command_loads_again(start_server: StartServer) -> None:
    """With a place of its own."""
    server = start_server("slow")
    server.initialize(capabilities=SHOWS_PROGRESS)
    first = agree(server)
    server.client.notify("window/workDoneProgress/cancel", {"token": first})
    server.client.wait_for_state("off")
    server.client.ask("workspace/executeCommand", {"command": "bytefim.restartModel"})
    second = server.client.wait_for(
        lambda message: (
            message.get("method") == "window/workDoneProgress/create" and message["params"]["token"] != first
        )
    )

    assert second["params"]["token"].startswith("bytefim/loading/")
    assert server.stop() == 0


def test_what_is_known_of_the_loading_is_told_with_the_status(start_server: StartServer) -> None:
    """For editors that show a status of ours rather than progress."""
    server = start_server("slow start")
    server.initialize()
    server.client.wait_for_state("idle")
    told = [message["params"] for message in server.client.heard("bytefim/status")]

    assert [(one["state"], one["message"], one["percentage"]) for one in told] == [
        ("loading", "the model is being loaded", None),
        ("loading", "reading", None),
        ("loading", "reading", 50),
        ("idle", "ready", None),
    ]
    assert all(set(one) == {"state", "message", "percentage", "model"} for one in told)
