"""Loads several models that complete as one, each as it would be loaded alone. Knows neither prompts nor documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from byte_fim.ensemble import DropOut
from byte_fim.errors import ModelError, OutOfMemory
from lsp_server.model.load_params import LoadParams, params_of
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.settings import Settings

LoadOne = Callable[..., LoadedModel]
"""As `load_model`."""


@dataclass(frozen=True, slots=True)
class LoadedEnsemble:
    """Models that complete as one."""

    models: tuple[LoadedModel, ...]
    """at least one; the names differ"""
    has_words: bool = False
    """what stands in the open files counts as one more"""
    missing: tuple[DropOut, ...] = ()
    """wanted, and not to be had"""
    places: tuple[int, ...] = ()
    """of each model, which of the settings' models it is; empty: they are the same"""

    @property
    def name(self) -> str:
        """All their names."""
        return " + ".join(model.name for model in self.models)


def load_set(
    settings: Settings, *, tell: Callable[[str], None] = lambda message: None, load: LoadOne = load_model
) -> LoadedModel | LoadedEnsemble:
    """The model of the settings, or the models. One of those beside that cannot be loaded is left out; that it may
    lack FIM tokens is no matter where others have them.

    Raises ModelError when the first cannot be loaded, and OutOfMemory for each: then something smaller may be tried.
    """
    require_fim = settings.layout != "plain"
    first = load(settings.model, params=params_of(settings), require_fim=require_fim, tell=tell)
    if not settings.models_beside and not settings.project_words:
        return first
    models, missing, places = [first], list[DropOut](), [0]
    # an adapter belongs to the weights that it was trained on
    params = params_of(replace(settings, lora=()))
    for place, name in enumerate(settings.models_beside, start=1):
        try:
            models.append(load(name, params=params, require_fim=False, tell=_about(name, tell)))
            places.append(place)
        except OutOfMemory:
            _close(models)
            raise
        except ModelError as error:
            missing.append(DropOut(name, str(error), error))
    return LoadedEnsemble(tuple(_with_names_apart(models)), settings.project_words, tuple(missing), tuple(places))


def load_all(names: Sequence[str | None], *, params: LoadParams, require_fim: bool) -> tuple[LoadedModel, ...]:
    """Every one of the models, the adapters in `params` for the first. Raises ModelError."""
    models = [load_model(names[0], params=params, require_fim=require_fim)]
    try:
        for name in names[1:]:
            models.append(load_model(name, params=replace(params, loras=()), require_fim=False))  # noqa: PERF401
    except ModelError:
        _close(models)
        raise
    return tuple(_with_names_apart(models))


def _about(name: str, tell: Callable[[str], None]) -> Callable[[str], None]:
    return lambda message: tell(f"{name}: {message}")


def _close(models: Sequence[LoadedModel]) -> None:
    for model in models:
        model.close()


def _with_names_apart(models: Sequence[LoadedModel]) -> Iterator[LoadedModel]:
    """The second of a name gets a number: who dropped out is told by name."""
    n_seen: dict[str, int] = {}
    for model in models:
        n_seen[model.name] = n = n_seen.get(model.name, 0) + 1
        yield model if n == 1 else replace(model, name=f"{model.name} ({n})")
