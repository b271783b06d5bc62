"""Muon for the matrices, AdamW for the rest. Knows no schedule: the caller scales the rates.

Muon: K. Jordan and others, 2024. Momentum whose matrix is replaced by the nearest one with all singular values alike,
by five steps of a Newton-Schulz iteration in bfloat16.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from recipe.model import Model

MUON_RATE = 0.02
ADAM_RATE = 3e-3
_MOMENTUM = 0.95
_MATRIX_DECAY = 0.05
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_N_NEWTON_SCHULZ = 5
_N_FUSED = {"qkv": 3, "gu": 2}
"""Matrices that stand on top of one another in one parameter; each is made orthogonal by itself."""


class Optimizers:
    """Both optimisers of a model, stepped together."""

    def __init__(self, model: Model, *, muon_rate: float = MUON_RATE, adam_rate: float = ADAM_RATE) -> None:
        matrices, others = [], []
        for name, parameter in model.named_parameters():
            if parameter.ndim == 2 and not name.startswith("emb"):
                matrices.append({"params": [parameter], "parts": _N_FUSED.get(name.split(".")[-2], 1)})
            else:
                others.append(parameter)
        adam = torch.optim.AdamW(others, lr=adam_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
        self._rates = ((_Muon(matrices, muon_rate), muon_rate), (adam, adam_rate))

    def step(self, *, factor: float) -> None:
        """Changes the weights by their gradients, at a share in [0, 1] of the full rates, and clears the gradients."""
        for optimizer, full_rate in self._rates:
            for group in optimizer.param_groups:
                group["lr"] = full_rate * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def states(self) -> list[dict[str, Any]]:
        """For a checkpoint."""
        return [optimizer.state_dict() for optimizer, _ in self._rates]

    def restore(self, states: Iterable[dict[str, Any]]) -> None:
        """Takes over what `states` returned, also when it was rounded to 16 bits since."""
        for (optimizer, _), state in zip(self._rates, states, strict=True):
            optimizer.load_state_dict(state)


class _Muon(torch.optim.Optimizer):
    """The names in the state and in the groups are those in checkpoints."""

    def __init__(self, groups: list[dict[str, Any]], rate: float) -> None:
        super().__init__(groups, {"lr": rate, "momentum": _MOMENTUM, "wd": _MATRIX_DECAY, "parts": 1})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                self._step_one(parameter, group)

    def _step_one(self, parameter: Tensor, group: dict[str, Any]) -> None:
        assert parameter.grad is not None, "every parameter has a part in the loss"
        state = self.state[parameter]
        if "m" not in state:
            state["m"] = torch.zeros_like(parameter)
        momentum = state["m"].lerp_(parameter.grad, 1 - group["momentum"])
        update = parameter.grad.lerp(momentum, group["momentum"])
        parameter.mul_(1 - group["lr"] * group["wd"])
        for weight, change in zip(parameter.chunk(group["parts"]), update.chunk(group["parts"]), strict=True):
            size = max(1, weight.shape[0] / weight.shape[1]) ** 0.5
            weight.add_(_orthogonal(change), alpha=-group["lr"] * size)


def _orthogonal(matrix: Tensor) -> Tensor:
    is_tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if is_tall else matrix).bfloat16().contiguous()
    x = x / (x.norm() + 1e-7)  # a gradient of zeros stays zeros
    a, b, c = _NEWTON_SCHULZ
    for _ in range(_N_NEWTON_SCHULZ):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.T if is_tall else x).to(matrix.dtype)
