"""Which layers go where, on made-up devices; and what the real library says of its own."""

from __future__ import annotations

import socket
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byte_fim.backends.llama_cpp.devices import (
    Device,
    add_servers,
    count_free_vram_bytes,
    find_devices,
    find_layer_devices,
)
from byte_fim.backends.llama_cpp.offload import RESERVE_BYTES, LayerCosts, choose_n_gpu_layers
from byte_fim.errors import ModelError

MIB, GIB = 1 << 20, 1 << 30
SEVEN = LayerCosts(n_layers=28, weights_bytes=29 * 160 * MIB, kv_layer_bytes=8 * MIB)
"""A model of 7 billion parameters in 4 bits: 168 MiB for each layer, 29 with what follows the last."""


def device(name: str, kind: str, *, free_bytes: int = GIB, is_remote: bool = False) -> Device:
    return Device(
        name=name,
        description="made up",
        kind=kind,  # pyright: ignore[reportArgumentType]
        free_bytes=free_bytes,
        total_bytes=2 * GIB,
        is_remote=is_remote,
    )


@pytest.mark.parametrize(
    ("free_bytes", "n_layers"),
    [
        ([], 0),
        ([100 * MIB], 0),
        ([RESERVE_BYTES + 167 * MIB], 0),
        ([RESERVE_BYTES + 168 * MIB], 1),
        ([4 * GIB], 21),
        ([2 * GIB, 2 * GIB], 18),
        ([24 * GIB], 29),
        ([80 * GIB, 80 * GIB], 29),
    ],
)
def test_as_many_layers_as_fit(free_bytes: list[int], n_layers: int) -> None:
    """One too many, and the runtime gives up instead of working a little slower."""
    assert choose_n_gpu_layers(SEVEN, free_bytes) == n_layers


@given(
    st.builds(
        LayerCosts,
        n_layers=st.integers(1, 200),
        weights_bytes=st.integers(1, 1 << 40),
        kv_layer_bytes=st.integers(0, 1 << 30),
    ),
    st.lists(st.integers(0, 1 << 40), max_size=16),
)
def test_what_is_chosen_fits_and_one_more_would_not(costs: LayerCosts, free_bytes: list[int]) -> None:
    """Each layer lies on one device as a whole."""
    n_layers = choose_n_gpu_layers(costs, free_bytes)
    layer_bytes = costs.weights_bytes / (costs.n_layers + 1) + costs.kv_layer_bytes
    rooms = [max(0, free - RESERVE_BYTES) // layer_bytes for free in free_bytes]

    assert 0 <= n_layers <= costs.n_layers + 1
    assert n_layers <= sum(rooms)
    assert n_layers == costs.n_layers + 1 or n_layers + 1 > sum(rooms)


def test_layers_go_to_real_graphics_processors_and_to_other_machines() -> None:
    """As llama.cpp chooses: an integrated one takes part only where there is no other, and processors never count."""
    processor, integrated = device("CPU", "processor"), device("Vulkan1", "integrated gpu")
    gpu, remote = device("CUDA0", "gpu"), device("RPC0", "gpu", is_remote=True)

    assert find_layer_devices([processor, device("BLAS", "accelerator")]) == []
    assert find_layer_devices([processor, integrated]) == [integrated]
    assert find_layer_devices([processor, integrated, gpu]) == [gpu]
    assert find_layer_devices([integrated, remote]) == [remote, integrated]


@pytest.mark.parametrize(("platform", "n_free"), [("linux", 1), ("win32", 1), ("darwin", 0)])
def test_memory_counts_as_a_graphics_card_s_only_where_it_is_not_the_processor_s_too(
    platform: str, n_free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a model seems to fit twice into the one memory of a laptop."""
    monkeypatch.setattr(sys, "platform", platform)
    gpu = device("CUDA0", "gpu")

    found = count_free_vram_bytes([device("CPU", "processor"), device("Vulkan0", "integrated gpu"), gpu])

    assert found == n_free * gpu.free_bytes


def test_the_library_knows_its_processor() -> None:
    """What `bytefim doctor` shows; the functions behind it have no bindings of their own."""
    processors = [device for device in find_devices() if device.kind == "processor"]

    assert len(processors) == 1
    assert 0 < processors[0].free_bytes <= processors[0].total_bytes
    assert "MiB free" in str(processors[0])


@pytest.mark.parametrize("server", ["localhost", "localhost:", ":50052", "localhost:0", "localhost:many", "closed"])
def test_a_server_that_is_none_is_one_sentence(server: str) -> None:
    """Native code would end the process; without the back-end for it, that is what is said."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    address = f"127.0.0.1:{port}" if server == "closed" else server

    with pytest.raises(ModelError, match=r"without its RPC back-end|is no HOST:PORT|cannot be reached"):
        add_servers([address])
