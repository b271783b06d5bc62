"""The catalogue: what is shipped is what is described, and every claim has a source."""

from __future__ import annotations

import hashlib
import re
from functools import partial
from pathlib import Path

import pytest

from byte_fim.complete import CompleteOptions, complete
from byte_fim.errors import BadModelFile, DecodeAborted
from lsp_server.model.calibration import Calibration, TunableModel, Tuning
from lsp_server.model.load_params import LoadParams
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.model.trial import TrialOutcome, try_model
from lsp_server.store.catalog import find_model, read_catalog, verify
from lsp_server.store.entries import CatalogEntry, ModelFamily
from lsp_server.store.fit import find_need

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
