"""A model fetched in a process of its own, for the server, which itself never speaks to the network.

One line of JSON is read from stdin: name, mirror, proxy. Lines of JSON are written to stdout: where it goes and how far
it is, and at last where it lies or why it does not. Ends with its parent, whatever it is doing; what has arrived stays.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import cast

from byte_fim.errors import ModelError
from lsp_server.store.catalog import read_catalog
from lsp_server.store.download import Circumstances, Progress
from lsp_server.store.folders import require_user_folder
from lsp_server.store.pace import Pace
from lsp_server.store.part import NotFetched
from lsp_server.store.pull import pull
from lsp_server.store.web import Route
from lsp_server.system.child_process import die_quietly, end_with_parent

_PAUSE_S = 0.1  # the server lets fewer through


def main() -> int:
    """The exit status."""
    die_quietly()
    wish = cast("dict[str, str | None]", json.loads(_read_line()))
    end_with_parent()
    pace = Pace(time.monotonic, pause_s=_PAUSE_S)

    def tell(progress: Progress) -> None:
        if (report := pace.report(progress)) is not None:
            _say(message=report.line, percentage=report.percentage)

    circumstances = Circumstances(route=Route(mirror=wish["mirror"], proxy=wish["proxy"]), tell=tell)
    try:
        name = str(wish["name"])
        pulled = pull(name, catalog=read_catalog(), folder=require_user_folder(), circumstances=circumstances)
    except (ModelError, NotFetched) as error:
        _say(error=str(error))
        return 1
    _say(path=str(pulled.path), name=pulled.name, warning=pulled.entry.licence_warning)
    return 0


def _read_line() -> bytes:
    """Not one byte more than the line: the rest of stdin says when the parent has ended."""
    line = b""
    while (sign := os.read(0, 1)) not in (b"\n", b""):
        line += sign
    return line


def _say(**message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
