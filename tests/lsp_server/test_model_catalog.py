"""The catalogue and its look-up: what is shipped is what is described, and names and paths cannot be confused."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from byte_fim.complete import CompleteOptions, complete
from byte_fim.errors import BadModelFile, DecodeAborted
from lsp_server.model.calibration import Calibration, TunableModel, Tuning
from lsp_server.model.load_params import LoadParams
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.model.trial import TrialOutcome, try_model
from lsp_server.store.catalog import Catalog, find_model, read_catalog, verify
from lsp_server.store.entries import CatalogEntry, FimTexts, ModelFamily
from lsp_server.store.fit import find_need
from tests.made_models import write_metadata

MODELS = Path(__file__).resolve().parents[2] / "models"
CATALOG = read_catalog((MODELS,))
ENTRIES = CATALOG.entries
OURS = [entry for entry in ENTRIES if all(file.url is None for file in entry.files)]
CLAIMS = ("licence", "n_parameters", "n_active_parameters", "n_context_tokens", "kv_shape")
ADDRESS = re.compile(r"https://\S+|models/cards/\S+\.md")
SHA256 = re.compile(r"[0-9a-f]{64}")


def named(entry: CatalogEntry) -> str:
    """Test id."""
    return entry.name


def load_uncached(name: str | None, folder: Path) -> LoadedModel:
    """Loads after a real trial, leaving the user's cache alone."""
    return load_model(name, params=LoadParams(n_threads=1), trial=partial(try_model, cache_file=folder / "trials.json"))


@pytest.fixture
def small_catalog(tmp_path: Path) -> Catalog:
    """One model in a checkout-like folder, and an empty folder that is looked at first."""
    packaged, checkout = tmp_path / "packaged", tmp_path / "checkout"
    packaged.mkdir()
    checkout.mkdir()
    shutil.copy(MODELS / "bytefim-nano-spm-q8_0.gguf", checkout)
    shutil.copy(MODELS / "catalog.toml", checkout)
    return read_catalog((packaged, checkout))


def test_the_default_is_in_the_catalogue() -> None:
    """A fresh installation has nothing else to fall back on."""
    catalog = read_catalog()

    assert catalog.require_entry(catalog.default).file.file == "bytefim-tiny-f16.gguf"


@pytest.mark.parametrize("entry", OURS, ids=named)
def test_our_entries_describe_the_files_that_lie_beside_them(entry: CatalogEntry) -> None:
    """A model that was replaced without its checksum would be refused on every machine."""
    content = (MODELS / entry.file.file).read_bytes()
    assert entry.card is not None

    assert len(content) == entry.file.n_bytes
    assert hashlib.sha256(content).hexdigest() == entry.file.sha256
    assert verify(find_model(entry.name))
    assert entry.name in (MODELS / entry.card).read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_every_claim_of_an_entry_has_a_source_or_says_that_it_has_none(entry: CatalogEntry) -> None:
    """Somebody chooses by these figures, and by the licence; what is only remembered must not look like a fact."""
    claims = {claim for claim in CLAIMS if getattr(entry, claim) is not None}

    if entry not in OURS:  # where the card is the source
        assert claims == set(entry.sources) | set(entry.recalled)
        assert all(file.sources for file in entry.files)
        assert entry.upstream is not None
    assert not set(entry.sources) & set(entry.recalled)
    assert all(ADDRESS.fullmatch(address) for claim in entry.sources.values() for address in claim)


@pytest.mark.parametrize("family", CATALOG.families, ids=lambda family: family.name)
def test_every_family_says_how_it_is_asked_and_who_says_so(family: ModelFamily) -> None:
    """In the wrong order a model answers nonsense, and a wrong claim would make it do so everywhere."""
    assert family.layout in (*family.trained_layouts, "plain")
    assert family.layout == "plain" or family.fim_texts is not None
    assert ("fim" in family.sources) is ("fim" not in family.recalled)
    assert "repository_format" in family.sources or not family.repository_format
    assert family.known_as
    assert all(ADDRESS.fullmatch(address) for claim in family.sources.values() for address in claim)


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry not in OURS], ids=named)
def test_every_foreign_file_can_be_fetched_from_where_its_name_says(entry: CatalogEntry) -> None:
    """An address that names another file would put one model under the name of another."""
    for file in entry.files:
        assert file.url is not None
        assert file.url.startswith("https://huggingface.co/")
        assert file.url.endswith(f"/resolve/{file.revision or 'main'}/{file.file}")
        assert file.n_bytes in (None, file.about_bytes)
        assert file.sha256 is None or SHA256.fullmatch(file.sha256)
        assert file.quantisation.lower().replace("_", "") in file.file.lower().replace("_", "") or (
            file.file == "ggml-starcoder2-15b-q4_k.gguf"
        )


def test_no_two_models_or_files_share_a_name() -> None:
    """Files of all models lie in one folder, and names are how people mean them."""
    names = [entry.name for entry in ENTRIES]
    files = [file.file.lower() for entry in ENTRIES for file in entry.files]  # some file systems fold case

    assert len(set(names)) == len(names)
    assert len(set(files)) == len(files)
    for entry in ENTRIES:
        quantisations = [file.quantisation for file in entry.files]
        assert len(set(quantisations)) == len(quantisations)


def test_licences_that_forbid_something_come_with_a_warning() -> None:
    """Apache and MIT need none; whatever has no SPDX name has to be read."""
    for entry in ENTRIES:
        assert (entry.licence_warning is None) is (entry.licence in ("MIT", "Apache-2.0"))


@pytest.mark.parametrize("entry", OURS, ids=named)
def test_our_entries_load_and_agree_with_their_own_metadata(entry: CatalogEntry, tmp_path: Path) -> None:
    """What `bytefim models show` says must be what llama.cpp finds."""
    loaded = load_uncached(entry.name, tmp_path)
    family = entry.family
    assert family is not None
    assert entry.kv_shape is not None
    assert entry.tokenizer is not None

    assert loaded.name == entry.name
    assert loaded.layout == family.layout
    assert loaded.cut == family.cut
    assert loaded.fim.is_complete is (family.fim_texts is not None)
    assert (loaded.fim.file_id is not None) is family.repository_format
    assert loaded.model.n_context_tokens == entry.n_context_tokens
    assert f"{loaded.model.vocab.n_tokens} tokens" in entry.tokenizer
    assert entry.file.quantisation in loaded.facts["description"]
    assert loaded.memory()["kv_bytes"] == find_need(entry, entry.file).kv_bytes
    assert "passed" in loaded.facts["trial"]
    loaded.close()


def test_the_default_model_completes_and_can_be_stopped(tmp_path: Path) -> None:
    """The engine stops superseded work through `set_abort` and then goes on with the same model."""
    loaded = load_uncached(None, tmp_path)
    options = CompleteOptions(layout=loaded.layout, cut=loaded.cut, max_tokens=4)
    tokens = loaded.model.tokenize(b"for index in range(10):\n    print(index)\n" * 8)
    loaded.set_abort(True)
    with pytest.raises(DecodeAborted):
        loaded.model.next_token_logprobs([tokens])
    loaded.set_abort(False)
    completion = complete(loaded.model, loaded.fim, b"for i in ran", b":\n    print(i)\n", options=options)
    loaded.close()

    assert completion.alternatives[0].middle.startswith(b"ge(")


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
    with pytest.raises(BadModelFile, match=r"2813247 bytes instead of 2813248: it is damaged; install"):
        find_model(entry.name, catalog=small_catalog)


@pytest.mark.parametrize("content", ["", "default = ", 'default = "x"\n[models.x]\nfile = "x"', "\xff"])
def test_a_damaged_catalogue_is_one_sentence(tmp_path: Path, content: str) -> None:
    """Not a traceback of a parser that the user never heard of."""
    (tmp_path / "catalog.toml").write_text(content, encoding="latin-1")

    with pytest.raises(BadModelFile, match=r"catalog\.toml cannot be used .*; install bytefim again\.$"):
        read_catalog((tmp_path,))


def test_a_missing_catalogue_is_one_sentence(tmp_path: Path) -> None:
    """Half-copied installations exist."""
    with pytest.raises(BadModelFile, match=r"^catalog\.toml is missing from .*; install bytefim again\.$"):
        read_catalog((tmp_path,))


def test_what_survives_the_trial_is_loaded_and_calibrated() -> None:
    """A trial with other parameters than those used afterwards would prove nothing, nor would a calibration."""
    asked: list[LoadParams] = []
    survived = LoadParams(n_context_tokens=128, n_threads=1, use_extra_buffers=False)
    tuning = Tuning(n_threads=1, n_threads_prompt=1, n_piece_tokens=32, step_costs=(1.0, 1.5))

    def trial(path: Path, params: LoadParams) -> TrialOutcome:
        asked.append(params)
        return TrialOutcome(survived, "as told")

    def calibration(model: TunableModel, path: Path, params: LoadParams) -> Calibration:
        asked.append(params)
        return Calibration(tuning, "as told")

    wanted = LoadParams(n_context_tokens=256, n_threads=1)
    loaded = load_model("bytefim-nano-spm", params=wanted, trial=trial, calibration=calibration)
    loaded.close()

    assert asked == [wanted, survived]
    assert loaded.model.n_context_tokens == 128
    assert loaded.facts["use_extra_buffers"] == "no"
    assert loaded.facts["trial"] == loaded.facts["calibration"] == "as told"
    assert loaded.step_costs == (1.0, 1.5)
