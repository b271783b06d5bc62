"""The real process of a model that may have little memory beyond itself: `python -m tests.lsp_server.starved_child`."""

from __future__ import annotations

import resource
from pathlib import Path

from lsp_server.model.child import work_for_server
from lsp_server.model.work import ModelWork

# what ours is has to be left alone: the process that tries the model begins with as much as this one
EXTRA_BYTES = 300 << 20


def make_worker() -> ModelWork:
    """The model at work, after the limit was set."""
    import byte_fim.backends.llama_cpp as loaded_before  # noqa: F401

    n_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit_bytes = n_pages * resource.getpagesize() + EXTRA_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
    return ModelWork()


if __name__ == "__main__":
    work_for_server(make_worker)
