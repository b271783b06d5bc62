"""The user's own folder of models: where it is, what he added, and that a bad list spoils nothing else."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from byte_fim.errors import BadModelFile
from lsp_server.store.added import ADDED_FILE, keep_added
from lsp_server.store.catalog import Catalog, find_model, read_catalog
from lsp_server.store.entries import CatalogEntry, ModelFile
from lsp_server.store.folders import find_user_folder, require_user_folder

MODELS = Path(__file__).resolve().parents[2] / "models"
NANO = MODELS / "bytefim-nano-spm-q8_0.gguf"


def added(name: str, file: Path, *, summary: str = "added by hand") -> CatalogEntry:
    """As `bytefim models add` knows a file."""
    n_bytes = file.stat().st_size
    files = (ModelFile(file=str(file), quantisation="Q8_0", n_bytes=n_bytes, about_bytes=n_bytes),)
    return CatalogEntry(name=name, licence="unknown", summary=summary, files=files)


def catalog_of(folder: Path) -> Catalog:
    """Ours, and what lies in the user's folder."""
    return read_catalog((MODELS,), user_folder=folder)


@pytest.mark.parametrize(
    ("platform", "environment", "folder"),
    [
        ("linux", {"BYTEFIM_MODELS": "/there"}, "/there"),
        ("win32", {"BYTEFIM_MODELS": "/there", "LOCALAPPDATA": "/local"}, "/there"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/bytefim/models"),
        ("linux", {"XDG_DATA_HOME": ""}, "~/.local/share/bytefim/models"),
        ("darwin", {"XDG_DATA_HOME": "/data"}, "~/Library/Application Support/bytefim/models"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/bytefim/models"),
        ("win32", {}, "~/AppData/Local/bytefim/models"),
    ],
)
def test_the_users_folder_is_where_the_system_keeps_data(
    platform: str, environment: dict[str, str], folder: str
) -> None:
    """Gigabytes belong neither into caches, which are swept, nor into the settings, which are synchronised."""
    assert find_user_folder(environment, platform=platform) == Path(folder).expanduser()


def test_a_user_without_a_home_folder_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers run as user ids that nobody knows; the shipped model must work there."""

    def no_home() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", no_home)

    assert find_user_folder({}, platform="linux") is None


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in its place, or a disk that is read only."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BYTEFIM_MODELS", str(tmp_path / "file" / "models"))

    with pytest.raises(BadModelFile, match=r"models cannot be made \(.*\); name another folder by BYTEFIM_MODELS\.$"):
        require_user_folder()


def test_what_was_added_is_found_by_its_name(tmp_path: Path) -> None:
    """It stays where it lies."""
    file = Path(shutil.copy(NANO, tmp_path / "mine.gguf"))
    own = tmp_path / "own"
    own.mkdir()
    keep_added(added("mine", file), folder=own)
    keep_added(added("other", file), folder=own)

    found = find_model("mine", catalog=catalog_of(own))

    assert found.path == file
    assert found.entry == added("mine", file)
    assert catalog_of(own).require_entry("other").summary == "added by hand"


def test_what_is_added_again_takes_the_place_of_the_older(tmp_path: Path) -> None:
    """A model that was moved is added again."""
    keep_added(added("mine", NANO), folder=tmp_path)
    keep_added(added("mine", NANO, summary="newer"), folder=tmp_path)

    assert [entry.summary for entry in catalog_of(tmp_path).entries if entry.name == "mine"] == ["newer"]


def test_the_catalogues_own_models_cannot_be_replaced(tmp_path: Path) -> None:
    """`bytefim-tiny` means the same file for everybody; a later version may also come to know what somebody added."""
    keep_added(added("bytefim-tiny", NANO), folder=tmp_path)

    assert [entry.summary for entry in catalog_of(tmp_path).entries if entry.name == "bytefim-tiny"] == [
        "10 M parameters, mostly Python; ships with bytefim"
    ]


def test_a_bad_list_costs_what_it_lists_and_nothing_else(tmp_path: Path) -> None:
    """Somebody edited it by hand: the editor must go on completing, and somebody must say what is wrong."""
    (tmp_path / ADDED_FILE).write_text("[models.mine]\nlicens = 'MIT'\n")
    catalog = catalog_of(tmp_path)

    assert find_model(None, catalog=catalog).path == MODELS / "bytefim-tiny-f16.gguf"
    assert len(catalog.complaints) == 1
    assert "models.mine has no files" in catalog.complaints[0]
    with pytest.raises(BadModelFile, match=r"added\.toml cannot be used .*; mend it, or delete it and add the models"):
        keep_added(added("mine", NANO), folder=tmp_path)
    with pytest.raises(BadModelFile, match=r"no model named 'mine' among those that ship; .*added\.toml cannot be"):
        find_model("mine", catalog=catalog)
    assert (tmp_path / ADDED_FILE).read_text() == "[models.mine]\nlicens = 'MIT'\n"


def test_a_list_that_cannot_be_written_is_not_called_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, or a folder that is read only: the list itself is healthy, and stays."""
    keep_added(added("mine", NANO), folder=tmp_path)

    def full(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(BadModelFile, match=r"added\.toml cannot be written \(No space left on device\); check the"):
        keep_added(added("other", NANO), folder=tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [ADDED_FILE]
    assert find_model("mine", catalog=catalog_of(tmp_path)).path == NANO


def test_a_model_that_was_moved_says_how_it_is_found_again(tmp_path: Path) -> None:
    """Its name is free for the file's new place."""
    file = Path(shutil.copy(NANO, tmp_path / "mine.gguf"))
    keep_added(added("mine", file), folder=tmp_path)
    file.unlink()
    with pytest.raises(BadModelFile, match=r"was added from .*mine\.gguf, which is not there; .*add PATH --name mine`"):
        find_model("mine", catalog=catalog_of(tmp_path))
