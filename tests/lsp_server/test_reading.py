"""What is understood of messages that are not quite what the protocol says."""

from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import types

from lsp_server.editor.handshake import change_folders
from lsp_server.editor.reading import find_uri, make_converter, read_inline_params
from lsp_server.editor.server import build_server
from lsp_server.settings import DEFAULTS
from tests.lsp_server.editor import URI, at
from tests.lsp_server.fake_engine import FakeModel

A, B, C = "file:///a", "file:///b%20c", "vscode-remote://host/c"


def read_initialize(**params: object) -> types.InitializeParams:
    return make_converter().structure({"processId": None, "capabilities": {}, **params}, types.InitializeParams)


@pytest.mark.parametrize(
    ("params", "uris"),
    [
        ({"workspaceFolders": [{"uri": A, "name": "a"}, {"uri": B}], "rootUri": C}, [A, B]),
        ({"workspaceFolders": None, "rootUri": B}, [B]),
        ({"workspaceFolders": [], "rootUri": B}, [B]),
        ({"rootUri": C, "rootPath": "/c"}, [C]),
        ({"rootUri": None}, []),
        ({"workspaceFolders": "none", "rootUri": 5}, []),
        ({"workspaceFolders": [A, {"uri": None}, {}, {"uri": B}]}, [B]),
    ],
)
def test_folders_are_kept_as_the_editor_spells_them(params: dict[str, Any], uris: list[str]) -> None:
    """Old clients have one root, some have none; whatever is odd is left out."""
    read = read_initialize(**params)

    assert [folder.uri for folder in read.workspace_folders or []] == uris
    assert read.root_uri is None, "pygls would look for it on disk"


def test_only_what_is_offered_is_taken_for_offered() -> None:
    """The server must not ask for what the client does not know."""
    nothing = read_initialize(capabilities={"textDocument": None, "workspace": [], "window": {"workDoneProgress": 1}})
    offered = read_initialize(
        capabilities={
            "workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}},
            "window": {"workDoneProgress": True, "showMessage": {"messageActionItem": "?"}},
            "textDocument": {"inlineCompletion": {}, "completion": {"completionItem": 5}},
            "notebookDocument": {"synchronization": "?"},
        }
    )
    for read, is_offered in ((nothing.capabilities, False), (offered.capabilities, True)):
        assert read.workspace is not None
        assert read.workspace.did_change_configuration is not None
        assert read.window is not None
        assert read.text_document is not None
        assert read.workspace.configuration is is_offered
        assert read.workspace.did_change_configuration.dynamic_registration is is_offered
        assert read.window.work_done_progress is is_offered
        assert (read.text_document.inline_completion is not None) is is_offered
        assert (read.notebook_document is not None) is is_offered


def test_folders_come_and_go() -> None:
    """The order is that in which they came; what is named again is not there twice."""
    server = build_server(FakeModel().worker, settings=DEFAULTS)
    server.roots = (A, B)
    for added, removed in (([C], [A]), ([B], []), ([], ["file:///never"]), ([A], [A])):
        event = types.WorkspaceFoldersChangeEvent(
            [types.WorkspaceFolder(uri, "") for uri in added], [types.WorkspaceFolder(uri, "") for uri in removed]
        )
        change_folders(server, types.DidChangeWorkspaceFoldersParams(event))

    assert server.roots == (C, B, A)


@pytest.mark.parametrize(
    ("context", "is_invoked"),
    [({"triggerKind": 1}, True), ({"triggerKind": 2}, False), ({"triggerKind": 0}, False), ({"triggerKind": 3}, False),
     ({"triggerKind": True}, False), ({"triggerKind": "1"}, False), ({}, False), (None, False), (5, False)],
)  # fmt: skip
def test_a_trigger_is_automatic_unless_it_is_known_to_be_invoked(context: object, is_invoked: bool) -> None:
    """Trap 2: whatever it is, it is no reason for silence."""
    read = read_inline_params({**at(0, 4), "context": context})

    assert (read.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked) is is_invoked


@pytest.mark.parametrize("params", [None, 5, [], {}, {"textDocument": URI}, {"textDocument": {"uri": 5}}])
def test_no_document_is_found_where_none_is_named(params: object) -> None:
    """In whatever clients send to our own requests."""
    assert find_uri(params) is None
