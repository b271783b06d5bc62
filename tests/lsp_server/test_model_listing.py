"""`bytefim models list` and `show`, as people and scripts read them, on a machine that never changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lsp_server.command_line import model_facts, model_listing
from lsp_server.command_line.model_facts import Machine
from lsp_server.store.catalog import Catalog, read_catalog
from lsp_server.store.fit import Pace
from lsp_server.system.memory import Memory

CATALOG = """
default = "small"

[families.coder]
architecture = "llama"
layout = "psm"
trained_layouts = ["psm"]
cut = "word"
repository_format = false
fim_texts = ["<P>", "<S>", "<M>"]
sources.fim = ["https://example.org/fim"]

[models.small]
family = "coder"
licence = "MIT"
summary = "ships with it"
n_parameters = 20_000_000
n_context_tokens = 1024
kv_shape = [6, 5, 64]

[[models.small.files]]
file = "small.gguf"
quantisation = "F16"
n_bytes = 20_000_000

[models.middle]
family = "coder"
upstream = "https://example.org/middle"
licence = "Apache-2.0"
summary = "the usual one"
n_parameters = 1_500_000_000
n_context_tokens = 32_768
kv_shape = [28, 2, 128]
recalled = ["n_parameters", "kv_shape"]
sources.licence = ["https://example.org/middle"]
sources.n_context_tokens = ["https://example.org/middle"]

[[models.middle.files]]
file = "middle-q8_0.gguf"
quantisation = "Q8_0"
n_bytes = 1_600_000_000
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
hub = "someone/middle-GGUF"
revision = "abc"
sources = ["https://example.org/files"]

[[models.middle.files]]
file = "middle-q4_k_m.gguf"
quantisation = "Q4_K_M"
about_bytes = 990_000_000
hub = "someone/middle-GGUF"
sources = ["https://example.org/files"]

[models.large-and-forbidden]
licence = "LicenseRef-Research"
licence_warning = "for research only"
summary = "not for work"
[[models.large-and-forbidden.files]]
file = "large.gguf"
quantisation = "Q4_K_M"
about_bytes = 20_000_000_000
hub = "someone/large-GGUF"
sources = ["https://example.org/large"]
"""
TABLE = """\
   name                              GB memory/GB here    token/s layout licence
*+ small                           0.02      0.45 fits       1000 psm    MIT
   middle                           1.6       2.1 fits         12 psm    Apache-2.0
   large-and-forbidden             20.0     ~21.4 too big     1.0 ?      Research !

* is used when no model is named; + is on this machine; ! the licence forbids some uses
memory: weights, KV cache and working memory
token/s: on the processor, estimated from small
layout plain: is not asked to fill in the middle; `bytefim models show NAME` tells the rest
this machine has 16.0 GB of memory, 10.0 GB of it free
recommended: middle, since
  the largest base model under a free licence that fits with memory to spare and makes at least 10
  tokens/s here, as far as small tells
"""
SHEET = """\
name                middle
licence             Apache-2.0
summary             the usual one
upstream            https://example.org/middle
is_base             yes
n_parameters        1,500,000,000
n_context_tokens    32,768
kv_shape            n_layers 28, n_kv_heads 2, head_size 128
recalled            n_parameters, kv_shape
family              coder
architecture        llama
fim_tokens          yes
fim_texts           prefix <P>, suffix <S>, middle <M>
layout              psm
trained_layouts     psm
cut                 word
repository_format   no
default             no
recommended         the largest base model under a free licence that fits with memory to spare and makes at least 10 \
tokens/s here, as far as small tells

middle
  file             middle-q8_0.gguf (Q8_0)
  size             1,600,000,000 bytes
  sha256           0000000000000000000000000000000000000000000000000000000000000000
  from             https://huggingface.co/someone/middle-GGUF/resolve/abc/middle-q8_0.gguf
  path             not on this machine
  memory           2.1 GB, of which the KV cache for 4096 tokens 0.12: fits
  tokens/s         about 12 on the processor, estimated from small
  read at          https://example.org/files

middle:q4_k_m
  file             middle-q4_k_m.gguf (Q4_K_M)
  size             about 0.99 GB; the exact size is not known
  sha256           not known: the file can be fetched, but not proven to be whole
  from             https://huggingface.co/someone/middle-GGUF/resolve/main/middle-q4_k_m.gguf
  path             not on this machine
  memory           1.5 GB, of which the KV cache for 4096 tokens 0.12: fits
  tokens/s         about 20 on the processor, estimated from small
  read at          https://example.org/files

read or to be checked at
  fim                https://example.org/fim
  licence            https://example.org/middle
  n_context_tokens   https://example.org/middle
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """16 GB, of which 10 are free, a pace of 20 GB/s, and one model; the folder of models."""
    (tmp_path / "catalog.toml").write_text(CATALOG)
    (tmp_path / "small.gguf").write_bytes(b"GGUF")
    pace = Pace("small", 20e9)

    def read() -> Catalog:
        return read_catalog((tmp_path,))

    def find(catalog: Catalog) -> Machine:
        return Machine(Memory(16 * 10**9, 10 * 10**9), pace)

    monkeypatch.setattr(model_listing, "read_catalog", read)
    monkeypatch.setattr(model_listing, "find_machine", find)
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    """The JSON that was printed."""
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("machine")
def test_the_list_is_a_table_that_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """It is what most people see of the catalogue."""
    model_listing.print_list(as_json=False)
    out = capsys.readouterr().out

    assert out == TABLE


def test_the_list_of_all_models_is_at_most_100_columns_wide(capsys: pytest.CaptureFixture[str]) -> None:
    """Long names and licences are the ones that would break it."""
    model_listing.print_list(as_json=False)

    assert max(map(len, capsys.readouterr().out.splitlines())) <= 100


@pytest.mark.usefixtures("machine")
def test_a_model_fits_where_a_graphics_card_holds_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most who run large models have a card for them, and little other memory free."""
    full = Memory(16 * 10**9, 10**8)
    verdicts: list[str] = []
    for vram_bytes in (0, 24 * 10**9):
        monkeypatch.setattr(model_listing, "find_machine", lambda _, vram=vram_bytes: Machine(full, None, vram))
        model_listing.print_entry("middle", as_json=True)
        verdicts.append(printed(capsys)["fit"]["verdict"])

    assert verdicts == ["tight", "fits"]


@pytest.mark.usefixtures("machine")
def test_a_model_is_shown_with_every_field_file_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever fetches gigabytes wants to know what from where, and who says so."""
    model_listing.print_entry("middle", as_json=False)

    assert capsys.readouterr().out == SHEET


@pytest.mark.usefixtures("machine")
def test_a_licence_that_forbids_something_is_said_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Before the size, the speed and the address."""
    model_listing.print_entry("large-and-forbidden", as_json=False)

    assert capsys.readouterr().out.startswith("NOTE: for research only.\nname ")


@pytest.mark.usefixtures("machine")
def test_scripts_get_the_same_facts(capsys: pytest.CaptureFixture[str]) -> None:
    """The editor offers models by this list; a size that is not known exactly is still a number."""
    model_listing.print_list(as_json=True)
    models = {model["name"]: model for model in printed(capsys)}
    model_listing.print_entry("middle", as_json=True)
    middle = printed(capsys)

    assert models["middle"] == middle
    assert middle["fit"] == {
        "verdict": "fits",
        "needed_bytes": 2_144_210_944,
        "weights_bytes": 1_600_000_000,
        "kv_bytes": 124_780_544,
        "n_context_tokens": 4096,
        "is_estimate": False,
        "tokens_per_s": 12.5,
        "tokens_per_s_from": "small",
    }
    assert middle["recommended"].startswith("the largest base model")
    assert models["small"]["recommended"] is None
    assert [file["quantisation"] for file in middle["files"]] == ["Q8_0", "Q4_K_M"]
    assert (middle["files"][1]["n_bytes"], middle["files"][1]["about_bytes"]) == (None, 990_000_000)
    assert models["large-and-forbidden"]["n_bytes"] == 20_000_000_000
    assert models["large-and-forbidden"]["fit"]["is_estimate"] is True
    assert models["large-and-forbidden"]["licence_warning"] == "for research only"


def test_the_path_of_a_quantisation_is_its_own(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts hand it to other programs."""
    (machine / "middle-q4_k_m.gguf").write_bytes(b"GGUF")
    model_listing.print_path("middle:q4_k_m", as_json=False)

    assert capsys.readouterr().out == f"{machine / 'middle-q4_k_m.gguf'}\n"


def test_a_file_without_a_known_checksum_is_not_called_intact(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may well be; nobody knows."""
    (machine / "middle-q4_k_m.gguf").write_bytes(b"GGUF" + bytes([3, 0, 0, 0, 1]) + bytes(15) + bytes(100))
    model_listing.print_verdict("middle:q4_k_m", as_json=True)
    verdict = printed(capsys)
    model_listing.print_verdict("middle:q4_k_m", as_json=False)

    assert verdict["intact"] is None
    assert "no checksum is known" in capsys.readouterr().out


def test_the_pace_is_that_of_the_largest_model_measured_here(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small model's tokens are mostly overhead."""
    (machine / "middle-q4_k_m.gguf").write_bytes(b"GGUF")
    times_s = {"small.gguf": 0.002}
    monkeypatch.setattr(model_facts, "find_token_s", lambda path: times_s.get(path.name))
    catalog = read_catalog((machine,))
    before = model_facts.find_machine(catalog).pace
    times_s["middle-q4_k_m.gguf"] = 0.05

    assert before == Pace("small", 1e10)
    assert model_facts.find_machine(catalog).pace == Pace("middle:q4_k_m", 990_000_000 / 0.05)


def test_complaints_about_the_users_list_go_to_the_other_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that reads the list must not trip over them."""
    (tmp_path / "added.toml").write_text("models = 3")
    monkeypatch.setenv("BYTEFIM_MODELS", str(tmp_path))
    model_listing.print_list(as_json=True)
    said = capsys.readouterr()

    assert json.loads(said.out)
    assert said.err.startswith("bytefim: ")
    assert "added.toml cannot be used (models is no table)" in said.err
