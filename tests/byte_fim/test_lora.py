"""LoRA adapters on real weights: what they change, that it is exact, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

from byte_fim.backends.llama_cpp import LlamaCppModel, RuntimeParams
from byte_fim.distribution import ByteDistribution
from byte_fim.errors import BadModelFile
from byte_fim.next_byte import next_byte_law
from tests.conftest import MODELS
from tests.made_loras import write_lora

TINY = MODELS / "bytefim-tiny-f16.gguf"
PREFIX, SUFFIX = b"def mean(values):\n    total = su", b"\n    return total / len(values)\n"


@contextmanager
def adapted(*loras: tuple[str, float]) -> Iterator[LlamaCppModel]:
    model = LlamaCppModel(TINY, RuntimeParams(n_context_tokens=256, loras=loras))
    yield model
    model.close()


def law(model: LlamaCppModel, conditioning: Literal["exact", "reference"] = "exact") -> ByteDistribution:
    return next_byte_law(model, model.fim, PREFIX, SUFFIX, layout="spm", conditioning=conditioning).distribution


def test_a_scale_of_zero_is_no_adapter(tiny: LlamaCppModel, tmp_path: Path) -> None:
    """Whoever wants to compare must be able to switch it off where it is named."""
    with adapted((str(write_lora(tmp_path / "a.gguf")), 0.0)) as model:
        assert law(model).total_variation(law(tiny)) <= 1e-4


def test_an_adapter_changes_the_law_by_its_scale(tiny: LlamaCppModel, tmp_path: Path) -> None:
    """The more it counts, the further it leads away; two that cancel out lead nowhere."""
    path = str(write_lora(tmp_path / "a.gguf"))
    distances = list[float]()
    for loras in (((path, 0.5),), ((path, 1.0),), ((path, 1.0), (path, -1.0))):
        with adapted(*loras) as model:
            distances.append(law(model).total_variation(law(tiny)))

    assert 0.01 < distances[0] < distances[1]
    assert distances[2] <= 1e-3


def test_with_an_adapter_the_fast_law_is_still_the_exact_one(tmp_path: Path) -> None:
    """Promise 2 holds for the weights that are in force, whatever they are made of."""
    with adapted((str(write_lora(tmp_path / "a.gguf")), 1.0)) as model:
        assert law(model).total_variation(law(model, "reference")) <= 1e-3


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({"architecture": "qwen2"}, "arch"),
        ({"kind": "model"}, "general.type"),
        ({"names": ["blk.9.attn_q.weight"]}, "does not exist"),
        ({"names": ["blk.0.ffn_gate.weight"]}, "shape"),
    ],
)
def test_an_adapter_for_something_else_is_refused_in_a_sentence(
    tmp_path: Path, made: dict[str, str | list[str]], why: str
) -> None:
    """Names alike and shapes alike are all that there is to go by."""
    path = write_lora(tmp_path / "a.gguf", **made)  # pyright: ignore[reportArgumentType]
    with pytest.raises(BadModelFile, match=why) as caught, adapted((str(path), 1.0)):
        pass

    assert str(caught.value).startswith(f"{path} is no LoRA adapter for this model (")


def test_an_adapter_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    """Half a download."""
    path = write_lora(tmp_path / "a.gguf")
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(BadModelFile, match="no LoRA adapter for this model"), adapted((str(path), 1.0)):
        pass
