"""The loading of a model, shown by the editor."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest
from lsprotocol import types

from lsp_server.editor.progress import LEAST_PAUSE_S, LoadingProgress


class Editor:
    """Agrees when the test says so, and notes what it is to show."""

    def __init__(self) -> None:
        self.asked: list[Future[None]] = []
        self.tokens: list[types.ProgressToken] = []
        self.shown: list[Any] = []

    def window_work_done_progress_create(self, params: types.WorkDoneProgressCreateParams) -> Future[None]:
        self.tokens.append(params.token)
        self.asked.append(Future())
        return self.asked[-1]

    def progress(self, params: types.ProgressParams) -> None:
        value: Any = params.value
        self.shown.append((value.kind, value.message, getattr(value, "percentage", None)))


class Loading:
    """A loading that is shown, and its clock."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.editor = Editor()
        self.progress = LoadingProgress(self.editor, clock=lambda: self.now_s)
        self.progress.is_offered = True


@pytest.fixture
def loading() -> Loading:
    """Nothing is loaded yet."""
    return Loading()


def test_an_editor_that_does_not_offer_it_is_not_asked(loading: Loading) -> None:
    """LSP forbids it."""
    loading.progress.is_offered = False
    loading.progress.load("reading", None)
    loading.progress.end("ready")

    assert loading.editor.asked == []
    assert loading.editor.shown == []


def test_it_begins_with_what_is_known_by_then_and_ends(loading: Loading) -> None:
    """The editor may take its time to agree."""
    loading.progress.load("reading", None)
    loading.progress.load("reading", 40)
    assert loading.editor.shown == []
    loading.editor.asked[0].set_result(None)
    loading.progress.end("ready")

    assert loading.editor.shown == [("begin", "reading", 40), ("end", "ready", None)]


def test_there_are_at_most_four_reports_a_second(loading: Loading) -> None:
    """Editors draw each of them."""
    loading.progress.load("reading", 0)
    loading.editor.asked[0].set_result(None)
    for percentage in range(100):
        loading.now_s = percentage / 100
        loading.progress.load("reading", percentage)

    assert [shown[2] for shown in loading.editor.shown] == [0, 25, 50, 75]
    assert LEAST_PAUSE_S == 0.25


@pytest.mark.parametrize("answer", ["refused", "cancelled", "too late"])
def test_without_a_place_nothing_is_shown(loading: Loading, answer: str) -> None:
    """A token that the editor does not know is an error in some."""
    loading.progress.load("reading", None)
    (asked,) = loading.editor.asked
    if answer == "refused":
        asked.set_exception(RuntimeError("no"))
    elif answer == "cancelled":
        asked.cancel()
    loading.progress.end("ready")
    if answer == "too late":
        asked.set_result(None)

    assert loading.editor.shown == []


def test_every_loading_has_a_token_of_its_own(loading: Loading) -> None:
    """Models are restarted; a cancellation of the first must not stop the second."""
    for _ in range(2):
        loading.progress.load("reading", None)
        loading.editor.asked[-1].set_result(None)
        loading.progress.end("ready")
    loading.progress.load("reading", None)
    first, second, third = loading.editor.tokens

    assert len({first, second, third}) == 3
    assert loading.progress.is_about(third)
    assert not loading.progress.is_about(second)
    assert not loading.progress.is_about(None)
