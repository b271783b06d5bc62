"""What is tried when memory does not suffice for a model, and whether it suffices for two. Knows no processes.

First half the context, and half of that, down to 512 tokens; then, with the whole context again, one after the other
without the models beside, the last first; then the next smaller quantisation of the model that is on this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from byte_fim.errors import ModelError
from lsp_server.settings import Settings
from lsp_server.system.memory import Memory, find_memory

if TYPE_CHECKING:
    from lsp_server.store.catalog import Catalog

LEAST_CONTEXT_TOKENS = 512
USUAL_CONTEXT_TOKENS = 4096  # where nothing is set; the adapter takes no more
BESIDE_WEIGHTS_BYTES = 512 << 20  # KV cache and intermediate results of a model that completes code


def find_smaller(
    settings: Settings, *, find_coarser: Callable[[str | None], Sequence[str]] | None = None
) -> Iterator[Settings]:
    """Settings that need less and less memory. `find_coarser`: a model's name -> names of coarser quantisations."""
    yield from _with_less_context(settings)
    for n_beside in reversed(range(len(settings.models_beside))):
        settings = replace(settings, models_beside=settings.models_beside[:n_beside], weights=())
        yield settings
        yield from _with_less_context(settings)
    for name in (find_coarser or find_coarser_files)(settings.model):
        smaller = replace(settings, model=name)
        yield smaller
        yield from _with_less_context(smaller)


def find_coarser_files(model: str | None, *, catalog: Catalog | None = None) -> Sequence[str]:
    """Names of coarser quantisations of a model that are on this machine, the largest first. Reads files."""
    from lsp_server.store.catalog import find_model, read_catalog  # not needed as long as all is well

    try:
        catalog = catalog or read_catalog()
        found = find_model(model, catalog=catalog)
    except ModelError:
        return ()
    if (entry := found.entry) is None:
        return ()
    here = [(path, file) for file in entry.files if (path := catalog.find_file(entry, file)) is not None]
    sizes = sorted(((path.stat().st_size, entry.name_of(file)) for path, file in here), reverse=True)
    return [name for n_bytes, name in sizes if n_bytes < found.path.stat().st_size]


def describe_sacrifice(wish: Settings, got: Settings) -> str:
    """What memory did not suffice for, as a sentence for people; empty when it did."""
    what = list[str]()
    if got.model != wish.model:
        what.append(f"{got.model} is used")
    if left_out := wish.models_beside[len(got.models_beside) :]:
        what.append(f"{' and '.join(left_out)} {'does' if len(left_out) == 1 else 'do'} not take part")
    if got.n_context_tokens != wish.n_context_tokens:
        what.append(f"the model sees {got.n_context_tokens} tokens at once")
    return f"Memory is short: {' and '.join(what)}; close other programs or choose a smaller model." if what else ""


def has_room_beside(settings: Settings, *, memory: Callable[[], Memory] = find_memory) -> bool:
    """True when the models of the settings fit into the memory that is free now. Reads files.

    One that there is not takes no room.
    """
    from lsp_server.store.catalog import find_model

    n_bytes = 0
    for name in (settings.model, *settings.models_beside):
        with suppress(ModelError, OSError):
            found = find_model(name)
            n_known_bytes = found.file.about_bytes if found.file else 0  # of all parts, where there are several
            n_bytes += max(n_known_bytes, found.path.stat().st_size) + BESIDE_WEIGHTS_BYTES
    return n_bytes <= memory().available_bytes


def _with_less_context(settings: Settings) -> Iterator[Settings]:
    n_tokens = settings.n_context_tokens or USUAL_CONTEXT_TOKENS
    while (n_tokens := n_tokens // 2) >= LEAST_CONTEXT_TOKENS:
        yield replace(settings, n_context_tokens=n_tokens)
