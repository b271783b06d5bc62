"""Settings on their way from the editor to the server, with a real server process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.lsp_server.conftest import RunningServer, StartServer
from tests.lsp_server.editor import INLINE, URI, at, change, edit, suggestion
from tests.lsp_server.fake_child import NO_MODEL
from tests.lsp_server.raw_client import Message

ASKABLE = {"workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}}


def warnings(server: RunningServer) -> list[str]:
    """What the user was shown so far; a request lets all of it arrive."""
    server.client.ask("bytefim/why", {})
    shown = server.client.heard("window/showMessage")
    assert all(message["params"]["type"] == 2 for message in shown)
    return [message["params"]["message"] for message in shown]


def is_asking(method: str) -> Callable[[Message], bool]:
    return lambda message: message.get("method") == method


def tell(server: RunningServer, section: object) -> None:
    """Wait until the server asks for its settings, and answer."""
    asked = server.client.wait_for(is_asking("workspace/configuration"))
    server.client.send({"id": asked["id"], "result": [section]})


def n_items(server: RunningServer, *, uri: str = URI, **context: object) -> int:
    params = {**at(0, 4, uri), "context": {"triggerKind": 2, **context}}
    return len(server.client.ask(INLINE, params)["items"])


def test_settings_of_the_editor_are_taken_and_wrong_ones_named_once(start_server: StartServer) -> None:
    """A misspelt setting that is passed over in silence is looked for by the hour; a popup a key is no better."""
    server = start_server()
    server.initialize(initializationOptions={"bytefim": {"enabled": False, "max_token": 9, "deadline_ms": "soon"}})
    server.client.wait_for_state("off")
    unknown, wrong = warnings(server)

    assert "'max_token' with value 9" in unknown
    assert "'deadline_ms' is 'soon'" in wrong
    assert "60000 is used" in wrong
    for _ in range(2):
        settings = {"enabled": True, "max_token": 9, "deadline_ms": "soon"}
        server.client.notify("workspace/didChangeConfiguration", {"settings": {"bytefim": settings}})
    server.open(URI, "resu")
    server.client.wait_for_state("idle")
    assert n_items(server) == 1
    assert len(warnings(server)) == 2


@pytest.mark.parametrize("section", [{"enabled": False}, {"bytefim": {"enabled": False}}])
def test_an_editor_that_can_be_asked_is_asked(start_server: StartServer, section: object) -> None:
    """Neovim and VS Code keep our settings and do not send them."""
    server = start_server()
    server.initialize(capabilities=ASKABLE)
    tell(server, section)

    server.client.wait_for_state("off")
    (asked,) = server.client.heard("workspace/configuration")
    assert asked["params"] == {"items": [{"section": "bytefim"}]}


@pytest.mark.parametrize("reply", [{"result": [None]}, {"result": None}, {"result": {"a": 1}}, {"result": []},
                                   {"error": {"code": -32601, "message": "no"}}, {"result": [["x"]]}])  # fmt: skip
def test_an_editor_that_has_nothing_to_say_changes_nothing(start_server: StartServer, reply: dict[str, object]) -> None:
    """Most have no section of ours; some say they can be asked and cannot."""
    server = start_server()
    server.initialize(capabilities=ASKABLE, initializationOptions={"languages_off": ["python"]})
    asked = server.client.wait_for(is_asking("workspace/configuration"))
    server.client.send({"id": asked["id"], **reply})
    server.client.wait_for_state("idle")
    server.open(URI, "resu")

    assert n_items(server) == 0
    assert n_items(server, triggerKind=1) == 1
    assert warnings(server) == []


def test_a_change_without_payload_means_ask_again(start_server: StartServer) -> None:
    """The pull model; and VS Code tells of changes only to servers that have registered for them."""
    server = start_server()
    server.initialize(capabilities=ASKABLE)
    registered = server.client.wait_for(is_asking("client/registerCapability"))["params"]["registrations"]
    tell(server, None)
    server.client.wait_for_state("idle")
    server.client.notify("workspace/didChangeConfiguration", {"settings": None})
    again = server.client.wait_for(
        lambda message: (
            message is not server.client.heard("workspace/configuration")[0]
            and message.get("method") == "workspace/configuration"
        )
    )
    server.client.send({"id": again["id"], "result": [{"enabled": False}]})

    server.client.wait_for_state("off")
    assert [(one["method"], one["registerOptions"]) for one in registered] == [
        ("workspace/didChangeConfiguration", {"section": "bytefim"})
    ]


def test_an_editor_that_cannot_be_asked_is_not_asked(server: RunningServer) -> None:
    """LSP forbids it; the request would never be answered."""
    server.client.notify("workspace/didChangeConfiguration", {"settings": None})

    assert warnings(server) == []
    for method in ("workspace/configuration", "client/registerCapability", "window/workDoneProgress/create"):
        assert server.client.heard(method) == []


def test_settings_of_other_servers_are_none_of_ours(start_server: StartServer) -> None:
    """Some editors send the settings of everybody to everybody."""
    server = start_server()
    server.initialize(capabilities=ASKABLE)
    tell(server, None)
    server.client.notify("workspace/didChangeConfiguration", {"settings": {"python": {"path": "x"}, "rust": {}}})

    assert warnings(server) == []


def test_a_setting_that_the_model_is_loaded_with_loads_it_anew(own_server: RunningServer) -> None:
    """Without restarting the editor; the documents stay."""
    own_server.open(URI, "resu")
    own_server.client.notify("workspace/didChangeConfiguration", {"settings": {"bytefim": {"n_threads": 1}}})
    own_server.client.notify("workspace/didChangeConfiguration", {"settings": {"bytefim": {"n_threads": 1}}})
    own_server.client.wait_for(lambda message: n_times_idle(own_server) == 2)

    own_server.client.notify(
        "workspace/didChangeConfiguration", {"settings": {"bytefim": {"n_threads": 1, "max_tokens": 9}}}
    )

    assert n_items(own_server) == 1
    assert warnings(own_server) == []
    assert n_times_idle(own_server) == 2, "other settings need no loading"


def test_a_model_that_cannot_be_loaded_is_told_and_the_old_one_goes_on(own_server: RunningServer) -> None:
    """A slip of the pen in a setting costs a message, not the suggestions."""
    own_server.open(URI, "resu")
    for _ in range(2):
        own_server.client.notify("workspace/didChangeConfiguration", {"settings": {"bytefim": {"model": NO_MODEL}}})
    own_server.client.wait_for(is_asking("window/showMessage"))

    assert warnings(own_server) == [f"bytefim: {NO_MODEL} is no model; choose another. fake goes on."]
    assert n_items(own_server) == 1


def n_times_idle(server: RunningServer) -> int:
    return sum(message["params"]["state"] == "idle" for message in server.client.heard("bytefim/status"))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"languages_off": ["rust", "python"]}, "switched off for language python (setting languages_off)"),
        ({"files_off": ["*.md", "a.*"]}, "switched off for files like a.* (setting files_off)"),
    ],
)
def test_what_is_switched_off_is_silent_unless_asked(
    start_server: StartServer, settings: dict[str, Any], reason: str
) -> None:
    """And the reason is one request away."""
    server = start_server()
    server.initialize(initializationOptions=settings)
    server.client.wait_for_state("idle")
    server.open(URI, "resu")

    assert n_items(server) == 0
    assert server.client.ask("bytefim/why", {"textDocument": {"uri": URI}})["reason"] == reason
    assert n_items(server, triggerKind=1) == 1
    change(server, 2, edit((0, 4), (0, 4), "l"))
    assert suggestion(server, 0, 5)[0] == "t = 1", "what was asked for and is seen stays"
    change(server, 3, edit((0, 5), (0, 5), "x"))
    assert server.client.ask(INLINE, at(0, 6)) == {"items": []}


def test_what_came_unasked_does_not_go_on_where_it_is_switched_off(start_server: StartServer) -> None:
    """Whoever switches a language off while ghost text is shown means that, too."""
    server = start_server()
    server.initialize()
    server.client.wait_for_state("idle")
    server.open(URI, "resu")
    shown = n_items(server)
    settings = {"settings": {"bytefim": {"languages_off": ["python"]}}}
    server.client.notify("workspace/didChangeConfiguration", settings)
    change(server, 2, edit((0, 4), (0, 4), "l"))

    assert shown == 1
    assert server.client.ask(INLINE, at(0, 5)) == {"items": []}


def test_no_setting_mutes_a_file_that_it_does_not_name(server: RunningServer) -> None:
    """Configuration files are where names are hardest to remember."""
    for name in ("config.json", "settings.json", ".env"):
        server.open(f"file:///w/{name}", "resu")

        assert n_items(server, uri=f"file:///w/{name}") == 1


def test_settings_of_others_are_neither_complained_of_nor_shown(start_server: StartServer) -> None:
    """Some editors send everybody's settings to everybody, passwords included."""
    server = start_server()
    server.initialize()
    server.client.wait_for_state("idle")
    everybodys = {"github": {"token": "ghp_secret123"}, "python": {}, "enabled": False}
    server.client.notify("workspace/didChangeConfiguration", {"settings": everybodys})
    server.client.wait_for_state("off")

    assert warnings(server) == []
    assert "ghp_secret123" not in server.log.read_text(encoding="utf-8")


def test_what_is_not_set_any_more_is_as_at_the_start(start_server: StartServer) -> None:
    """Whoever deletes a line of his settings wants it gone now, not after a restart."""
    server = start_server()
    server.initialize(capabilities=ASKABLE)
    tell(server, {"enabled": False})
    server.client.wait_for_state("off")
    server.client.notify("workspace/didChangeConfiguration", {"settings": None})
    second = server.client.wait_for(lambda m: is_asking("workspace/configuration")(m) and m["id"] != first_id(server))
    server.client.send({"id": second["id"], "result": [None]})
    server.open(URI, "resu")
    server.client.wait_for(lambda _: server.client.heard("bytefim/status")[-1]["params"]["state"] == "idle")

    assert n_items(server) == 1


def first_id(server: RunningServer) -> object:
    return server.client.heard("workspace/configuration")[0]["id"]
