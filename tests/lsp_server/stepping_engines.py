"""A model that says a few things a token at a time, and how tests of typing ask an engine around it."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

import pytest

from lsp_server.engine.engine import Engine
from lsp_server.suggestion.answer import Answer
from tests.lsp_server.engines import ALONE, wait_for
from tests.lsp_server.requests import ask
from tests.lsp_server.stepping_model import SteppingModel

WITH_PREFETCH = replace(ALONE, prefetch=True)
SAID = {b"foo.": b"bar(x)\n", b"foo.bar(x)": b"\n    pass\n", b"foo.z": b"oo\n", b"q": b"r\n"}


@pytest.fixture
def model() -> SteppingModel:
    """Says what SAID has, a byte at a time, and otherwise nothing."""
    return SteppingModel(lambda prefix, suffix: (bytes([byte]) for byte in SAID.get(prefix, b"")))


def shown(future: Future[Answer]) -> tuple[bytes, str]:
    answer = wait_for(future)
    return answer.middle, answer.served_by


def begin_prefetch(model: SteppingModel, engine: Engine) -> None:
    """`bar(x)` is shown after `foo.`, and the model is about to say what comes behind it."""
    first = engine.submit(ask(b"foo."))
    model.step(len(SAID[b"foo."]))
    assert shown(first) == (b"bar(x)", "model")
    assert model.asked == [b"foo.", b"foo.bar(x)"]
