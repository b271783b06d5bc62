"""The wheel: what is in it, what is not, and that an installed copy works where the workspace is hostile."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from lsp_server.store.catalog import read_catalog

ROOT = Path(__file__).resolve().parents[2]
SOURCE = b"def read_lines(path):\n    with open(path) as file:\n        return file.rea"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stderr
    [path] = folder.glob("bytefim-*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """Every file of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_catalogue_and_the_default_weights_are_inside(wheel: Path, names: set[str]) -> None:
    """They are what makes the first completion work offline."""
    catalog = read_catalog((ROOT / "models",))
    default = catalog.require_entry(catalog.default)
    with zipfile.ZipFile(wheel) as archive:
        weights = archive.read(f"lsp_server/_models/{default.file.file}")
        described = archive.read("lsp_server/_models/catalog.toml")

    assert hashlib.sha256(weights).hexdigest() == default.file.sha256
    assert described == (ROOT / "models" / "catalog.toml").read_bytes()


def test_only_our_two_packages_are_importable(names: set[str]) -> None:
    """A top-level `models`, `tests` or `examples` would shadow somebody else's package of that name."""
    top_levels = {name.split("/")[0] for name in names}

    assert {name for name in top_levels if not name.endswith(".dist-info")} == {"byte_fim", "lsp_server"}


def test_no_source_file_is_missing_and_nothing_else_slipped_in(names: set[str]) -> None:
    """An ignore rule of the build or of git can silently drop a module or take a test model along."""
    expected = {
        path.relative_to(ROOT).as_posix()
        for package in ("byte_fim", "lsp_server")
        for path in (ROOT / package).rglob("*")
        if path.suffix == ".py" or path.name == "py.typed"
    }
    ours = {name for name in names if ".dist-info/" not in name}

    assert expected <= ours
    assert ours - expected == {"lsp_server/_models/catalog.toml", "lsp_server/_models/bytefim-tiny-f16.gguf"}


def test_the_command_and_the_licence_are_declared(wheel: Path, names: set[str]) -> None:
    """Editors start the console script; a wheel without its licence may not be passed on."""
    with zipfile.ZipFile(wheel) as archive:
        [entry_points] = [archive.read(name).decode() for name in names if name.endswith("/entry_points.txt")]

    assert "bytefim = lsp_server.cli:main" in entry_points
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


@dataclass(frozen=True, slots=True)
class Installation:
    """An installed copy, and a workspace whose files must not be imported."""

    bin: Path
    site: Path
    workspace: Path
    environment: Mapping[str, str]

    def run(self, *command: str, text: bytes = b"") -> bytes:
        """What the command prints when it is started in the workspace; it must succeed."""
        ended = subprocess.run(
            command, cwd=self.workspace, env=self.environment, input=text, capture_output=True, timeout=120, check=False
        )
        assert ended.returncode == 0, ended.stderr.decode()
        return ended.stdout

    @property
    def python(self) -> str:
        return str(self.bin / ("python.exe" if os.name == "nt" else "python"))

    @property
    def script(self) -> str:
        return str(self.bin / ("bytefim.exe" if os.name == "nt" else "bytefim"))


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheel in a virtual environment of its own, which borrows only the dependencies."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False)
    where = {"base": str(folder), "platbase": str(folder)}
    bin_folder, site = (Path(sysconfig.get_path(kind, "venv", where)) for kind in ("scripts", "purelib"))
    # .pth files of the borrowed folder are not obeyed, so an editable install there stays out of sight
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = bin_folder / ("python.exe" if os.name == "nt" else "python")
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    workspace = tmp_path_factory.mktemp("workspace")
    for name in ("lsp_server.py", "numpy.py", "llama_cpp.py", "pygls.py", "models/__init__.py", "byte_fim/__init__.py"):
        (workspace / name).parent.mkdir(exist_ok=True)
        (workspace / name).write_text(f"raise SystemExit('{name} of the workspace was imported')\n")
    (workspace / "edited.py").write_bytes(SOURCE)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment["XDG_CACHE_HOME"] = environment["LOCALAPPDATA"] = str(tmp_path_factory.mktemp("cache"))
    return Installation(bin_folder, site, workspace, environment)


@pytest.mark.slow
def test_the_installed_copy_finds_its_own_weights(installation: Installation) -> None:
    """Not those of a checkout, nor those of the workspace's `models/`."""
    path = installation.run(installation.script, "models", "path", "bytefim-tiny").decode().strip()

    assert Path(path) == installation.site / "lsp_server" / "_models" / "bytefim-tiny-f16.gguf"


@pytest.mark.slow
@pytest.mark.parametrize("start", ["script", "module"])
def test_the_installed_copy_completes_in_a_hostile_workspace(installation: Installation, start: str) -> None:
    """Editors start it with the workspace as working directory; nothing there may be imported or changed."""
    before = sorted(installation.workspace.rglob("*"))
    command = [installation.script] if start == "script" else [installation.python, "-P", "-m", "lsp_server"]
    printed = installation.run(*command, "complete", "edited.py", "--offset", str(len(SOURCE)), "--json")
    answer = json.loads(printed)

    assert answer["model"] == "bytefim-tiny"
    assert answer["insert_text"].startswith("d")
    assert sorted(installation.workspace.rglob("*")) == before


@pytest.mark.slow
def test_the_installed_server_starts_in_a_hostile_workspace(installation: Installation) -> None:
    """The same for the server, over its real channel."""
    messages = (
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"processId": None, "capabilities": {}}},
        {"jsonrpc": "2.0", "method": "initialized", "params": {}},
        {"jsonrpc": "2.0", "id": 2, "method": "shutdown"},
        {"jsonrpc": "2.0", "method": "exit"},
    )
    bodies = [json.dumps(message).encode() for message in messages]
    spoken = b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies)
    heard = installation.run(installation.python, "-P", "-m", "lsp_server", "serve", "--stdio", text=spoken)

    assert b"inlineCompletionProvider" in heard
    assert b'"id": 2' in heard or b'"id":2' in heard
