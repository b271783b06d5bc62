"""Calibrations of models that take a known time, on a machine of eight processors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lsp_server.model.calibration import Calibration, calibrate
from lsp_server.model.load_params import LoadParams
from tests.lsp_server.paced_model import Cost, PacedModel

Calibrate = Callable[..., Calibration]
CACHE_FILE = Path("cache", "calibrations.json")
"""Where the calibrations of a folder are remembered."""


def calibrating(folder: Path) -> Calibrate:
    """Calibrates paced models, all loaded from one file of the folder, by their own clocks."""
    path = folder / "model.gguf"
    path.write_bytes(b"GGUF and more")

    def run(model: PacedModel, *, n_threads: int | None = None, n_processors: int = 8) -> Calibration:
        params = LoadParams(n_threads=n_threads)
        cache_file = folder / CACHE_FILE
        return calibrate(model, path, params, n_processors=n_processors, cache_file=cache_file, clock=model.clock)

    return run


def scaling(*, token_s: float, useful_threads: int, wait_s: float = 0.0, start_s: float = 0.0) -> Cost:
    """A call is begun, each token takes its time, `useful_threads` share the work, and every further one costs."""

    def cost(n_tokens: int, n_threads: int) -> float:
        shared_s = n_tokens * token_s / min(n_threads, useful_threads)
        return start_s + shared_s + wait_s * max(0, n_threads - useful_threads)

    return cost


TINY = scaling(token_s=0.35e-3, useful_threads=8, start_s=1.1e-3)  # a token is mostly overhead, a prompt is not
LARGE = scaling(token_s=20e-3, useful_threads=4, wait_s=0.1e-3)  # four processors' worth of memory bandwidth
CONFINED = scaling(token_s=2e-3, useful_threads=2, wait_s=4e-3)  # eight processors are seen, two may be used
GPU = scaling(token_s=0.01e-3, useful_threads=1, start_s=2e-3)  # the processors have nothing to do
