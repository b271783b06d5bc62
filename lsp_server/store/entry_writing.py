"""An entry of the catalogue as TOML, for the user's own models and for bundles. Knows no files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import cast

from lsp_server.store.entries import CatalogEntry, FimTexts, ModelFamily, ModelFile

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def as_toml(entries: Sequence[CatalogEntry]) -> str:
    """Tables that `read_families` and `read_entries` read the same entries from."""
    families = {entry.family.name: entry.family for entry in entries if entry.family is not None}
    lines: list[str] = []
    for family in families.values():
        lines += [f"[families.{_toml_key(family.name)}]", *_toml_fields(family), ""]
    for entry in entries:
        key = f"models.{_toml_key(entry.name)}"
        lines += [f"[{key}]", *_toml_fields(entry), ""]
        for file in entry.files:
            lines += [f"[[{key}.files]]", *_toml_fields(file), ""]
    return "\n".join(lines)


def _toml_fields(described: ModelFamily | CatalogEntry | ModelFile) -> list[str]:
    lines: list[str] = []
    for field in fields(described):
        value: object = getattr(described, field.name)
        if field.name in ("name", "files") or value is None or value in ((), {}):
            continue
        if isinstance(value, FimTexts):
            value = [text for text in value if text]
        lines.append(f"{field.name} = {_toml_value(value.name if isinstance(value, ModelFamily) else value)}")
    return lines


def _toml_key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _toml_value(key)


def _toml_value(value: object) -> str:
    if isinstance(value, Mapping):
        claims = cast("Mapping[str, object]", value)
        return f"{{ {', '.join(f'{_toml_key(claim)} = {_toml_value(claims[claim])}' for claim in claims)} }}"
    # texts, numbers, truths and lists are written as JSON writes them, but for DEL, which TOML wants escaped
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
