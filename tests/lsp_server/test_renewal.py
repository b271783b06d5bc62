"""Other files from the editor to the model and to `bytefim/why`, and how they are chosen anew while nobody waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from lsprotocol import types

from byte_fim.fim import FimFormat
from lsp_server.context.chunks import NONE_CHOSEN, NOT_TRAINED, OFF, SHOWN
from lsp_server.context.gathering import Gathering
from lsp_server.documents.documents import Document, Documents
from lsp_server.documents.request import CompletionRequest
from lsp_server.editor import renewal as renewal
from lsp_server.editor.renewal import Renewal
from lsp_server.editor.server import build_server
from lsp_server.editor.session import BytefimServer
from lsp_server.editor.suggestions import complete_inline
from lsp_server.engine.engine import Engine
from lsp_server.engine.schedule import Schedule
from lsp_server.engine.state import EngineState
from lsp_server.model.loading import LoadedModel
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer
from tests.lsp_server.fake_engine import PATIENCE_S, WAIT, FakeModel
from tests.lsp_server.requests import ask

STORE = "class Store:\n  path = 1\n"  # the toy model has room for little
OWN = "from store import Store\nstore = Store(path)\nresu"
PATIENT = Settings(deadline_ms=60_000, prefetch=False)


class FilesModel(FakeModel):
    """Takes itself for one that was trained on repositories."""

    def load(self, *_: object) -> LoadedModel:
        return replace(super().load(), fim=FimFormat(None, None, None, repository_id=1, file_id=2))


@pytest.fixture
def model() -> FilesModel:
    """Says the same to everything."""
    return FilesModel()


@pytest.fixture
def server(model: FilesModel, tmp_path: Path) -> Iterator[BytefimServer]:
    """A server without a connection, its engine ready, own.py open."""
    server, is_ready = build_server(model.worker, settings=PATIENT), threading.Event()
    server.roots = ((tmp_path / "w").as_uri(),)

    def on_state(state: EngineState) -> None:
        if state.state == "idle":
            is_ready.set()

    server.engine = Engine(model.worker, PATIENT, on_state=on_state)
    assert is_ready.wait(PATIENCE_S)
    open_document(server, "own.py", OWN)
    yield server
    server.engine.close()


def uri_of(server: BytefimServer, name: str) -> str:
    return f"{server.roots[0]}/{name}"


def open_document(server: BytefimServer, name: str, text: str) -> None:
    server.documents.open(Document(uri_of(server, name), text))


async def complete(server: BytefimServer, name: str) -> None:
    """Ask at the end of OWN, or of a shorter text."""
    context = types.InlineCompletionContext(types.InlineCompletionTriggerKind.Automatic)
    document = types.TextDocumentIdentifier(uri_of(server, name))
    await complete_inline(server, types.InlineCompletionParams(context, document, types.Position(2, 4)))


async def why(server: BytefimServer, name: str = "own.py") -> Answer:
    """What became of a request at the end of OWN."""
    assert server.engine is not None
    await complete(server, name)
    answer = server.engine.find_last_answer(uri_of(server, name))
    assert answer is not None
    return answer


async def test_an_open_file_of_the_workspace_reaches_the_model_and_why(server: BytefimServer) -> None:
    """All the way: mirror, choice, prompt, answer."""
    open_document(server, "src/store.py", STORE)
    answer = await why(server)

    assert answer.context_files == ("src/store.py",)
    assert answer.tokens["context"] > len(STORE)


@pytest.mark.parametrize("name", ["config.json", "settings.json", ".env"])
async def test_no_kind_of_file_is_muted(server: BytefimServer, name: str) -> None:
    """What is not shown for others is completed all the same."""
    open_document(server, name, OWN)

    assert (await why(server, name)).middle == b"lt = 1"


async def test_switched_off_nothing_is_gathered(server: BytefimServer) -> None:
    """The setting is a promise."""
    open_document(server, "store.py", STORE)
    server.configuration.choose(context_files=False)
    document = server.documents.find(uri_of(server, "own.py"))
    assert document is not None

    assert server.request_at(document, types.Position(2, 4)).context == ()


async def test_in_idle_time_a_new_choice_is_evaluated_and_then_shown(server: BytefimServer, model: FilesModel) -> None:
    """A file that was opened since is shown at the first key after its evaluation."""
    assert server.engine is not None
    assert (await why(server)).context_files == ()
    open_document(server, "store.py", STORE)
    document = server.documents.find(uri_of(server, "own.py"))
    assert document is not None
    request, is_asked = server.request_at(document, types.Position(2, 4)), threading.Event()

    def note(prefix: bytes) -> bytes:
        is_asked.set()
        return b""

    model.script = note
    server.renewal.renew(request, server.engine, server.roots)
    assert request.context == ()
    assert is_asked.wait(PATIENCE_S)
    assert server.engine.close()

    assert [chunk.path for chunk in server.request_at(document, types.Position(2, 4)).context] == ["store.py"]


async def test_while_somebody_waits_nothing_is_chosen_anew(
    server: BytefimServer, model: FilesModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was planned is about a text that may be gone, and the answer is what the machine is for."""
    renewed: list[str] = []

    def renew(request: CompletionRequest, roots: object) -> None:
        renewed.append(request.uri)

    monkeypatch.setattr(renewal, "IDLE_S", 0.0)
    monkeypatch.setattr(server.gathering, "renew", renew)
    assert (await why(server)).context_reason == NONE_CHOSEN
    open_document(server, "wait.py", WAIT.decode())
    waiting = asyncio.create_task(complete(server, "wait.py"))
    assert await asyncio.to_thread(model.waiting.wait, PATIENCE_S)
    renewed_meanwhile = list(renewed)
    waiting.cancel()
    await asyncio.wait([waiting])

    assert renewed_meanwhile == []


async def test_switched_off_nothing_is_evaluated_ahead(server: BytefimServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody will ask for it."""
    warmed: list[CompletionRequest] = []

    def warm(_: Schedule, request: CompletionRequest, *, settings: Settings) -> None:
        warmed.append(request)

    monkeypatch.setattr(Schedule, "warm", warm)
    assert server.engine is not None
    request = ask(OWN.encode())
    server.engine.warm(request)
    server.engine.configure(replace(PATIENT, enabled=False))
    server.engine.warm(request)

    assert warmed == [request]


class WarmingEngine:
    """Remembers what it was to warm."""

    def __init__(self) -> None:
        self.warmed: list[CompletionRequest] = []

    def warm(self, request: CompletionRequest) -> None:
        self.warmed.append(request)


@pytest.mark.parametrize(
    ("reasons", "n_warmed"),
    [
        ((NONE_CHOSEN, NONE_CHOSEN, SHOWN), 1),
        ((NOT_TRAINED,), 0),
        ((OFF,), 0),
        ((SHOWN, ""), 0),
        ((SHOWN, NOT_TRAINED), 0),
    ],
)
async def test_only_after_an_answer_of_a_model_that_knows_files_it_is_kept_busy(
    reasons: tuple[str, ...], n_warmed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the others, and after refusals, idle work would be heat."""
    monkeypatch.setattr(renewal, "IDLE_S", 0.0)
    documents, engine, roots = Documents(), WarmingEngine(), ("file:///w",)
    gathering = Gathering(documents)
    request = gathering.surround(ask(OWN.encode(), uri="file:///w/own.py"), roots)
    documents.open(Document("file:///w/store.py", STORE))
    idle = Renewal(gathering)
    for reason in reasons:  # each takes the place of the one before
        idle.plan(request, Answer(outcome="empty", reason="", context_reason=reason), cast(Engine, engine), roots)
    for _ in range(3):
        await asyncio.sleep(0)

    assert len(engine.warmed) == n_warmed
