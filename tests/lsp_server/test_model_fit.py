"""Which models fit which machine: figures by hand, and what is recommended to whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from byte_fim.backends.llama_cpp import adapter
from lsp_server.store.catalog import read_catalog
from lsp_server.store.entries import CatalogEntry, KvShape, ModelFamily, ModelFile
from lsp_server.store.fit import (
    CONTEXT_LIMIT_TOKENS,
    SPARE_TOKENS,
    WORKING_BYTES,
    Pace,
    bytes_per_token,
    estimate_tokens_per_s,
    find_need,
    judge,
    recommend,
)
from lsp_server.system.memory import Memory

GB = 10**9
CATALOG = read_catalog((Path(__file__).resolve().parents[2] / "models",))
FAMILY = ModelFamily(
    name="f", architecture="llama", layout="psm", trained_layouts=("psm",), cut="word", repository_format=False
)


def model(name: str = "a", gb: float = 1.0, **fields: object) -> CatalogEntry:
    """A model of so many GB, with as many milliards of parameters."""
    size = int(gb * GB)
    files = (ModelFile(file=f"{name}.gguf", quantisation="Q8_0", n_bytes=size, about_bytes=size),)
    entry = CatalogEntry(
        name=name, licence="MIT", summary="s", files=files, family=FAMILY, n_parameters=size, n_context_tokens=8192
    )
    return replace(entry, kv_shape=KvShape(10, 2, 50), **fields)


def memory(gb: float, *, free_gb: float | None = None) -> Memory:
    """Of so many GB, all free where nothing else is said."""
    return Memory(total_bytes=int(gb * GB), available_bytes=int((gb if free_gb is None else free_gb) * GB))


def test_memory_is_weights_and_cache_and_what_the_runtime_works_in() -> None:
    """10 layers of 2 heads of 50, keys and values, 2 bytes each: 4000 bytes for a token."""
    need = find_need(model(), model().file)

    assert need.weights_bytes == GB
    assert need.kv_bytes == (4096 + 256) * 4000
    assert need.total_bytes == GB + 17_408_000 + WORKING_BYTES
    assert not need.is_estimate


def test_the_context_counts_as_it_would_be_used() -> None:
    """A model trained on fewer tokens keeps fewer, and settings may want more."""
    short = model(n_context_tokens=512)

    assert find_need(short, short.file).kv_bytes == (512 + 256) * 4000
    assert find_need(short, short.file, n_context_tokens=1000).kv_bytes == (1000 + 256) * 4000
    assert CONTEXT_LIMIT_TOKENS == adapter._CONTEXT_LIMIT_TOKENS  # pyright: ignore[reportPrivateUsage]
    assert adapter.RuntimeParams().n_batch_tokens // 2 == SPARE_TOKENS


def test_without_its_dimensions_the_cache_is_guessed_and_called_a_guess() -> None:
    """Nobody should take it for the real figure; it still grows with the model."""
    small, large = (replace(model(gb=gb), kv_shape=None) for gb in (1, 7))

    assert find_need(small, small.file).is_estimate
    assert find_need(small, small.file).kv_bytes < find_need(large, large.file).kv_bytes
    assert find_need(large, large.file).kv_bytes == (4096 + 256) * 32 * 8 * 128 * 2 * 2


@pytest.mark.parametrize(
    ("total_gb", "free_gb", "vram_gb", "verdict"),
    [
        (16, 12, 0, "fits"),
        (16, 6, 0, "tight"),  # other programs have the rest
        (6.5, 6, 0, "tight"),
        (5, 5, 0, "too big"),
        (4, 3, 8, "fits"),  # on the graphics card
        (4, 3, 3, "tight"),  # a part of it there
    ],
)
def test_whether_a_model_of_five_and_a_half_gb_fits(
    total_gb: float, free_gb: float, vram_gb: float, verdict: str
) -> None:
    """Too big is never right for what would run, and fits never for what would make the machine swap."""
    five = model(gb=5)
    vram_bytes = int(vram_gb * GB)

    assert judge(find_need(five, five.file), memory(total_gb, free_gb=free_gb), vram_bytes=vram_bytes) == verdict


def test_speed_goes_by_the_bytes_that_a_token_reads() -> None:
    """Of a mixture of experts it reads a part."""
    pace = Pace("tiny", bytes_per_s=10 * GB)
    dense = model(gb=2)

    assert estimate_tokens_per_s(dense, dense.file, pace) == 5
    assert estimate_tokens_per_s(replace(dense, n_active_parameters=GB // 5), dense.file, pace) == 50


def test_the_largest_that_is_fast_enough_is_recommended() -> None:
    """12 GB/s and 10 tokens/s leave 1.2 GB for a model."""
    models = [model("tiny", 0.02), model("small", 0.5), model("right", 1.1), model("slow", 1.3)]
    found = recommend(models, memory(16), Pace("tiny", 12 * GB), default="tiny")

    assert found.name == "right"
    assert found.reason == (
        "the largest base model under a free licence that fits with memory to spare and makes at least 10 tokens/s"
        " here, as far as tiny tells"
    )
    assert recommend(models, memory(1.4), Pace("tiny", 12 * GB), default="tiny").name == "small"


@pytest.mark.parametrize(
    "unsuitable",
    [
        {"licence_warning": "research only"},
        {"is_base": False},
        {"family": None},
        {"family": replace(FAMILY, layout="plain")},
        {"family": replace(FAMILY, recalled=("fim",))},
    ],
)
def test_what_not_everybody_can_use_is_not_recommended(unsuitable: dict[str, object]) -> None:
    """Licences that forbid something, chat models, and models of which nobody says that they fill in the middle."""
    models = [model("tiny", 0.02), model("large", 1, **unsuitable)]

    assert recommend(models, memory(16), Pace("tiny", 100 * GB), default="tiny").name == "tiny"


def test_before_anything_was_measured_the_default_is_recommended() -> None:
    """A large model on a slow machine is a bad first impression."""
    found = recommend([model("tiny", 0.02), model("large", 1)], memory(64), None, default="tiny")

    assert found.name == "tiny"
    assert "bytefim doctor" in found.reason


@pytest.mark.parametrize(
    ("gb", "bytes_per_s", "name"),
    [
        (8, 4 * GB, "bytefim-tiny"),
        (8, 10 * GB, "qwen2.5-coder-0.5b"),
        (16, 30 * GB, "qwen2.5-coder-1.5b"),
        (16, 100 * GB, "seed-coder-8b-base"),
        (4, 100 * GB, "qwen2.5-coder-0.5b"),
    ],
)
def test_what_the_catalogue_recommends_to_usual_machines(gb: float, bytes_per_s: float, name: str) -> None:
    """An old laptop, a laptop, a desktop, one with fast memory, and one with little; other programs run beside."""
    here = memory(gb, free_gb=0.7 * gb)

    assert recommend(CATALOG.entries, here, Pace("x", bytes_per_s), default=CATALOG.default).name == name


def test_of_a_mixture_of_experts_those_at_work_are_read() -> None:
    """What it shows of the machine, and what the machine promises of it, are the same figure."""
    mixture = model(gb=30, n_active_parameters=3 * GB)

    assert bytes_per_token(mixture, mixture.file) == 3 * GB
    assert estimate_tokens_per_s(mixture, mixture.file, Pace("b", 30e9)) == 10.0
