"""Which models fit a machine: what memory they need, how fast they would be, which one to take. Measures nothing.

Memory is the weights, the KV cache of the context that would be used, and what the runtime works in. Speed rests on one
rule of thumb: for each token the runtime reads all weights that are at work once, so a model's time for a token grows
with its bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lsp_server.store.entries import CatalogEntry, KvShape, ModelFile
from lsp_server.system.memory import Memory

Verdict = Literal["fits", "tight", "too big"]
"""Leaves memory to spare; fits if other programs make room, or only together with a graphics card's memory; does not
fit.
"""

CONTEXT_LIMIT_TOKENS = 4096  # of the adapter, unless settings ask for more
SPARE_TOKENS = 256  # cells of the KV cache for trees of tokens, beside the context
WORKING_BYTES = 400 << 20  # interpreter 60 MiB, parked texts 64, the rest for scores of 512 tokens with 150,000 entries
LEAST_TOKENS_PER_S = 10.0  # a line of a dozen tokens takes a second
_COMFORTABLE_SHARE = 0.75  # of what is free now
_MOST_SHARE = 0.9  # of all there is; the system wants the rest
_BYTES_PER_KV_VALUE = 2
_TYPICAL_SHAPE = KvShape(n_layers=32, n_kv_heads=8, head_size=128)
_TYPICAL_PARAMETERS = 7e9


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """Bytes that a loaded model takes."""

    weights_bytes: int
    kv_bytes: int
    n_context_tokens: int
    """that the KV cache is for"""
    is_estimate: bool
    """True: the KV cache is guessed from the number of parameters"""

    @property
    def total_bytes(self) -> int:
        """With what the runtime works in."""
        return self.weights_bytes + self.kv_bytes + WORKING_BYTES


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast this machine is, as one model showed."""

    model: str
    bytes_per_s: float
    """of weights that were read"""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The model to take on this machine."""

    name: str
    reason: str
    """half a sentence for people"""


def find_need(entry: CatalogEntry, file: ModelFile, *, n_context_tokens: int | None = None) -> MemoryNeed:
    """What the file takes when it is loaded. `n_context_tokens`: None for what would be used without settings."""
    n_tokens = n_context_tokens or min(entry.n_context_tokens or CONTEXT_LIMIT_TOKENS, CONTEXT_LIMIT_TOKENS)
    shape, is_estimate = entry.kv_shape, entry.kv_shape is None
    values_per_token = _n_values(shape or _TYPICAL_SHAPE)
    if is_estimate:
        values_per_token *= ((entry.n_parameters or file.about_bytes) / _TYPICAL_PARAMETERS) ** 0.5
    kv_bytes = int((n_tokens + SPARE_TOKENS) * values_per_token * _BYTES_PER_KV_VALUE)
    return MemoryNeed(file.about_bytes, kv_bytes, n_tokens, is_estimate)


def judge(need: MemoryNeed, memory: Memory, *, vram_bytes: int = 0) -> Verdict:
    """Whether the memory suffices; `vram_bytes` are free on graphics cards that the runtime can use."""
    free_bytes = max(_COMFORTABLE_SHARE * memory.available_bytes, _MOST_SHARE * vram_bytes)
    if need.total_bytes <= free_bytes:
        return "fits"
    return "tight" if need.total_bytes <= _MOST_SHARE * (memory.total_bytes + vram_bytes) else "too big"


def estimate_tokens_per_s(entry: CatalogEntry, file: ModelFile, pace: Pace) -> float:
    """How many tokens a second the processor would generate."""
    return pace.bytes_per_s / bytes_per_token(entry, file)


def bytes_per_token(entry: CatalogEntry, file: ModelFile) -> float:
    """Weights that are read for each token: of a mixture of experts, those at work."""
    if entry.n_parameters and entry.n_active_parameters:
        return file.about_bytes * entry.n_active_parameters / entry.n_parameters
    return file.about_bytes


def recommend(
    entries: Sequence[CatalogEntry], memory: Memory, pace: Pace | None, *, default: str, vram_bytes: int = 0
) -> Recommendation:
    """The largest base model that was trained to fill in the middle, is free to use, fits with memory to spare, and is
    fast enough; the default where there is none or nothing is known of the speed.
    """
    if pace is None:
        return Recommendation(default, "how fast this machine is was not measured yet; `bytefim doctor` does it")
    fitting = [
        entry
        for entry in entries
        if _is_for_everybody(entry)
        and judge(find_need(entry, entry.file), memory, vram_bytes=vram_bytes) == "fits"
        and estimate_tokens_per_s(entry, entry.file, pace) >= LEAST_TOKENS_PER_S
    ]
    best = max(fitting, key=lambda entry: entry.n_parameters or 0, default=None)
    if best is None or best.name == default:
        return Recommendation(
            default, f"no larger base model under a free licence fits and makes {LEAST_TOKENS_PER_S:g} tokens/s here"
        )
    return Recommendation(
        best.name,
        f"the largest base model under a free licence that fits with memory to spare and makes at least"
        f" {LEAST_TOKENS_PER_S:g} tokens/s here, as far as {pace.model} tells",
    )


def _is_for_everybody(entry: CatalogEntry) -> bool:
    """True for models that one can recommend without knowing who asks."""
    family = entry.family
    is_infilling = family is not None and family.layout != "plain" and family.is_certain
    return is_infilling and entry.is_base and entry.licence_warning is None


def _n_values(shape: KvShape) -> float:
    """Keys and values of one token, in all layers."""
    return 2.0 * shape.n_layers * shape.n_kv_heads * shape.head_size
