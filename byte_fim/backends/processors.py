"""How many processors there are to compute with, and how threads wait for each other. Knows no runtime and no model."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

MAX_THREADS = 8  # more wait for each other longer than they save
# Between two layers the threads of OpenMP spin by default. When the machine is busy with something else (an editor, a
# build) the spinning keeps the very thread from running that all wait for, and a token takes up to 300 ms instead of 3;
# sleeping at once costs as much on an idle machine. A short spin, then sleep, is good at both (docs/decisions/0002).
OPENMP_SETTINGS: Mapping[str, str] = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "300"}
"""For the environment, where it says nothing else; read when a runtime's library is loaded."""


def usable_processors() -> int:
    """Processors that this process may use, at least 1."""
    # the affinity mask knows of containers and taskset, cpu_count does not; macOS and Windows have no such mask
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
