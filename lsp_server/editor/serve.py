"""`bytefim serve`: settings, log and transport put together around the server. Knows no messages and no documents."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from lsp_server.editor.protocol import BytefimProtocol
from lsp_server.editor.server import build_server
from lsp_server.editor.session import BytefimServer
from lsp_server.editor.transport import NotThisMachine, run_stdio, run_tcp
from lsp_server.model.process import ModelProcess
from lsp_server.settings import DEFAULTS
from lsp_server.settings_reading import read_settings, with_models

_log = logging.getLogger(__name__)


def serve(
    *,
    models: Sequence[str] = (),
    weights: tuple[float, ...] = (),
    loras: tuple[str, ...] = (),
    settings_path: Path | None = None,
    tcp: tuple[str, int] | None = None,
) -> int:
    """`bytefim serve`: on stdio unless an address is given; the exit status."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings, warnings = read_settings(settings_path) if settings_path else (DEFAULTS, ())
    settings = replace(with_models(settings, models, weights), lora=loras or settings.lora)
    server = build_server(ModelProcess, settings=settings)
    server.complaints = warnings
    try:
        status = run_server(server, tcp=tcp)
    except NotThisMachine as error:
        print(f"bytefim: cannot serve: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"bytefim: cannot serve: {error}; choose another port with --tcp", file=sys.stderr)
        return 1
    if not server.has_ended:
        # native code is still at work on the engine's thread and would be pulled down in its midst
        logging.shutdown()
        os._exit(status)
    return status


def run_server(server: BytefimServer, *, tcp: tuple[str, int] | None = None) -> int:
    """Serve until the end of the one connection; the exit status."""
    # what was imported stays; collecting garbage shall not go through all of it, 24 ms, in the middle of a key press
    gc.freeze()
    protocol = cast(BytefimProtocol, server.protocol)
    if tcp is None:
        return run_stdio(protocol, on_end=server.close)
    host, port = tcp
    return run_tcp(
        protocol,
        host,
        port,
        on_listening=lambda port: _log.info("listening host=%s port=%d", host, port),
        on_end=server.close,
    )
