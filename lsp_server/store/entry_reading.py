"""Families, models and files out of tables, as TOML gives them. Insists on every field's kind; knows no folders.

The tables may come from strangers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import cast, get_args

from byte_fim.fim import CutPolicy, Layout
from lsp_server.store.entries import CatalogEntry, FimTexts, KvShape, ModelFamily, ModelFile, Sources

HUB = "https://huggingface.co"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class BadEntry(ValueError):
    """A table that says too little, too much, or something of the wrong kind."""


def is_name(text: str) -> bool:
    """Whether a model may be called so: never what could be taken for a path."""
    return _NAME.fullmatch(text) is not None and not text.lower().endswith(".gguf")


def read_families(tables: object, addresses: Mapping[str, str]) -> dict[str, ModelFamily]:
    """By name. `addresses` are short names of sources. Raises BadEntry."""
    return {
        name: _read_family(name, _Table(table, f"families.{name}"), addresses)
        for name, table in _tables(tables, "families").items()
    }


def read_entries(
    tables: object, families: Mapping[str, ModelFamily], addresses: Mapping[str, str]
) -> tuple[CatalogEntry, ...]:
    """In the order of the tables. Raises BadEntry."""
    return tuple(
        _read_entry(name, _Table(table, f"models.{name}"), families, addresses)
        for name, table in _tables(tables, "models").items()
    )


class _Table:
    """Takes fields out of a table and insists on their kinds; what is left over at the end is too much."""

    def __init__(self, content: object, where: str) -> None:
        if not isinstance(content, dict):
            raise BadEntry(f"{where} is no table")
        self._left = dict(cast("dict[str, object]", content))
        self.where = where

    def text(self, key: str) -> str:
        found = self.text_or_none(key)
        if found is None:
            raise BadEntry(f"{self.where}.{key} is missing")
        return found

    def text_or_none(self, key: str) -> str | None:
        found = self._left.pop(key, None)
        if found is None or (isinstance(found, str) and found):
            return found
        raise BadEntry(f"{self.where}.{key} must be text")

    def count_or_none(self, key: str) -> int | None:
        found = self._left.pop(key, None)
        if found is None or (type(found) is int and found > 0):
            return found
        raise BadEntry(f"{self.where}.{key} must be a whole number above 0")

    def truth(self, key: str, default: bool | None = None) -> bool:
        found = self._left.pop(key, default)
        if not isinstance(found, bool):
            raise BadEntry(f"{self.where}.{key} must be true or false")
        return found

    def one_of(self, key: str, allowed: Sequence[str]) -> str:
        found = self.text(key)
        if found not in allowed:
            raise BadEntry(f"{self.where}.{key} must be one of {', '.join(allowed)}")
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        return _texts(self._left.pop(key, []), f"{self.where}.{key}")

    def table(self, key: str) -> Mapping[str, object]:
        found = self._left.pop(key, {})
        if not isinstance(found, dict):
            raise BadEntry(f"{self.where}.{key} must be a table")
        return cast("dict[str, object]", found)

    def tables(self, key: str) -> list[_Table]:
        found = self._left.pop(key, [])
        if not isinstance(found, list):
            raise BadEntry(f"{self.where}.{key} must be tables")
        content = cast("list[object]", found)
        return [_Table(table, f"{self.where}.{key}[{index}]") for index, table in enumerate(content)]

    def counts(self, key: str) -> tuple[int, ...]:
        found = self._left.pop(key, [])
        numbers = cast("list[object]", found) if isinstance(found, list) else [found]
        if not all(type(number) is int and number > 0 for number in numbers):
            raise BadEntry(f"{self.where}.{key} must be whole numbers above 0")
        return tuple(cast("list[int]", numbers))

    def require_empty(self) -> None:
        if self._left:
            raise BadEntry(f"{self.where} has an unknown field {next(iter(self._left))}")


def _read_family(name: str, table: _Table, addresses: Mapping[str, str]) -> ModelFamily:
    _require_name(name, table.where)
    layouts = get_args(Layout)
    trained = table.texts("trained_layouts")
    if not set(trained) <= set(layouts):
        raise BadEntry(f"{table.where}.trained_layouts must be of {', '.join(layouts)}")
    texts = table.texts("fim_texts")
    is_suffix_first = table.truth("suffix_first", default=False)
    if len(texts) not in ((0, 2, 3) if is_suffix_first else (0, 3)):
        raise BadEntry(f"{table.where}.fim_texts must be three: prefix, suffix, middle")
    family = ModelFamily(
        name=name,
        architecture=table.text("architecture"),
        layout=cast(Layout, table.one_of("layout", layouts)),
        trained_layouts=cast("tuple[Layout, ...]", trained),
        cut=cast(CutPolicy, table.one_of("cut", get_args(CutPolicy))),
        repository_format=table.truth("repository_format"),
        suffix_first=is_suffix_first,
        fim_texts=FimTexts(*texts) if texts else None,
        known_as=table.texts("known_as"),
        remark=table.text_or_none("remark"),
        recalled=table.texts("recalled"),
        sources=_read_sources(table, addresses),
    )
    table.require_empty()
    return family


def _read_entry(
    name: str, table: _Table, families: Mapping[str, ModelFamily], addresses: Mapping[str, str]
) -> CatalogEntry:
    _require_name(name, table.where)
    family = table.text_or_none("family")
    if family is not None and family not in families:
        raise BadEntry(f"{table.where}.family {family} is not described")
    shape = table.counts("kv_shape")
    if len(shape) not in (0, 3):
        raise BadEntry(f"{table.where}.kv_shape must be three: layers, key-value heads, size of a head")
    files = tuple(_read_file(file, addresses) for file in table.tables("files"))
    if not files:
        raise BadEntry(f"{table.where} has no files")
    entry = CatalogEntry(
        name=name,
        licence=table.text("licence"),
        summary=table.text("summary"),
        files=files,
        family=families[family] if family else None,
        licence_warning=table.text_or_none("licence_warning"),
        upstream=table.text_or_none("upstream"),
        is_base=table.truth("is_base", default=True),
        n_parameters=table.count_or_none("n_parameters"),
        n_active_parameters=table.count_or_none("n_active_parameters"),
        n_context_tokens=table.count_or_none("n_context_tokens"),
        kv_shape=KvShape(*shape) if shape else None,
        tokenizer=table.text_or_none("tokenizer"),
        layout_figures=table.text_or_none("layout_figures"),
        training_data=table.text_or_none("training_data"),
        card=table.text_or_none("card"),
        remark=table.text_or_none("remark"),
        recalled=table.texts("recalled"),
        sources=_read_sources(table, addresses),
    )
    table.require_empty()
    return entry


def _read_file(table: _Table, addresses: Mapping[str, str]) -> ModelFile:
    name, n_bytes, revision = table.text("file"), table.count_or_none("n_bytes"), table.text_or_none("revision")
    about_bytes = table.count_or_none("about_bytes") or n_bytes
    if about_bytes is None:
        raise BadEntry(f"{table.where} says neither n_bytes nor about_bytes")
    sha256 = table.text_or_none("sha256")
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise BadEntry(f"{table.where}.sha256 must be 64 hexadecimal digits in lower case")
    hub, url = table.text_or_none("hub"), table.text_or_none("url")
    if hub is not None:
        url = f"{HUB}/{hub}/resolve/{revision or 'main'}/{name}"
    file = ModelFile(
        file=name,
        quantisation=table.text("quantisation"),
        n_bytes=n_bytes,
        about_bytes=about_bytes,
        sha256=sha256,
        url=url,
        revision=revision,
        sources=_find_addresses(table.texts("sources"), addresses),
    )
    table.require_empty()
    return file


def _read_sources(table: _Table, addresses: Mapping[str, str]) -> Sources:
    where = f"{table.where}.sources"
    return {
        claim: _find_addresses(_texts(named, f"{where}.{claim}"), addresses)
        for claim, named in table.table("sources").items()
    }


def _find_addresses(named: Sequence[str], addresses: Mapping[str, str]) -> tuple[str, ...]:
    for name in named:
        if "/" not in name and name not in addresses:
            raise BadEntry(f"the source {name} is no address and has none")
    return tuple(addresses.get(name, name) for name in named)


def _texts(found: object, where: str) -> tuple[str, ...]:
    texts = cast("list[object]", found) if isinstance(found, list) else [found]
    if not all(isinstance(text, str) and text for text in texts):
        raise BadEntry(f"{where} must be a list of texts")
    return tuple(cast("list[str]", texts))


def _tables(found: object, where: str) -> Mapping[str, object]:
    if not isinstance(found, dict):
        raise BadEntry(f"{where} is no table")
    return cast("dict[str, object]", found)


def _require_name(name: str, where: str) -> None:
    if not is_name(name):
        raise BadEntry(f"{where}: a name has letters, digits, and . _ + - between them, and does not end in .gguf")
