"""Entries of the catalogue as tables: what is read, what is refused, and that what is written is read again."""

from __future__ import annotations

import pytest

from lsp_server.store.added import read_entry_text
from lsp_server.store.catalog import read_catalog
from lsp_server.store.entries import KvShape
from lsp_server.store.entry_reading import BadEntry, read_entries
from lsp_server.store.entry_writing import as_toml

FAMILY = {
    "architecture": "llama",
    "layout": "psm",
    "trained_layouts": ["psm"],
    "cut": "word",
    "repository_format": False,
}
FILE = {"file": "a.gguf", "quantisation": "Q8_0", "n_bytes": 1000}
MODEL = {"licence": "MIT", "summary": "a model", "files": [FILE]}


def read_one(**changes: object) -> object:
    """A model with some fields set or, by None, left out."""
    table = {key: value for key, value in {**MODEL, **changes}.items() if value is not None}
    (entry,) = read_entries({"a": table}, {}, {"page": "https://example.org/page"})
    return entry


def test_an_entry_is_what_its_table_says() -> None:
    """Short names stand for addresses, a repository and a file name for the place of the file."""
    files = [{**FILE, "hub": "someone/some-model", "revision": "abc", "sources": ["page"]}]
    (entry,) = read_entries(
        {"a": {**MODEL, "files": files, "kv_shape": [2, 3, 4], "sources": {"licence": ["page"]}}},
        {},
        {"page": "https://example.org/page"},
    )

    assert entry.file.url == "https://huggingface.co/someone/some-model/resolve/abc/a.gguf"
    assert entry.file.about_bytes == entry.file.n_bytes == 1000
    assert entry.file.sources == entry.sources["licence"] == ("https://example.org/page",)
    assert entry.kv_shape == KvShape(n_layers=2, n_kv_heads=3, head_size=4)
    assert entry.family is None
    assert entry.is_base


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"licence": None}, "models.a.licence is missing"),
        ({"licence": 3}, "models.a.licence must be text"),
        ({"licence": ""}, "models.a.licence must be text"),
        ({"licens": "MIT"}, "models.a has an unknown field licens"),
        ({"n_parameters": "many"}, "models.a.n_parameters must be a whole number above 0"),
        ({"n_parameters": True}, "models.a.n_parameters must be a whole number above 0"),
        ({"is_base": 1}, "models.a.is_base must be true or false"),
        ({"kv_shape": [1, 2]}, "models.a.kv_shape must be three: layers, key-value heads, size of a head"),
        ({"kv_shape": [1, 2, -3]}, "models.a.kv_shape must be whole numbers above 0"),
        ({"family": "strangers"}, "models.a.family strangers is not described"),
        ({"recalled": [1]}, "models.a.recalled must be a list of texts"),
        ({"sources": {"licence": ["pages"]}}, "the source pages is no address and has none"),
        ({"files": []}, "models.a has no files"),
        ({"files": [{"file": "a.gguf", "quantisation": "Q8_0"}]}, "says neither n_bytes nor about_bytes"),
        ({"files": [{**FILE, "sha256": "F" * 64}]}, "sha256 must be 64 hexadecimal digits in lower case"),
        ({"files": [{**FILE, "size": 3}]}, r"models.a.files\[0\] has an unknown field size"),
        ({"files": "a.gguf"}, "models.a.files must be tables"),
    ],
)
def test_a_table_of_the_wrong_kind_is_refused_by_name(changes: dict[str, object], reason: str) -> None:
    """Bundles come from strangers, and a field that is misspelt would be forgotten without a word."""
    with pytest.raises(BadEntry, match=reason):
        read_one(**changes)


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b", "a:b", "model.gguf", "-rf", "ä"])
def test_a_name_that_could_be_a_path_or_a_quantisation_is_refused(name: str) -> None:
    """Names are typed on command lines, beside paths."""
    with pytest.raises(BadEntry, match="a name has letters, digits"):
        read_entries({name: MODEL}, {}, {})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"layout": "pms"}, "families.f.layout must be one of plain, psm, spm"),
        ({"trained_layouts": ["psm", "all"]}, "families.f.trained_layouts must be of plain, psm, spm"),
        ({"cut": "line"}, "families.f.cut must be one of cursor, word, anchor"),
        ({"fim_texts": ["<PRE>"]}, "families.f.fim_texts must be three: prefix, suffix, middle"),
    ],
)
def test_a_family_that_could_not_be_asked_is_refused(changes: dict[str, object], reason: str) -> None:
    """Its layout goes straight into prompts."""
    described = {**FAMILY, **changes}
    lines = [
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}" for key, value in described.items()
    ]

    with pytest.raises(BadEntry, match=reason):
        read_entry_text("\n".join(["[families.f]", *lines]))


def test_every_entry_survives_being_written_and_read() -> None:
    """Bundles and the user's own list hold entries in this form."""
    entries = read_catalog().entries

    assert read_entry_text(as_toml(entries)) == entries


def test_what_is_no_table_at_all_is_refused_in_a_sentence() -> None:
    """A file cut off in the middle."""
    with pytest.raises(BadEntry, match=r"^Expected ']' at the end of a table declaration"):
        read_entry_text("[models")
    with pytest.raises(BadEntry, match="models is no table"):
        read_entry_text("models = 3")
