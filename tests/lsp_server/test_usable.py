"""Files that look like models and from which no completion can come: one sentence each, before anything is loaded."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import gguf
import pytest

from byte_fim.backends.llama_cpp import LlamaCppModel
from byte_fim.errors import BadModelFile
from lsp_server.store.header import BLOCK_SIZES, read_header
from lsp_server.store.usable import find_memory_warning, kv_bytes_per_token, require_room, require_whole
from lsp_server.system.memory import Memory
from tests.made_models import write_metadata, write_random_model
from tests.vocabularies import UNUSABLE, find_vocabulary

MODELS = Path(__file__).resolve().parents[2] / "models"
NANO = MODELS / "bytefim-nano-spm-q8_0.gguf"
GB = 10**9
PLENTY = Memory(total_bytes=64 * GB, available_bytes=64 * GB)


def refusal(path: Path, check: Callable[[Path], object] = require_whole) -> str:
    """What the user is told; checks that it is one sentence which names the file and a remedy."""
    with pytest.raises(BadModelFile) as caught:
        check(path)
    message = str(caught.value)
    assert message.startswith(f"{path} ")
    assert "; " in message, "no remedy"
    assert message.endswith(".")
    assert message.count(". ") == 0
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("architecture", "metadata", "says"),
    [
        ("llama", {"general.type": "adapter", "adapter.type": "lora"}, "is a LoRA adapter"),
        ("clip", {"general.type": "mmproj"}, "sees images"),
        ("clip", {"clip.has_vision_encoder": True}, "sees images"),  # as older converters wrote it
        ("llama", {"general.type": "imatrix"}, "quantise"),
        ("bert", {"bert.attention.causal": False}, "is an encoder (bert)"),
        ("nomic-bert-moe", {}, "is an encoder (nomic-bert-moe)"),
        ("gemma-embedding", {}, "is an encoder"),
        ("llada", {"llada.attention.causal": False}, "cannot continue a text"),
        ("t5", {}, "encoder and writes with a decoder"),
        ("t5encoder", {}, "is an encoder"),
        ("", {}, "does not say what kind of model"),
    ],
)
def test_files_of_other_kinds_are_told_apart(
    tmp_path: Path, architecture: str, metadata: dict[str, object], says: str
) -> None:
    """People fetch the wrong file of a page with ten; what it is tells them which one to fetch."""
    path = tmp_path / "file.gguf"
    write_metadata(path, metadata, architecture=architecture)

    assert says in refusal(path)


def test_a_causal_model_of_any_name_passes(tmp_path: Path) -> None:
    """Whether an architecture is known is for llama.cpp to say: it learns new ones every week."""
    path = tmp_path / "file.gguf"
    write_metadata(path, {"general.type": "model", "new.attention.causal": True}, architecture="new")

    assert require_whole(path).architecture == "new"


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_vocabulary_alone_is_refused(name: str) -> None:
    """llama.cpp's own sources hold such files, and they are called .gguf."""
    says = "is an encoder" if "bert" in name else "no weights"

    assert says in refusal(find_vocabulary(name))


def test_a_big_endian_file_is_told(tmp_path: Path) -> None:
    """Some are published for mainframes, under nearly the same name."""
    writer = gguf.GGUFWriter(tmp_path / "big.gguf", "llama", endianess=gguf.GGUFEndian.BIG)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    assert "big-endian" in refusal(tmp_path / "big.gguf")


def test_a_model_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    """Downloads break off: in the description, between it and the weights, in the weights, one byte before the end."""
    whole = NANO.read_bytes()
    weights_at = whole.index(b"output_norm.weight")
    path = tmp_path / "cut.gguf"
    says: set[str] = set()
    for n_bytes in (25, 50, 1000, 60_000, weights_at, weights_at + 60, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:n_bytes])
        message = refusal(path)
        says |= {"description" if "description" in message else "missing"}
        assert "cut off" in message
        assert "fetch the model again" in message

    assert says == {"description", "missing"}


def test_how_much_is_missing_is_told(tmp_path: Path) -> None:
    """A few bytes or nearly all: whoever resumes a download wants to know."""
    whole = NANO.read_bytes()
    (tmp_path / "cut.gguf").write_bytes(whole[:-1000])

    assert f"1,000 of its {len(whole):,} bytes are missing" in refusal(tmp_path / "cut.gguf")


@pytest.mark.parametrize("at", [8, 16, 24, 56])
def test_lengths_that_cannot_be_are_damage(tmp_path: Path, at: int) -> None:
    """Of tensors, entries, a key, a text: 2^60 is compared with the file before anything of that size is asked for."""
    content = bytearray(NANO.read_bytes())
    content[at : at + 8] = struct.pack("<Q", 1 << 60)
    (tmp_path / "damaged.gguf").write_bytes(content)

    assert "damaged" in refusal(tmp_path / "damaged.gguf")


def test_sizes_of_weights_are_those_of_the_format() -> None:
    """A wrong entry in the table would call whole files cut off."""
    sizes = {kind.value: size for kind, size in gguf.GGML_QUANT_SIZES.items()}

    assert {kind: sizes[kind] for kind in BLOCK_SIZES} == BLOCK_SIZES


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    """A model in three parts; the first holds no weights."""
    write_random_model(tmp_path / "model.gguf", find_vocabulary("llama-spm"), max_tensors=12)
    return sorted(tmp_path.glob("*.gguf"))


def test_a_model_in_parts_is_one_model(parts: list[Path]) -> None:
    """Large models come so; what they need is the sum."""
    assert require_whole(parts[0]).n_bytes == sum(part.stat().st_size for part in parts)


def test_a_part_that_is_missing_is_named(parts: list[Path]) -> None:
    """llama.cpp says so too, on a page of other complaints."""
    parts[1].unlink()
    one = refusal(parts[0])
    parts[2].unlink()
    two = refusal(parts[0])

    assert "model-00002-of-00003.gguf is not beside it" in one
    assert "model-00002-of-00003.gguf and 1 more are not beside it" in two


def test_a_later_part_names_the_first(parts: list[Path]) -> None:
    """Whoever picks any of the files should hear which one to pick."""
    assert "is part 3 of a model; name its first part, model-00001-of-00003.gguf" in refusal(parts[2])


def test_parts_that_were_renamed_are_told(parts: list[Path]) -> None:
    """The others are found by their names alone."""
    renamed = parts[0].rename(parts[0].with_name("mine.gguf"))

    assert "must be called ...-00001-of-00003.gguf" in refusal(renamed)


def test_a_part_that_is_cut_off_is_named(parts: list[Path]) -> None:
    """The one to fetch again, not all of them."""
    parts[1].write_bytes(parts[1].read_bytes()[:-5])
    with pytest.raises(BadModelFile, match=r"00002-of-00003\.gguf is cut off: 5 of its"):
        require_whole(parts[0])


def test_weights_larger_than_all_memory_are_refused() -> None:
    """The machine would read from disk for every token; and swap, and kill the editor."""
    header = require_whole(NANO)
    small = Memory(total_bytes=10**6, available_bytes=10**6)
    message = refusal(NANO, lambda path: require_room(path, header, memory=small, n_device_bytes=0))
    require_room(NANO, header, memory=small, n_device_bytes=10**7)

    assert "needs 0.0 GB of memory for its weights alone, and this machine has 0.0" in message


def test_memory_that_is_only_tight_is_a_warning() -> None:
    """Pages of the file can be dropped and read again, so it may work; and programs can be closed."""
    header = require_whole(NANO)
    n_kv_bytes = 512 * kv_bytes_per_token(header)
    enough = Memory(total_bytes=GB, available_bytes=header.n_bytes + n_kv_bytes)
    tight = Memory(total_bytes=GB, available_bytes=header.n_bytes + n_kv_bytes - 1)

    assert find_memory_warning(header, memory=enough, n_context_tokens=512) is None
    assert "close other programs" in (find_memory_warning(header, memory=tight, n_context_tokens=512) or "")


def test_the_cache_of_one_token_is_computed_from_the_header(nano: LlamaCppModel) -> None:
    """As the runtime counts it, without the runtime."""
    assert kv_bytes_per_token(read_header(NANO)) == nano.kv_usage().cell_bytes
