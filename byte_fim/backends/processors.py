"""How many processors there are to compute with. Knows no runtime and no model."""

from __future__ import annotations

import os
import sys

MAX_THREADS = 8  # more wait for each other longer than they save


def usable_processors() -> int:
    """Processors that this process may use, at least 1."""
    # the affinity mask knows of containers and taskset, cpu_count does not; macOS and Windows have no such mask
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
