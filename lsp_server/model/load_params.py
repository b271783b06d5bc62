"""How a model is to be loaded: what the adapter takes, without importing the adapter. Knows no catalogue."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lsp_server.settings import Settings
from lsp_server.store.file import identify, require_model_file
from lsp_server.store.folders import absolute

Lora = tuple[str, float]
"""Path of an adapter's file, and how strongly it counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadParams:
    """See byte_fim.backends.llama_cpp.adapter.RuntimeParams, whose names these are."""

    n_context_tokens: int | None = None
    n_threads: int | None = None
    use_extra_buffers: bool = True
    n_gpu_layers: int | None = None
    rpc_servers: Sequence[str] = ()
    loras: Sequence[Lora] = ()

    def circumstances(self) -> object:
        """What of it may change a finding, as JSON. The adapters' files must exist."""
        return [asdict(self), self.identify_loras()]

    def identify_loras(self) -> object:
        """What of the adapters may change a finding, as JSON. Their files must exist."""
        return [[identify(Path(path)), scale] for path, scale in self.loras]


AS_IT_IS = LoadParams()
"""As the model and the machine are."""


def params_of(settings: Settings) -> LoadParams:
    """As the settings want it. Raises BadModelFile when an adapter's file cannot be one."""
    return LoadParams(
        n_context_tokens=settings.n_context_tokens,
        n_threads=settings.n_threads,
        n_gpu_layers=settings.n_gpu_layers,
        rpc_servers=settings.rpc_servers,
        loras=read_loras(settings.lora),
    )


def read_loras(texts: Sequence[str]) -> tuple[Lora, ...]:
    """`PATH` or `PATH=SCALE`, where the scale is 1 unless it is said. Raises BadModelFile when a file cannot be one."""
    return tuple(_read_lora(text) for text in texts)


def load_alike(one: Settings, other: Settings) -> bool:
    """True when a model that was loaded for the one need not be loaded anew for the other."""
    return _what_to_load(one) == _what_to_load(other)


def _what_to_load(settings: Settings) -> object:
    is_plain = settings.layout == "plain"  # lets models in that can do nothing else
    return (
        settings.model,
        settings.models_beside,
        settings.project_words,
        settings.n_context_tokens,
        settings.n_threads,
        settings.n_gpu_layers,
        settings.rpc_servers,
        settings.lora,
        is_plain,
    )


def _read_lora(text: str) -> Lora:
    file, is_scaled, end = text.rpartition("=")
    scale = _number(end) if is_scaled else None
    path = absolute(text if scale is None else file)
    require_model_file(path)
    return str(path), 1.0 if scale is None else scale


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:  # the sign of equality is part of the path
        return None
    return number if math.isfinite(number) else None
