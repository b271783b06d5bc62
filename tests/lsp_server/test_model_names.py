"""Which file a name or a path means, and what a file is by what it says of itself: neither can be confused."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from byte_fim.errors import BadModelFile
from lsp_server.model.loading import load_model
from lsp_server.model.trial import try_model
from lsp_server.store.catalog import Catalog, find_model, read_catalog, verify
from lsp_server.store.entries import FimTexts
from tests.made_models import write_metadata

MODELS = Path(__file__).resolve().parents[2] / "models"
CATALOG = read_catalog((MODELS,))


@pytest.fixture
def small_catalog(tmp_path: Path) -> Catalog:
    """One model in a checkout-like folder, and an empty folder that is looked at first."""
    packaged, checkout = tmp_path / "packaged", tmp_path / "checkout"
    packaged.mkdir()
    checkout.mkdir()
    shutil.copy(MODELS / "bytefim-nano-spm-q8_0.gguf", checkout)
    shutil.copy(MODELS / "catalog.toml", checkout)
    return read_catalog((packaged, checkout))


def test_an_unknown_name_names_those_that_are_spelled_alike() -> None:
    """The usual cause is a typing error."""
    with pytest.raises(BadModelFile) as caught:
        find_model("qwen2.5-coder-1b", catalog=CATALOG)

    assert str(caught.value) == (
        "There is no model named 'qwen2.5-coder-1b'; use one of qwen2.5-coder-14b, qwen2.5-coder-1.5b,"
        " qwen2.5-coder-7b, qwen2.5-coder-3b, another of `bytefim models list`, or the path of a .gguf file."
    )


def test_a_name_like_no_other_is_answered_with_what_is_there() -> None:
    """Thirty names would hide the remedy."""
    with pytest.raises(BadModelFile, match="use one of bytefim-tiny, bytefim-nano-spm, another of"):
        find_model("gpt-17", catalog=CATALOG)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "There is no model named ''"),
        ("~nobody-knows/x.gguf", "There is no file .*nobody-knows"),
    ],
)
def test_what_means_nothing_is_not_taken_for_the_default(name: str, expected: str) -> None:
    """An empty variable of a script; a home folder that is not known."""
    with pytest.raises(BadModelFile, match=expected):
        find_model(name)


def test_where_a_name_is_needed_a_path_is_told_apart(tmp_path: Path) -> None:
    """`models show` and its like are about names."""
    with pytest.raises(BadModelFile, match="is a path, and a name is needed here; `bytefim models add` gives it one"):
        read_catalog().require_entry(str(tmp_path / "x.gguf"))


def test_a_name_may_carry_a_quantisation() -> None:
    """The same model is kept in several, and only one suits a machine."""
    entry, file = CATALOG.require("qwen2.5-coder-1.5b:q4_k_m")

    assert file.quantisation == "Q4_K_M"
    assert entry.name_of(file) == "qwen2.5-coder-1.5b:q4_k_m"
    assert CATALOG.require("qwen2.5-coder-1.5b") == (entry, entry.file)
    assert entry.name_of(entry.file) == "qwen2.5-coder-1.5b"
    with pytest.raises(BadModelFile, match=r"is not known in 'q9'; use one of q8_0, q4_k_m\."):
        CATALOG.require("qwen2.5-coder-1.5b:q9")


def test_without_a_quantisation_a_name_means_the_file_that_is_there(tmp_path: Path) -> None:
    """Whoever fetched the smaller one should not have to say so each time."""
    shutil.copy(MODELS / "catalog.toml", tmp_path)
    catalog = read_catalog((tmp_path,), user_folder=tmp_path / "own")
    entry, small = catalog.require("qwen2.5-coder-1.5b:q4_k_m")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / small.file).write_bytes(b"GGUF")

    assert catalog.require("qwen2.5-coder-1.5b") == (entry, small)
    assert catalog.find_file(entry) == tmp_path / "own" / small.file
    assert catalog.find_file(entry, entry.file) is None


def test_a_model_that_can_be_fetched_says_how(tmp_path: Path) -> None:
    """The usual first mistake: to choose a model before it is there."""
    with pytest.raises(
        BadModelFile,
        match=r"^The model qwen2.5-coder-7b:q8_0 is not on this machine; fetch it with `bytefim models pull"
        r" qwen2.5-coder-7b:q8_0` \(8.1 GB\), or choose another model\.$",
    ):
        find_model("qwen2.5-coder-7b:q8_0", catalog=CATALOG)


def test_a_file_in_the_working_directory_does_not_stand_in_for_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers are started in the workspace, whose files belong to anybody."""
    (tmp_path / "bytefim-tiny").write_text("not a model")
    monkeypatch.chdir(tmp_path)

    assert find_model("bytefim-tiny").path.parent != tmp_path


def test_the_installed_copy_wins_over_the_checkout(small_catalog: Catalog) -> None:
    """Otherwise an installed program would change when a folder elsewhere does."""
    entry = small_catalog.require_entry("bytefim-nano-spm")
    packaged, checkout = small_catalog.folders

    assert find_model(entry.name, catalog=small_catalog).path == checkout / entry.file.file
    shutil.copy(checkout / entry.file.file, packaged)
    assert find_model(entry.name, catalog=small_catalog).path == packaged / entry.file.file


def test_a_model_without_its_file_says_where_it_was_looked_for(small_catalog: Catalog) -> None:
    """The wheel holds the default only; the catalogue names more."""
    with pytest.raises(
        BadModelFile, match=r"bytefim-tiny is not installed \(bytefim-tiny-f16\.gguf is not in .*packaged"
    ):
        find_model("bytefim-tiny", catalog=small_catalog)


def test_a_renamed_copy_is_recognised_by_its_content(small_catalog: Catalog, tmp_path: Path) -> None:
    """Its layout matters: asked in the wrong order the model answers nonsense."""
    copy = shutil.copy(small_catalog.folders[1] / "bytefim-nano-spm-q8_0.gguf", tmp_path / "renamed.gguf")

    found = find_model(str(copy), catalog=small_catalog)

    assert found.entry is not None
    assert found.entry.name == "bytefim-nano-spm"


def test_a_file_that_the_catalogue_does_not_know_has_no_entry(small_catalog: Catalog, tmp_path: Path) -> None:
    """Same length, other content, other name: another model. It calls itself one of ours all the same, and is asked
    like them.
    """
    content = bytearray((small_catalog.folders[1] / "bytefim-nano-spm-q8_0.gguf").read_bytes())
    content[-1] ^= 1
    (tmp_path / "other.gguf").write_bytes(content)

    found = find_model(str(tmp_path / "other.gguf"), catalog=small_catalog)

    assert found.entry is None
    assert found.family is not None
    assert found.family.name == "bytefim"


def test_damage_is_found_by_length_at_once_and_by_checksum_when_asked(small_catalog: Catalog) -> None:
    """A broken download is the likeliest damage; a flipped bit is what verify is for."""
    entry = small_catalog.require_entry("bytefim-nano-spm")
    path = small_catalog.folders[1] / entry.file.file
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadModelFile, match=r"is damaged \(SHA-256"):
        verify(find_model(entry.name, catalog=small_catalog))

    path.write_bytes(content[:-1])
    with pytest.raises(BadModelFile, match=r"2813247 bytes instead of 2813248: it is damaged; delete it and install"):
        find_model(entry.name, catalog=small_catalog)


@pytest.mark.parametrize(
    ("architecture", "name", "family"),
    [
        ("qwen2", "Qwen2.5 Coder 7B", "qwen2.5-coder"),
        ("qwen2", "Qwen2.5 7B", None),
        ("qwen2", "CodeQwen1.5-7B", "codeqwen1.5"),
        ("starcoder2", "starcoder2-3b", "starcoder2"),
        ("llama", "Mellum 4b Base", "mellum"),
        ("llama", "deepseek-ai_deepseek-coder-6.7b-base", "deepseek-coder"),
        ("deepseek2", "DeepSeek-Coder-V2-Lite-Base", "deepseek-coder-v2"),
        ("llama", "OpenCoder 8B Instruct", "opencoder"),
        ("bert", "Qwen2.5 Coder 7B", None),
    ],
)
def test_a_family_is_told_by_what_a_file_calls_itself(
    tmp_path: Path, architecture: str, name: str, family: str | None
) -> None:
    """There are more quantisations than a catalogue can list; StarCoder2 and Mellum differ in nothing else."""
    write_metadata(tmp_path / "x.gguf", {"general.name": name}, architecture=architecture)
    found = find_model(str(tmp_path / "x.gguf"), catalog=CATALOG).family

    assert (found.name if found else None) == family


def test_tokens_that_llama_cpp_does_not_know_are_found_by_how_the_family_spells_them(
    tmp_path: Path, small_catalog: Catalog
) -> None:
    """Seed-Coder, aiXcoder and others would be refused as models without such tokens."""
    content = (MODELS / "bytefim-nano-spm-q8_0.gguf").read_bytes()
    for kind in (b"prefix", b"suffix", b"middle"):
        content = content.replace(b"<|fim_%b|>" % kind, b"<[fim-%b]>" % kind)
        content = content.replace(b"ggml.fim_%b_token_id" % kind[:3], b"ggml.xim_%b_token_id" % kind[:3])
    (tmp_path / "other.gguf").write_bytes(content)
    trial = partial(try_model, cache_file=tmp_path / "trials.json")
    with pytest.raises(BadModelFile, match="has no fill-in-the-middle tokens"):
        load_model(str(tmp_path / "other.gguf"), catalog=small_catalog, trial=trial)
    (family,) = (family for family in small_catalog.families if family.name == "bytefim")
    spelled = replace(family, fim_texts=FimTexts("<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>"))

    loaded = load_model(str(tmp_path / "other.gguf"), catalog=replace(small_catalog, families=(spelled,)), trial=trial)
    loaded.close()

    assert (loaded.fim.prefix_id, loaded.fim.suffix_id, loaded.fim.middle_id) == (2, 3, 4)
    assert all(map(loaded.model.vocab.is_special, (2, 3, 4)))
    assert loaded.layout == "spm"
