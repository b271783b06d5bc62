"""Messages of editors, read forgivingly where clients are known to differ from the protocol library's types.

What cannot be understood and is not needed is left out; what is needed and missing raises, and protocol.py answers.
Knows shapes of messages; knows nothing of documents, models or suggestions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import cast

import cattrs
from lsprotocol import types
from pygls.protocol import default_converter

Json = Mapping[str, object]

_LARGEST = 2**31 - 1  # of LSP's numbers


def make_converter() -> cattrs.Converter:
    """lsprotocol's converter with forgiving hooks, but for what a text is made of: there a guess would corrupt it."""
    converter = default_converter()
    for kind in (str, int):
        # the library would make "None" of null, and 1 of true
        converter.register_structure_hook(kind, _read_exactly)
    converter.register_structure_hook(types.Position, lambda position, _: _read_position(position))
    converter.register_structure_hook(types.TextDocumentContentChangePartial, _read_partial_change)
    structure_initialize = converter.get_structure_hook(types.InitializeParams)

    def read_initialize(params: Json, cls: type) -> types.InitializeParams:
        return structure_initialize(_needed_of_initialize(params), cls)

    converter.register_structure_hook(types.InitializeParams, read_initialize)
    converter.register_structure_hook(types.InlineCompletionParams, read_inline_params)
    converter.register_structure_hook(types.CompletionParams, _read_completion_params)
    return converter


def read_inline_params(params: Json, _: type = types.InlineCompletionParams) -> types.InlineCompletionParams:
    """Document and position as they come; of the context, what is understood.

    A trigger that is unknown or missing counts as automatic. Raises KeyError, TypeError.
    """
    context = member(params, "context")
    # a JSON true is no 1, though Python says so
    is_invoked = context.get("triggerKind") == 1 and context.get("triggerKind") is not True
    kinds = types.InlineCompletionTriggerKind
    return types.InlineCompletionParams(
        context=types.InlineCompletionContext(
            trigger_kind=kinds.Invoked if is_invoked else kinds.Automatic,
            selected_completion_info=_read_selected(context.get("selectedCompletionInfo")),
        ),
        text_document=_read_document(params),
        position=_read_position(params["position"]),
    )


def find_uri(params: object) -> str | None:
    """The document, or the notebook, that the parameters of a message name, if they name one."""
    uri = (member(params, "textDocument") or member(params, "notebookDocument")).get("uri")
    return uri if isinstance(uri, str) else None


def find_suggestion_id(arguments: Sequence[object]) -> str | None:
    """The id among the arguments of the command that an item carries: `{id}`, or the id itself.

    Only letters and digits, as we gave it: it stands in the log as it is.
    """
    first = arguments[0] if arguments else None
    suggestion_id = cast(Json, first).get("id") if isinstance(first, Mapping) else first
    return suggestion_id if isinstance(suggestion_id, str) and suggestion_id.isalnum() else None


def member(values: object, name: str) -> Json:
    """The object under this name; an empty one when there is none."""
    value = cast(Json, values).get(name) if isinstance(values, Mapping) else None
    return cast(Json, value) if isinstance(value, Mapping) else {}


def _read_completion_params(params: Json, _: type) -> types.CompletionParams:
    return types.CompletionParams(text_document=_read_document(params), position=_read_position(params["position"]))


def _read_document(params: Json) -> types.TextDocumentIdentifier:
    if (uri := find_uri(params)) is None:
        raise TypeError("no document")
    return types.TextDocumentIdentifier(uri)


def _read_position(position: object) -> types.Position:
    line, character = cast(Json, position)["line"], cast(Json, position)["character"]
    if type(line) is not int or type(character) is not int:
        raise TypeError("no position")
    # editors mean the end of a line by the largest number that they know, which may be more than LSP allows
    return types.Position(min(line, _LARGEST), min(character, _LARGEST))


def _read_range(holder: object) -> types.Range:
    """The range that a message holds; none there raises KeyError."""
    edges = member(holder, "range")
    return types.Range(_read_position(edges["start"]), _read_position(edges["end"]))


def _read_partial_change(change: Json, _: type) -> types.TextDocumentContentChangePartial:
    """Range and text; the length of the range, which editors count in different ways, says nothing new."""
    text = change["text"]
    if not isinstance(text, str):
        raise TypeError("no text")
    return types.TextDocumentContentChangePartial(_read_range(change), text)


def _read_exactly(value: object, kind: type) -> object:
    if issubclass(kind, Enum):  # enumerations are strings or integers too
        return kind(value)
    if type(value) is not kind:
        raise TypeError(f"no {kind.__name__}")
    return value


def _read_selected(selected: object) -> types.SelectedCompletionInfo | None:
    try:
        edited, text = _read_range(selected), cast(Json, selected)["text"]
    except (KeyError, TypeError, ValueError):
        return None
    return types.SelectedCompletionInfo(edited, text) if isinstance(text, str) else None


def _needed_of_initialize(params: Json) -> Json:
    """Only what we look at: reading all of it is slow, and one unknown word in it would make the server unusable."""
    process_id = params.get("processId")
    return {
        "processId": process_id if isinstance(process_id, int) else None,
        "rootUri": None,  # pygls would want to find it on disk
        "workspaceFolders": list(_read_folders(params)),
        "capabilities": _needed_capabilities(member(params, "capabilities")),
        "initializationOptions": params.get("initializationOptions"),
    }


def _read_folders(params: Json) -> Iterator[Json]:
    """The folders of the workspace; of an older client, its one root."""
    folders = params.get("workspaceFolders")
    listed = cast(list[object], folders) if isinstance(folders, list) and folders else [{"uri": params.get("rootUri")}]
    for folder in listed:
        uri = cast(Json, folder).get("uri") if isinstance(folder, Mapping) else None
        if isinstance(uri, str) and uri:
            yield {"uri": uri, "name": ""}


def _needed_capabilities(offered: Json) -> Json:
    encodings = member(offered, "general").get("positionEncodings")
    words = cast(list[object], encodings) if isinstance(encodings, list) else []
    workspace, window, text = (member(offered, name) for name in ("workspace", "window", "textDocument"))
    needed: dict[str, object] = {
        "general": {"positionEncodings": [word for word in words if isinstance(word, str)]},
        "workspace": {
            "configuration": workspace.get("configuration") is True,
            "didChangeConfiguration": _registration(member(workspace, "didChangeConfiguration")),
        },
        "window": {"workDoneProgress": window.get("workDoneProgress") is True},
        "textDocument": {
            name: _registration(member(text, name)) for name in ("inlineCompletion", "completion") if name in text
        },
    }
    if isinstance(offered.get("notebookDocument"), Mapping):
        needed["notebookDocument"] = {"synchronization": {}}
    return needed


def _registration(offered: Json) -> Json:
    return {"dynamicRegistration": offered.get("dynamicRegistration") is True}
