"""How many layers of a model the memory of graphics processors and other machines holds. Knows no native library.

llama.cpp spreads the layers that are taken over the devices in proportion to their free memory, and counts what comes
after the last layer as one more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

RESERVE_BYTES = 512 << 20  # of each device: intermediate results, scores of a batch, what else is on the screen


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCosts:
    """What a model takes, as far as its file tells."""

    n_layers: int
    weights_bytes: int
    """of the whole file"""
    kv_layer_bytes: int
    """of the KV cache, for one layer"""


def choose_n_gpu_layers(costs: LayerCosts, free_bytes: Sequence[int]) -> int:
    """Layers to be kept on devices that have so much memory free; 0 to n_layers + 1, which is all of them."""
    n_all = costs.n_layers + 1
    layer_bytes = costs.weights_bytes / n_all + costs.kv_layer_bytes
    rooms_bytes = [max(0, free - RESERVE_BYTES) for free in free_bytes]
    return min(n_all, sum(int(room // layer_bytes) for room in rooms_bytes))
