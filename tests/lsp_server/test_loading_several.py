"""Which models are loaded together, and what becomes of those that cannot be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from byte_fim.errors import BadModelFile, OutOfMemory
from lsp_server.model.load_params import LoadParams
from lsp_server.model.loading import LoadedModel
from lsp_server.model.loading_several import LoadedEnsemble, load_set
from lsp_server.settings import Settings
from tests.lsp_server.members import Parrot, load
from tests.made_loras import write_lora

TRIO = Settings(model="a", models_beside=("b", "c"))
GONE = "b is not on this machine; fetch it."


class Loader:
    """Takes the place of `load_model`."""

    def __init__(self, **errors: Exception) -> None:
        self.asked: list[tuple[str | None, LoadParams, bool]] = []
        self.closed: list[str] = []
        self._errors = errors

    def __call__(
        self, name: str | None, *, params: LoadParams, require_fim: bool, tell: Callable[[str], None]
    ) -> LoadedModel:
        self.asked.append((name, params, require_fim))
        tell("loading the model")
        if name in self._errors:
            raise self._errors[name]
        return replace(load(Parrot(b""), str(name)), close=lambda: self.closed.append(str(name)))


def names(loaded: LoadedModel | LoadedEnsemble) -> Sequence[str]:
    assert isinstance(loaded, LoadedEnsemble)
    return [model.name for model in loaded.models]


def test_one_model_is_no_ensemble() -> None:
    """It goes the way that it always went."""
    assert isinstance(load_set(Settings(model="a"), load=Loader()), LoadedModel)


def test_words_make_an_ensemble_of_one_model() -> None:
    """They are a member that needs no loading."""
    loaded = load_set(Settings(model="a", project_words=True), load=Loader())

    assert names(loaded) == ["a"]
    assert isinstance(loaded, LoadedEnsemble)
    assert loaded.has_words


def test_all_are_loaded_the_first_as_it_would_be_alone(tmp_path: Path) -> None:
    """An adapter belongs to the weights that it was trained on, and FIM tokens are needed once."""
    lora = str(write_lora(tmp_path / "a.gguf"))
    loader, told = Loader(), list[str]()
    loaded = load_set(replace(TRIO, lora=(lora,), n_threads=1), tell=told.append, load=loader)

    assert names(loaded) == ["a", "b", "c"]
    assert isinstance(loaded, LoadedEnsemble)
    assert loaded.name == "a + b + c"
    assert [(name, params.loras, fim) for name, params, fim in loader.asked] == [
        ("a", ((lora, 1.0),), True),
        ("b", (), False),
        ("c", (), False),
    ]
    assert all(params.n_threads == 1 for _, params, _ in loader.asked)
    assert told == ["loading the model", "b: loading the model", "c: loading the model"]


def test_one_beside_that_is_not_there_is_gone_without() -> None:
    """The suggestions of the others are worth having; each weight stays with its model."""
    loaded = load_set(TRIO, load=Loader(b=BadModelFile(GONE)))

    assert names(loaded) == ["a", "c"]
    assert isinstance(loaded, LoadedEnsemble)
    assert [(drop.name, drop.reason) for drop in loaded.missing] == [("b", GONE)]
    assert loaded.places == (0, 2)


@pytest.mark.parametrize(
    ("errors", "closed"),
    [
        ({"a": BadModelFile("a is empty")}, []),
        ({"a": OutOfMemory("a does not fit")}, []),
        ({"c": OutOfMemory("c does not fit")}, ["a", "b"]),
    ],
)
def test_without_the_first_or_without_memory_there_is_none(errors: dict[str, Any], closed: list[str]) -> None:
    """Then something smaller is tried, and what was loaded must not be in its way."""
    loader = Loader(**errors)
    (error,) = errors.values()
    with pytest.raises(type(error)):
        load_set(TRIO, load=loader)

    assert loader.closed == closed


def test_the_second_of_a_name_gets_a_number() -> None:
    """Who drops out is told by name."""
    assert names(load_set(Settings(model="a", models_beside=("a", "a")), load=Loader())) == ["a", "a (2)", "a (3)"]
