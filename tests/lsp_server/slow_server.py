"""The real server process around a model that takes longer than any typist: `python -m tests.lsp_server.slow_server`.

The argument is the text before which it is never done: it says a first token that nobody types, and goes on until it is
aborted. After that text it says a line.
"""

from __future__ import annotations

import logging
import sys

from byte_fim.complete import Completion
from byte_fim.errors import DecodeAborted
from lsp_server.editor.serve import run_server
from lsp_server.editor.server import build_server
from lsp_server.settings import Settings
from tests.lsp_server.fake_engine import PATIENCE_S, Asked, FakeModel, make_completion

FIRST_TOKEN = b"~"
LINE = b"(1)"


class SlowModel(FakeModel):
    """Done only when the user has stopped typing."""

    def answer(self, asked: Asked) -> Completion:
        """The line, or a beginning and then nothing but an abort."""
        if sys.argv[1].encode() in asked.prefix:
            return make_completion(LINE, "trimmed", asked.options)
        asked.find_end(FIRST_TOKEN)
        assert self.aborted.wait(PATIENCE_S), "nobody aborted"
        raise DecodeAborted


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    sys.exit(run_server(build_server(SlowModel().worker, settings=Settings(deadline_ms=60_000))))
