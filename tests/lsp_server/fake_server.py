"""The real server process around a scripted model: `python -m tests.lsp_server.fake_server [SITUATION] [--tcp]`."""

from __future__ import annotations

import logging
import os
import sys
import threading
from functools import partial

from byte_fim.model import BadModelFile
from lsp_server.engine import Engine
from lsp_server.model_catalog import LoadedModel
from lsp_server.serve import run_server
from lsp_server.server import build_server
from lsp_server.settings import Settings
from tests.lsp_server.fake_engine import FakeModel


def script(prefix: bytes) -> bytes:
    """A line that fits, whether or not the cursor is inside a character."""
    return b"\xa8 = 1\nnext" if prefix.endswith(b"\xc3") else b"lt = 1\nnext"


def load(settings: Settings, *, situation: str, fake: FakeModel) -> LoadedModel:
    """What befalls a model that is being loaded."""
    if situation == "bad":
        raise BadModelFile("fake.gguf is empty; download it again")
    if situation == "slow":
        threading.Event().wait()
    if situation == "noisy":
        print("printed by Python", flush=True)
        os.write(1, b"written by native code\n")
    return fake.load()


def main() -> int:
    """Serve like `bytefim serve`."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    situation = sys.argv[1] if len(sys.argv) > 1 else "good"
    fake = FakeModel(script)
    server = build_server(
        partial(load, situation=situation, fake=fake),
        settings=Settings(deadline_ms=60_000),
        make_engine=partial(Engine, complete=fake.complete),
    )
    status = run_server(server, tcp=("127.0.0.1", 0) if "--tcp" in sys.argv else None)
    if not server.has_ended:
        os._exit(status)
    return status


if __name__ == "__main__":
    sys.exit(main())
