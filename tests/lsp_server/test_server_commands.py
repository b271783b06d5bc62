"""What the user and his editor do by name, with a real server process: commands, and notifications beyond LSP."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.lsp_server.conftest import RunningServer, StartServer
from tests.lsp_server.editor import INLINE, URI, at, change, edit


def run(server: RunningServer, command: str, *arguments: object) -> Any:
    """The result of a command of ours."""
    params = {"command": f"bytefim.{command}", "arguments": list(arguments)}
    return server.client.ask("workspace/executeCommand", params)


def refuse(server: RunningServer, command: str, *arguments: object) -> str:
    """The message of the error that a command ends in."""
    params = {"command": f"bytefim.{command}", "arguments": list(arguments)}
    return server.client.reply(server.client.request("workspace/executeCommand", params))["error"]["message"]


def show(server: RunningServer) -> dict[str, Any]:
    """The one item, after `resu`."""
    (item,) = server.client.ask(INLINE, at(0, 4))["items"]
    return item


def counted(server: RunningServer, since: Mapping[str, Any]) -> dict[str, int]:
    """What was counted since then, in this file of tests: all servers of it share the user's statistics."""
    now = run(server, "statistics")
    return {name: n - since[name] for name, n in now.items() if name != "latency_ms" and n != since[name]}


def test_why_tells_the_last_decision(server: RunningServer) -> None:
    """The fields of the contract."""
    server.open(URI, "resu")
    server.client.ask(INLINE, at(0, 4))
    why = server.client.ask("bytefim/why", {"textDocument": {"uri": URI}})

    assert set(why) >= {
        "outcome", "reason", "rule", "layout", "tokens", "timings_ms", "missing_mass", "context_files",
        "served_by", "memory",
    }  # fmt: skip
    assert (why["outcome"], why["reason"], why["layout"]) == ("shown", "end of line", "plain")
    assert run(server, "why", URI) == run(server, "why", {"textDocument": {"uri": URI}}) == run(server, "why") == why


def test_toggle_silences_and_brings_back(own_server: RunningServer) -> None:
    """The state is told, so that a status line can show it."""
    own_server.open(URI, "resu")

    assert run(own_server, "toggle") == {"enabled": False}
    assert own_server.client.wait_for_state("off")["message"] == "completion is turned off"
    assert own_server.client.ask(INLINE, at(0, 4)) == {"items": []}
    assert run(own_server, "toggle") == {"enabled": True}
    assert len(own_server.client.ask(INLINE, at(0, 4))["items"]) == 1


def test_toggle_with_a_wish_is_no_toggle(own_server: RunningServer) -> None:
    """For keys of their own, to pause and to go on."""
    assert [run(own_server, "toggle", wish)["enabled"] for wish in (True, False, False, True)] == [
        True, False, False, True,
    ]  # fmt: skip
    assert run(own_server, "toggle", "what") == {"enabled": False}


def test_accepting_is_taken_note_of(own_server: RunningServer) -> None:
    """Editors run the command after inserting; an error would be a popup."""
    assert run(own_server, "accept", {"id": "s1"}) is None
    for odd in ({"id": 5}, {"id": "a\nb"}, "s2", 5, None, []):
        assert run(own_server, "accept", odd) is None
    assert run(own_server, "accept") is None
    assert own_server.stop() == 0
    log = own_server.log.read_text(encoding="utf-8")
    assert [line.partition("accepted ")[2] for line in log.splitlines() if "accepted " in line] == ["id=s1", "id=s2"]


def test_the_model_can_be_loaded_anew(own_server: RunningServer) -> None:
    """After a crash that was one too many, without losing the documents."""
    own_server.open(URI, "resu")
    assert run(own_server, "restartModel") is None

    wait_for_idle(own_server, 2)
    assert show(own_server)["insertText"] == "lt = 1"


def test_another_model_is_chosen_by_name(own_server: RunningServer) -> None:
    """Without an argument it tells what there is, so that an editor can offer it."""
    known = run(own_server, "selectModel")

    assert known == {"models": ["bytefim-tiny", "bytefim-nano-spm"], "current": "bytefim-tiny"}
    chosen = run(own_server, "selectModel", "bytefim-nano-spm")
    assert chosen["current"] == "bytefim-nano-spm"
    wait_for_idle(own_server, 2)
    assert run(own_server, "selectModel") == chosen


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("gpt", "There is no model named 'gpt'; use one of"),
        ("/no/such/model.gguf", "There is no file /no/such/model.gguf"),
        (5, "5 is no model; give a name or a path."),
    ],
)
def test_a_model_that_is_not_there_is_an_error_and_changes_nothing(
    server: RunningServer, name: object, sentence: str
) -> None:
    """One sentence, and the model that works goes on working."""
    assert sentence in refuse(server, "selectModel", name)
    server.open(URI, "resu")

    assert show(server)["insertText"] == "lt = 1"
    assert len(server.client.heard("bytefim/status")) == 2, "loading and idle"


def test_an_unknown_command_is_an_error(server: RunningServer) -> None:
    """And nothing else."""
    assert "bytefim.fly" in refuse(server, "fly")


def accept_by_command(server: RunningServer, item: Mapping[str, Any]) -> None:
    server.client.ask("workspace/executeCommand", item["command"])


def accept_by_edit(server: RunningServer, item: Mapping[str, Any]) -> None:
    change(server, 2, {"range": item["range"], "text": item["insertText"]})


def accept_by_both(server: RunningServer, item: Mapping[str, Any]) -> None:
    accept_by_edit(server, item)
    accept_by_command(server, item)


def type_through(server: RunningServer, item: Mapping[str, Any]) -> None:
    for column, character in enumerate(item["insertText"], start=4):
        server.client.ask(INLINE, at(0, column))
        change(server, column, edit((0, column), (0, column), character))


def accept_a_word(server: RunningServer, item: Mapping[str, Any]) -> None:
    told = {"item": item, "acceptedLength": 2}
    server.client.notify("textDocument/didPartiallyAcceptCompletion", told)
    change(server, 2, edit((0, 4), (0, 4), "lt"))
    change(server, 3, edit((0, 6), (0, 6), "x"))


def type_something_else(server: RunningServer, item: Mapping[str, Any]) -> None:
    change(server, 2, edit((0, 4), (0, 4), "z"))


@pytest.mark.parametrize(
    ("do", "fate"),
    [
        (accept_by_command, "accepted"),
        (accept_by_edit, "accepted"),
        (accept_by_both, "accepted"),
        (type_through, "typed_through"),
        (accept_a_word, "accepted_in_part"),
        (type_something_else, "unknown"),
    ],
)
def test_what_becomes_of_a_suggestion_is_counted(
    server: RunningServer, do: Callable[[RunningServer, Mapping[str, Any]], None], fate: str
) -> None:
    """Whatever the editor tells of it; each suggestion is shown once, however often its rest is asked for."""
    server.open(URI, "")  # ends what the test before has shown
    since = run(server, "statistics")
    server.open(URI, "resu")
    do(server, show(server))

    assert counted(server, since) == {"shown": 1, fate: 1}


def test_an_item_that_was_drawn_is_counted_once(server: RunningServer) -> None:
    """Copilot's dialect; other shapes are passed over."""
    server.open(URI, "resu")
    since = run(server, "statistics")
    item = show(server)
    for told in ({"item": item}, {"item": item}, {"item": {}}, {"item": {"command": {"arguments": ["s1"]}}}, None, []):
        server.client.notify("textDocument/didShowCompletion", told)
        server.client.notify("textDocument/didPartiallyAcceptCompletion", told)
    server.client.notify("textDocument/didFocus", {"textDocument": {"uri": URI}})
    server.client.notify("textDocument/didFocus", {"textDocument": 5})

    assert counted(server, since) == {"shown": 1, "displayed": 1}
    assert server.client.heard("window/showMessage") == []


def test_statistics_outlive_the_server_and_hold_no_text(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file in the user's cache folder, of numbers."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    for _ in range(2):
        server = start_server()
        server.initialize()
        server.client.wait_for_state("idle")
        server.open(URI, "resu")
        show(server)
        assert server.stop() == 0
    (file,) = tmp_path.rglob("statistics.json")
    statistics = json.loads(file.read_text(encoding="utf-8"))["statistics"]

    assert (statistics["counts"]["shown"], statistics["counts"]["unknown"]) == (2, 2)
    assert len(statistics["latencies_ms"]) == 2
    assert "resu" not in file.read_text(encoding="utf-8")


def test_switched_off_statistics_leave_no_file(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """False keeps nothing."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    server = start_server()
    server.initialize(initializationOptions={"statistics": False})
    server.client.wait_for_state("idle")
    server.open(URI, "resu")
    show(server)

    assert run(server, "statistics")["shown"] == 0
    assert server.stop() == 0
    assert list(tmp_path.rglob("statistics.json")) == []


def wait_for_idle(server: RunningServer, n_times: int) -> None:
    """Until the model has been loaded so often."""
    server.client.wait_for(
        lambda _: sum(m["params"]["state"] == "idle" for m in server.client.heard("bytefim/status")) >= n_times
    )


def test_what_waits_when_it_is_turned_off_gets_nothing(own_server: RunningServer) -> None:
    """Nothing pops up after the user has asked for silence."""
    own_server.open(URI, "WAIT")
    number = own_server.client.request(INLINE, at(0, 4))
    run(own_server, "toggle")

    assert own_server.client.reply(number)["result"] == {"items": []}


def test_a_shutdown_while_a_command_runs_is_a_shutdown(own_server: RunningServer) -> None:
    """Editors kill a server that answers it with an error."""
    own_server.client.request("workspace/executeCommand", {"command": "bytefim.selectModel", "arguments": []})

    assert own_server.stop() == 0
