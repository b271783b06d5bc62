"""Checkpoints: a model, how far its training went, and what its optimisers remember. Knows no training.

A checkpoint is a dictionary for `torch.load`: `model`, `config`, `step`, `tokens`; `rows`, `decay` and `opt` where
training is to go on. The names are those of the first run, so that its checkpoints go on being read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from recipe.model import Model, Shape
from recipe.schedule import Decay

_CONFIG_NAMES = {
    "vocab": "n_vocabulary",
    "d": "width",
    "layers": "n_layers",
    "heads": "n_heads",
    "hidden": "n_hidden",
    "ctx": "n_context_tokens",
    "theta": "rope_base",
    "eps": "norm_epsilon",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has gone."""

    n_steps: int = 0
    n_tokens: int = 0
    n_rows: int = 0
    """of the present shards"""
    decay: Decay | None = None

    def after_step(self, *, n_tokens: int, n_rows: int) -> Progress:
        """One step further."""
        return replace(self, n_steps=self.n_steps + 1, n_tokens=self.n_tokens + n_tokens, n_rows=self.n_rows + n_rows)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a file holds."""

    shape: Shape
    weights: dict[str, torch.Tensor]
    progress: Progress
    optimizer_states: list[dict[str, Any]] | None
    """None: a model that is finished; training it further begins anew."""

    def make_model(self) -> Model:
        """The model, in 32 bits however the weights were stored."""
        model = Model(self.shape)
        model.load_state_dict(self.weights)
        return model


def read_checkpoint(path: Path) -> Checkpoint:
    """A checkpoint of this recipe or of the first run. Raises what `torch.load` raises for anything else."""
    stored = torch.load(path, map_location="cpu", weights_only=True)
    decay = stored.get("decay")
    return Checkpoint(
        shape=Shape(**{_CONFIG_NAMES[name]: value for name, value in stored["config"].items()}),
        weights=stored["model"],
        progress=Progress(
            stored["step"], stored["tokens"], stored.get("rows", 0), Decay(*decay) if decay is not None else None
        ),
        optimizer_states=stored.get("opt"),
    )


def write_checkpoint(
    path: Path, model: Model, progress: Progress, optimizer_states: list[dict[str, Any]] | None
) -> None:
    """Writes a checkpoint beside the old one, which is replaced only when the new one is whole."""
    decay = progress.decay
    stored: dict[str, Any] = {
        "model": model.state_dict(),
        "config": {name: getattr(model.shape, field) for name, field in _CONFIG_NAMES.items()},
        "step": progress.n_steps,
        "tokens": progress.n_tokens,
    }
    if optimizer_states is not None:
        stored |= {
            "rows": progress.n_rows,
            "decay": (decay.from_tokens, decay.n_tokens) if decay else None,
            "opt": optimizer_states,
        }
    unfinished = path.with_name(path.name + ".tmp")
    torch.save(stored, unfinished)
    os.replace(unfinished, path)
