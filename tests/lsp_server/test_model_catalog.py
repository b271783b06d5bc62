"""The catalogue and its look-up: what is shipped is what is described, and names and paths cannot be confused."""

from __future__ import annotations

import hashlib
import shutil
from functools import partial
from pathlib import Path
from typing import get_args

import pytest

from byte_fim.complete import CompleteOptions, complete
from byte_fim.fim import CutPolicy, Layout
from byte_fim.model import BadModelFile, DecodeAborted
from lsp_server.model.calibration import Calibration, TunableModel, Tuning
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.model.trial import LoadParams, TrialOutcome, try_model
from lsp_server.store.catalog import Catalog, CatalogEntry, find_model, read_catalog, verify

MODELS = Path(__file__).resolve().parents[2] / "models"
ENTRIES = read_catalog().entries


def named(entry: CatalogEntry) -> str:
    """Test id."""
    return entry.name


def load_uncached(name: str | None, folder: Path) -> LoadedModel:
    """Loads after a real trial, leaving the user's cache alone."""
    return load_model(name, n_threads=1, trial=partial(try_model, cache_file=folder / "trials.json"))


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

    assert catalog.require_entry(catalog.default).file == "bytefim-tiny-f16.gguf"


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_every_entry_describes_the_file_that_lies_beside_it(entry: CatalogEntry) -> None:
    """A model that was replaced without its checksum would be refused on every machine."""
    content = (MODELS / entry.file).read_bytes()

    assert len(content) == entry.n_bytes
    assert hashlib.sha256(content).hexdigest() == entry.sha256
    assert verify(entry).name == entry.file


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_every_entry_holds_values_of_the_right_kind(entry: CatalogEntry) -> None:
    """The reader of the catalogue trusts it; this is where the trust comes from."""
    texts = (entry.file, entry.licence, entry.summary, entry.architecture, entry.quantisation, entry.tokenizer)

    assert all(isinstance(text, str) and text for text in (*texts, entry.training_data, entry.card))
    assert all(type(number) is int for number in (entry.n_bytes, entry.n_parameters, entry.n_context_tokens))
    assert type(entry.fim_tokens) is bool
    assert type(entry.repository_format) is bool
    assert entry.layout in entry.trained_layouts
    assert set(entry.trained_layouts) <= set(get_args(Layout))
    assert entry.cut in get_args(CutPolicy)
    assert entry.name in (MODELS / entry.card).read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_every_entry_loads_and_agrees_with_its_own_metadata(entry: CatalogEntry, tmp_path: Path) -> None:
    """What `bytefim models show` says must be what llama.cpp finds."""
    loaded = load_uncached(entry.name, tmp_path)

    assert loaded.name == entry.name
    assert loaded.layout == entry.layout
    assert loaded.cut == entry.cut
    assert loaded.fim.is_complete is entry.fim_tokens
    assert (loaded.fim.file_id is not None) is entry.repository_format
    assert loaded.model.n_context_tokens == entry.n_context_tokens
    assert f"{loaded.model.vocab.n_tokens} tokens" in entry.tokenizer
    assert entry.quantisation in loaded.facts["description"]
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


def test_an_unknown_name_lists_the_known_ones() -> None:
    """The usual cause is a typing error."""
    with pytest.raises(BadModelFile) as caught:
        find_model("bytefim-tine")

    assert str(caught.value) == (
        "There is no model named 'bytefim-tine'; use one of bytefim-tiny, bytefim-nano-spm,"
        " or the path of a .gguf file."
    )


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

    assert find_model(entry.name, catalog=small_catalog).path == checkout / entry.file
    shutil.copy(checkout / entry.file, packaged)
    assert find_model(entry.name, catalog=small_catalog).path == packaged / entry.file


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
    """Same length, other content, other name: another model."""
    content = bytearray((small_catalog.folders[1] / "bytefim-nano-spm-q8_0.gguf").read_bytes())
    content[-1] ^= 1
    (tmp_path / "other.gguf").write_bytes(content)

    assert find_model(str(tmp_path / "other.gguf"), catalog=small_catalog).entry is None


def test_damage_is_found_by_length_at_once_and_by_checksum_when_asked(small_catalog: Catalog) -> None:
    """A broken download is the likeliest damage; a flipped bit is what verify is for."""
    entry = small_catalog.require_entry("bytefim-nano-spm")
    path = small_catalog.folders[1] / entry.file
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadModelFile, match=r"is damaged \(SHA-256"):
        verify(entry, catalog=small_catalog)

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

    loaded = load_model("bytefim-nano-spm", n_context_tokens=256, n_threads=1, trial=trial, calibration=calibration)
    loaded.close()

    assert asked == [LoadParams(n_context_tokens=256, n_threads=1), survived]
    assert loaded.model.n_context_tokens == 128
    assert loaded.facts["use_extra_buffers"] == "no"
    assert loaded.facts["trial"] == loaded.facts["calibration"] == "as told"
    assert loaded.step_costs == (1.0, 1.5)
