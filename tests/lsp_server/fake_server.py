"""The real server process around a scripted model: `python -m tests.lsp_server.fake_server [SITUATION] [--tcp]`."""

from __future__ import annotations

import logging
import os
import sys
from functools import partial

from lsp_server.editor.serve import run_server
from lsp_server.editor.server import build_server
from lsp_server.model.process import ModelProcess
from lsp_server.settings import Settings


def main() -> int:
    """Serve like `bytefim serve`."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    situation = sys.argv[1] if len(sys.argv) > 1 else "good"
    child = (sys.executable, "-m", "tests.lsp_server.fake_child", situation)
    server = build_server(partial(ModelProcess, child), settings=Settings(deadline_ms=60_000))
    status = run_server(server, tcp=("127.0.0.1", 0) if "--tcp" in sys.argv else None)
    if not server.has_ended:
        os._exit(status)
    return status


if __name__ == "__main__":
    sys.exit(main())
