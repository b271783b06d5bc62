"""What the server and the model's process say to each other: plain values, pickled one after the other over two pipes.

Both ends are the same installation, and nobody else can write into these pipes. Knows no process and no model.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import IO

from lsp_server.documents.request import CompletionRequest
from lsp_server.model.worker import Done, Ready
from lsp_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Load:
    """The first job: answered by Told, any number of times, then Ready or Failed."""

    settings: Settings


@dataclass(frozen=True, slots=True)
class _AtCursor:
    asked: CompletionRequest
    settings: Settings


@dataclass(frozen=True, slots=True)
class Ask(_AtCursor):
    """Answered by Grew, any number of times, then Done or Failed."""


@dataclass(frozen=True, slots=True)
class LayOutAnew(_AtCursor):
    """Answered by None or Failed."""


@dataclass(frozen=True, slots=True)
class SetAbort:
    """No job: takes effect at once, and is not answered."""

    is_set: bool


@dataclass(frozen=True, slots=True)
class Told:
    """How far the loading is."""

    message: str
    percentage: int | None


@dataclass(frozen=True, slots=True)
class Grew:
    """The middle so far."""

    middle: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """What the worker raised: CannotLoad, WorkFailed, WorkAborted."""

    error: Exception


Job = Load | Ask | LayOutAnew
Reply = Told | Ready | Grew | Done | Failed | None


def write(stream: IO[bytes], message: Job | SetAbort | Reply) -> None:
    """Raises OSError or ValueError when nobody reads any more."""
    stream.write(pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))
    stream.flush()


def read(stream: IO[bytes]) -> object:
    """The next message. Raises EOFError when there is none, also in the middle of one."""
    try:
        return pickle.load(stream)
    except (pickle.UnpicklingError, AttributeError, ImportError, IndexError, ValueError, TypeError) as error:
        # cut off, or no message at all: somebody else has written, or the installation was changed meanwhile
        raise EOFError from error
