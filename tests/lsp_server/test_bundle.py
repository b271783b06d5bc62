"""Models that come and go as files: bundles packed here and unpacked elsewhere, files registered where they lie."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from byte_fim.errors import BadModelFile
from lsp_server.cli import main
from lsp_server.command_line import model_adding
from lsp_server.model.verdict import Verdict
from lsp_server.store.bundle import ENTRY, LICENCE, MANIFEST, write_bundle
from lsp_server.store.catalog import Catalog, find_model, read_catalog
from lsp_server.store.unpacking import unpack_bundle
from tests.lsp_server.command_line import ask, refusal
from tests.lsp_server.model_hub import sha256_of
from tests.lsp_server.model_shelf import CONTENT, FILE, NOBODY_KNOWS, make_shelf
from tests.made_models import write_random_model
from tests.vocabularies import find_vocabulary


@pytest.fixture
def shelf(tmp_path: Path) -> Catalog:
    return make_shelf(tmp_path / "shipped")


@pytest.fixture
def bundle(shelf: Catalog, tmp_path: Path) -> Path:
    """Of that model."""
    out = tmp_path / "made-up.tar"
    write_bundle(find_model("made-up", catalog=shelf), out)
    return out


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own, still empty."""
    monkeypatch.setenv("BYTEFIM_MODELS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def unpack(bundle: Path, folder: Path, catalog: Catalog = NOBODY_KNOWS) -> str:
    return unpack_bundle(bundle, folder, catalog=catalog).name


def test_a_bundle_goes_where_nobody_knows_the_model(bundle: Path, folder: Path, shelf: Catalog) -> None:
    """An older bytefim, a machine without network: it is found by its name there, and asked as it must be."""
    assert unpack(bundle, folder) == "made-up"
    catalog = read_catalog((shelf.folders[0],), user_folder=folder)
    others = read_catalog(user_folder=None)
    (entry,) = read_catalog().entries[-1:]

    assert (folder / FILE).read_bytes() == CONTENT
    assert others.entries[-1] == entry
    assert entry == replace(shelf.entries[0], card=None)
    assert find_model("made-up").path == folder / FILE
    assert catalog.complaints == ()


def test_a_bundle_says_what_is_in_it(bundle: Path) -> None:
    """For whoever unpacks it by hand; nothing in it tells who packed it, or when."""
    with tarfile.open(bundle, "r:") as tar:
        members = tar.getmembers()
        licence = tar.extractfile(LICENCE)
        assert licence is not None
        note = licence.read().decode()

    assert [member.name for member in members] == [MANIFEST, ENTRY, LICENCE, FILE]
    assert {(member.mtime, member.uid, member.uname, member.mode) for member in members} == {(0, 0, "", 0o644)}
    assert note.splitlines() == [
        "The model made-up is under the licence MIT.",
        "not for sale",
        "Its licence text is where it comes from: https://example.org/made-up",
    ]


def test_the_same_model_makes_the_same_bundle(bundle: Path, shelf: Catalog, tmp_path: Path) -> None:
    """So that two of them can be compared."""
    write_bundle(find_model("made-up", catalog=shelf), tmp_path / "again.tar")

    assert (tmp_path / "again.tar").read_bytes() == bundle.read_bytes()


def test_a_model_that_the_catalogue_knows_keeps_its_name(bundle: Path, folder: Path, shelf: Catalog) -> None:
    """Nothing is written down twice; and the second time, nothing is copied."""
    first = unpack_bundle(bundle, folder, catalog=shelf)
    again = unpack_bundle(bundle, folder, catalog=shelf)

    assert (first.name, first.was_here, again.was_here) == ("made-up", False, True)
    assert [path.name for path in folder.iterdir()] == [FILE]


def test_a_name_that_is_taken_is_not_taken_over(bundle: Path, folder: Path, shelf: Catalog) -> None:
    """By another quantisation it gets a name of its own; by anything else it is refused."""
    file = replace(shelf.entries[0].file, file="other.gguf", quantisation="F16", sha256="0" * 64)
    other = Catalog("made-up", (replace(shelf.entries[0], files=(file,)),), ())

    assert unpack(bundle, folder, other) == "made-up-q8_0"
    with pytest.raises(BadModelFile, match="There is a model named made-up already; choose another name with --name"):
        unpack_bundle(bundle, folder, catalog=other, name="made-up")
    for name in ("../x", "a b", "x.gguf", "-", "a\nb"):
        with pytest.raises(BadModelFile, match="is no name for a model"):
            unpack_bundle(bundle, folder, catalog=NOBODY_KNOWS, name=name)
    with pytest.raises(BadModelFile, match="holds made-up of the catalogue; add it without --name"):
        unpack_bundle(bundle, folder, catalog=shelf, name="mine")


def test_another_file_of_that_name_is_left_alone(bundle: Path, folder: Path) -> None:
    """Somebody may use it."""
    (folder / FILE).write_bytes(b"mine")
    with pytest.raises(BadModelFile, match="is another file than the one in"):
        unpack(bundle, folder)

    assert (folder / FILE).read_bytes() == b"mine"


def test_the_catalogue_is_believed_and_not_the_bundle(bundle: Path, folder: Path, shelf: Catalog) -> None:
    """A stranger's weights under a known name."""
    entry = shelf.entries[0]
    known = Catalog("made-up", (replace(entry, files=(replace(entry.file, sha256="0" * 64),)),), ())
    with pytest.raises(BadModelFile, match=r"holds another made-up-q8_0\.gguf than the model made-up of the catalogue"):
        unpack(bundle, folder, known)

    assert list(folder.iterdir()) == []


def test_a_damaged_model_is_not_packed(shelf: Catalog, tmp_path: Path) -> None:
    """It would be found out too late."""
    (shelf.folders[0] / FILE).write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(BadModelFile, match="is damaged"):
        write_bundle(find_model("made-up", catalog=shelf), tmp_path / "x.tar")
    assert not (tmp_path / "x.tar").exists()


def test_a_bundle_never_takes_the_place_of_its_model(shelf: Catalog, tmp_path: Path) -> None:
    """Two names that are alike; and other places that take none."""
    found = find_model("made-up", catalog=shelf)
    with pytest.raises(BadModelFile, match="is the model itself"):
        write_bundle(found, found.path)
    for place, expected in (
        (tmp_path / "nowhere" / "x.tar", "cannot be written"),
        (tmp_path / "x.gguf", "would be taken for a model"),
        (tmp_path, "is a folder; name the file to write"),
    ):
        with pytest.raises(BadModelFile, match=expected):
            write_bundle(found, place)

    assert found.path.read_bytes() == CONTENT


def test_a_model_in_parts_is_not_packed_by_halves(folder: Path, tmp_path: Path) -> None:
    """The first part alone looks like a model."""
    write_random_model(tmp_path / "big.gguf", find_vocabulary("llama-spm"), max_tensors=9)
    first = min(tmp_path.glob("big-00001-of-*.gguf"))
    model_adding.add(first, name="big", as_json=True, find_verdict=judge_well)
    found = find_model("big")

    with pytest.raises(BadModelFile, match=r"is one of several parts; merge them first \(llama-gguf-split --merge\)"):
        write_bundle(found, tmp_path / "x.tar")
    assert found.file is not None
    assert found.file.about_bytes == sum(part.stat().st_size for part in tmp_path.glob("big-*.gguf"))


def judge_well(path: Path, tell: Callable[[str], None], **_: object) -> Verdict:
    return Verdict(architecture="llama")


def judge_badly(path: Path, tell: Callable[[str], None], **_: object) -> Verdict:
    return Verdict(reason=f"{path} is no good; take another.")


def test_a_file_is_registered_where_it_lies(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under its own name or another; it is found by it from then on, and may be registered again."""
    file = tmp_path / "My Model.Q4_K_M.gguf"
    file.write_bytes(CONTENT)
    monkeypatch.chdir(tmp_path)
    model_adding.add(Path(file.name), name=None, as_json=True, find_verdict=judge_well)
    added = json.loads(capsys.readouterr().out)
    model_adding.add(Path(file.name), name=None, as_json=True, find_verdict=judge_well)
    assert json.loads(capsys.readouterr().out) == added
    model_adding.add(file, name="mine", as_json=False, find_verdict=judge_well)

    assert (added["name"], added["path"], added["sha256"]) == ("my-model.q4_k_m", str(file), sha256_of(CONTENT))
    assert added["verdict"]["is_usable"] is True
    assert capsys.readouterr().out.startswith(f"mine is known now: {file}\n")
    assert find_model("mine").path == file
    moved = file.rename(tmp_path / "moved.gguf")
    model_adding.add(moved, name="mine", as_json=True, find_verdict=judge_well)
    assert find_model("mine").path == moved
    moved.rename(file)
    model_adding.add(file, name="mine", as_json=True, find_verdict=judge_well)
    capsys.readouterr()
    assert find_model("my-model.q4_k_m").file == read_catalog().require("my-model.q4_k_m")[1]
    assert ask(capsys, "models", "verify", "mine")["intact"] is True


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bytefim-tiny", "There is a model named bytefim-tiny already"),
        ("a b", "is no name for a model"),
        ("-x", "is no"),
        ("foo.gguf", "is no name for a model"),
        ("", "is no name for a model"),
    ],
)
def test_a_name_that_cannot_be_is_refused(folder: Path, tmp_path: Path, name: str, expected: str) -> None:
    """Names of the catalogue mean what they mean."""
    (tmp_path / "x.gguf").write_bytes(CONTENT)
    with pytest.raises(BadModelFile, match=expected):
        model_adding.add(tmp_path / "x.gguf", name=name, as_json=True, find_verdict=judge_well)


def test_what_cannot_be_used_is_not_registered(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verdict's sentence says why."""
    (tmp_path / "x.gguf").write_bytes(CONTENT)
    (tmp_path / "y.gguf").write_bytes(b"GGUF")
    with pytest.raises(BadModelFile, match=r"x\.gguf is no good; take another\."):
        model_adding.add(tmp_path / "x.gguf", name=None, as_json=True, find_verdict=judge_badly)

    assert "y.gguf ends after 4 bytes" in refusal(capsys, "models", "add", str(tmp_path / "y.gguf"))
    assert "x.tar" in refusal(capsys, "models", "add", str(tmp_path / "x.tar"))
    assert "is a folder; name the .gguf file inside it" in refusal(capsys, "models", "add", str(tmp_path))
    assert list(folder.iterdir()) == []


def test_from_the_command_line_there_and_back(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the model that ships with bytefim."""
    out = tmp_path / "nano.tar"
    packed = ask(capsys, "models", "bundle", "bytefim-nano-spm", str(out))
    assert packed["n_bytes"] == out.stat().st_size
    added = ask(capsys, "models", "add", str(out))
    assert (added["name"], added["was_here"], added["verdict"]) == ("bytefim-nano-spm", False, None)
    assert main(["models", "add", str(out)]) == 0
    assert main(["models", "bundle", "bytefim-nano-spm", str(out)]) == 0
    said = capsys.readouterr().out

    assert "bytefim-nano-spm was here already, whole: " in said
    assert f"{out} (2.8 MB) holds bytefim-nano-spm; on the other machine: bytefim models add nano.tar" in said
