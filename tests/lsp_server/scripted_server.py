"""The real server process around a model that says what a file tells it: `python -m tests.lsp_server.scripted_server`.

The argument is a JSON file: a list of objects with `prefix`, `suffix`, `says_hex`, the middle's bytes, and `is_endless`
for a model that is at work until it is aborted. To anything else it says nothing. What it is asked goes to stderr.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from byte_fim.complete import Completion
from byte_fim.errors import DecodeAborted
from lsp_server.editor.serve import run_server
from lsp_server.editor.server import build_server
from lsp_server.settings import Settings
from tests.lsp_server.fake_engine import PATIENCE_S, Asked, FakeModel, make_completion

ASKED = "asked "  # begins a line of stderr; prefix and suffix follow as JSON


@dataclass(frozen=True, slots=True)
class Line:
    """What the model says."""

    says: bytes
    is_endless: bool = False
    """having said this, it is at work until it is aborted"""


Script = Mapping[tuple[bytes, bytes], Line]


class ScriptedModel(FakeModel):
    """Says what stands in the script for exactly this prefix and suffix."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self._script = script

    def answer(self, asked: Asked) -> Completion:
        """The middle of the script, cut where the server says that it is finished."""
        line = self._script.get((asked.prefix, asked.suffix), Line(b""))
        middle = line.says
        if line.is_endless:
            asked.find_end(middle)
            tell_asked(asked)
            assert self.aborted.wait(PATIENCE_S), "nobody aborted"
            raise DecodeAborted
        tell_asked(asked)
        if (kept := asked.find_end(middle)) is not None:
            return make_completion(middle[:kept], "trimmed", asked.options)
        return make_completion(middle, "end", asked.options)


def tell_asked(asked: Asked) -> None:
    """In one piece: the log goes the same way."""
    sys.stderr.write(ASKED + json.dumps([asked.prefix.decode(), asked.suffix.decode()]) + "\n")


def read_script(path: Path) -> Script:
    """See the module."""
    return {
        (line["prefix"].encode(), line["suffix"].encode()): Line(bytes.fromhex(line["says_hex"]), line["is_endless"])
        for line in json.loads(path.read_text(encoding="utf-8"))
    }


def main() -> int:
    """Serve like `bytefim serve`."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    model = ScriptedModel(read_script(Path(sys.argv[1])))
    server = build_server(model.worker, settings=Settings(deadline_ms=60_000))
    status = run_server(server)
    if not server.has_ended:
        os._exit(status)
    return status


if __name__ == "__main__":
    sys.exit(main())
