"""What a model is loaded with: taken from the settings, and when a change of them means another loading."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from byte_fim.errors import BadModelFile
from lsp_server.model.load_params import AS_IT_IS, LoadParams, load_alike, params_of, read_loras
from lsp_server.settings import DEFAULTS
from tests.made_loras import write_lora


def test_a_layout_that_lets_other_models_in_needs_another_loading() -> None:
    """The message about such a model says that this setting helps."""
    assert not load_alike(DEFAULTS, replace(DEFAULTS, layout="plain"))
    assert load_alike(DEFAULTS, replace(DEFAULTS, layout="psm"))


@pytest.mark.parametrize(
    "change",
    [
        {"model": "x"},
        {"n_threads": 2},
        {"n_context_tokens": 512},
        {"n_gpu_layers": 0},
        {"rpc_servers": ("127.0.0.1:50052",)},
        {"lora": ("/a.gguf=0.5",)},
        {"models_beside": ("x",)},
        {"project_words": True},
    ],
)
def test_what_the_model_is_loaded_with_needs_another_loading(change: dict[str, object]) -> None:
    """A setting that takes effect at the next start of the editor would be no setting."""
    assert not load_alike(DEFAULTS, replace(DEFAULTS, **change))


def test_nothing_else_needs_another_loading() -> None:
    """Loading takes seconds."""
    assert load_alike(DEFAULTS, replace(DEFAULTS, max_tokens=5, layout="psm", enabled=False, unload_after_minutes=1))
    assert load_alike(DEFAULTS, replace(DEFAULTS, weights=(1.0,), ensemble="mixture"))


def test_the_settings_say_how_to_load(tmp_path: Path) -> None:
    """One place where names of settings become names of parameters."""
    lora = str(write_lora(tmp_path / "a.gguf"))
    settings = replace(DEFAULTS, n_context_tokens=512, n_gpu_layers=3, rpc_servers=("host:1",), lora=(f"{lora}=0.25",))

    assert params_of(DEFAULTS) == AS_IT_IS
    assert params_of(settings) == LoadParams(
        n_context_tokens=512, n_gpu_layers=3, rpc_servers=("host:1",), loras=((lora, 0.25),)
    )


@pytest.mark.parametrize(
    ("name", "said", "scale"),
    [
        ("a.gguf", "{}", 1.0),
        ("a.gguf", "{}=0.5", 0.5),
        ("a.gguf", "{}=-2", -2.0),
        ("rank=8.gguf", "{}", 1.0),
        ("rank=8.gguf", "{}=0", 0.0),
    ],
)
def test_an_adapter_is_named_with_or_without_its_scale(tmp_path: Path, name: str, said: str, scale: float) -> None:
    """Paths may hold signs of equality, and many of the adapters do."""
    path = write_lora(tmp_path / name)

    assert read_loras([said.format(path)]) == ((str(path), scale),)


@pytest.mark.parametrize("end", ["=nan", "=inf", "=much", ""])
def test_an_adapter_that_is_not_there_is_named(tmp_path: Path, end: str) -> None:
    """A scale that is no number is part of the path; so the message shows what was understood."""
    path = f"{tmp_path / 'none.gguf'}{end}"
    with pytest.raises(BadModelFile, match="There is no file") as caught:
        read_loras([path])

    assert path in str(caught.value)


def test_another_file_in_an_adapters_place_is_another_circumstance(tmp_path: Path) -> None:
    """What was found out with the one before it, says nothing about it."""
    path = write_lora(tmp_path / "a.gguf", seed=1)
    params = LoadParams(loras=read_loras([str(path)]))
    before = params.circumstances()
    write_lora(path, seed=2, names=["blk.0.attn_q.weight"])

    assert params.circumstances() != before
