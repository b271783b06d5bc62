"""The real process of a model, around a scripted one: `python -m tests.lsp_server.fake_child SITUATION`."""

from __future__ import annotations

import os
import sys
import threading
import zlib

from byte_fim.errors import BadModelFile, ModelFailed, OutOfMemory
from lsp_server.model.child import work_for_server
from lsp_server.model.loading import LoadedModel
from lsp_server.model.work import ModelWork
from lsp_server.model.worker import Tell
from lsp_server.settings import Settings
from tests.lsp_server.fake_engine import FakeModel

CRASH = b"CRASH"  # a prefix that ends so is too much for the model's process
FAIL = b"FAIL"  # a prefix that ends so is too much for the model
NO_MODEL = "/w/broken.gguf"  # cannot be loaded
SUM = "SUM"  # of a prefix that ends so the checksum is said, so that tests can tell what was asked


def script(prefix: bytes) -> bytes:
    """A line that fits, whether or not the cursor is inside a character."""
    if prefix.endswith(CRASH):
        os.abort()
    if prefix.endswith(FAIL):
        raise ModelFailed("out of memory; choose a smaller model")
    if prefix.endswith(SUM.encode()):
        return b"_%d\nnext" % zlib.crc32(prefix)
    return b"\xa8 = 1\nnext" if prefix.endswith(b"\xc3") else b"lt = 1\nnext"


def make_worker(situation: str) -> ModelWork:
    """The scripted model, and what befalls it while it is being loaded."""
    fake = FakeModel(script)

    def load(settings: Settings, tell: Tell) -> LoadedModel:
        if settings.model == NO_MODEL:
            raise BadModelFile(f"{NO_MODEL} is no model; choose another.")
        match situation:
            case "bad":
                raise BadModelFile("fake.gguf is empty; download it again")
            case "no room":
                raise OutOfMemory("fake.gguf does not fit the memory; choose a smaller model")
            case "full":
                raise MemoryError
            case "broken":
                raise ZeroDivisionError("no error of ours")
            case "slow":
                threading.Event().wait()
            case "slow start":
                tell("reading", None)
                tell("reading", 50)
            case "noisy":
                print("printed by Python", flush=True)
                os.write(1, b"written by native code\n")
            case _:
                pass
        return fake.load()

    return ModelWork(load, complete=fake.complete)


if __name__ == "__main__":
    work_for_server(lambda: make_worker(sys.argv[1]))
