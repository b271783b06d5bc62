"""What is generated from the settings: the page, the extension's manifest, the annotations for Lua."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lsp_server.settings import DECLARED, DEFAULTS
from lsp_server.settings_reading import make_settings
from scripts.generate_settings import ROOT, build_files, main

GENERATED = ("docs/settings.md", "editors/vscode/package.json", "editors/neovim/lua/bytefim/settings.lua")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with the generated files of this checkout."""
    for name in GENERATED:
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def test_what_is_checked_in_is_what_the_settings_say() -> None:
    """A page that contradicts the program is worse than none."""
    assert tuple(build_files(ROOT)) == GENERATED
    assert main(["--check"]) == 0


@pytest.mark.parametrize("name", GENERATED)
def test_a_change_by_hand_is_noticed_and_mended(copy: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The check is worth what it finds; its one sentence names the file and the remedy."""
    right = (copy / name).read_text(encoding="utf-8")
    (copy / name).write_text(right.replace("48", "47"), encoding="utf-8")
    status = main(["--check"], root=copy)

    assert status == 1
    assert capsys.readouterr().err == f"{name} is not what lsp_server/settings.py says; run `make settings`.\n"
    assert main([], root=copy) == 0
    assert (copy / name).read_text(encoding="utf-8") == right


def test_a_missing_file_is_stale(copy: Path) -> None:
    """So that a new place cannot be forgotten."""
    (copy / GENERATED[0]).unlink()

    assert main(["--check"], root=copy) == 1
    assert main([], root=copy) == 0
    assert main(["--check"], root=copy) == 0


def test_the_rest_of_the_manifest_is_left_alone(copy: Path) -> None:
    """The extension's author writes it."""
    path = copy / GENERATED[1]
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["contributes"] = {"commands": [{"command": "bytefim.why"}], "configuration": {"stale": True}}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    main([], root=copy)
    mended = json.loads(path.read_text(encoding="utf-8"))

    assert mended["contributes"]["commands"] == [{"command": "bytefim.why"}]
    assert list(mended["contributes"]["configuration"]) == ["title", "properties"]
    assert list(mended) == list(manifest)


def test_settings_of_the_extension_alone_stay_beside_the_servers(copy: Path) -> None:
    """Where the server is found is no business of the server."""
    path = copy / GENERATED[1]
    manifest = json.loads(path.read_text(encoding="utf-8"))
    own = {"title": "the extension", "properties": {"bytefim.server.path": {"type": "string"}}}
    manifest["contributes"]["configuration"] = [{"stale": True}, own]
    path.write_text(json.dumps(manifest), encoding="utf-8")
    main([], root=copy)
    generated, kept = json.loads(path.read_text(encoding="utf-8"))["contributes"]["configuration"]

    assert (generated["title"], kept) == ("bytefim", own)


def test_what_editors_take_for_the_defaults_is_accepted() -> None:
    """An editor that sends what its own settings page shows must not be warned."""
    manifest = json.loads(build_files(ROOT)[GENERATED[1]])
    properties = manifest["contributes"]["configuration"][0]["properties"]
    settings, warnings = make_settings({name.partition(".")[2]: said["default"] for name, said in properties.items()})

    assert (settings, warnings) == (DEFAULTS, ())
    assert len(properties) == len(DECLARED)
