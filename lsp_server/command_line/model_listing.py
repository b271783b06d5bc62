"""The catalogue of models for people and scripts: `bytefim models`. Knows nothing of what a model does."""

from __future__ import annotations

import dataclasses
import json

from lsp_server.store.catalog import Catalog, CatalogEntry, read_catalog, verify


def print_list(*, as_json: bool) -> None:
    """All models, one line each."""
    catalog = read_catalog()
    if as_json:
        print(json.dumps([_known(catalog, entry) for entry in catalog.entries]))
        return
    for entry in catalog.entries:
        sign = "*" if entry.name == catalog.default else " "
        where = "" if catalog.find_file(entry) else "  [not on this machine]"
        print(f"{sign} {entry.name:<20} {entry.n_bytes / 1e6:6.0f} MB  {entry.licence:<10}  {entry.summary}{where}")
    print("* is used when no model is named")


def print_entry(name: str, *, as_json: bool) -> None:
    """All that the catalogue knows of one model."""
    catalog = read_catalog()
    known = _known(catalog, catalog.require_entry(name))
    if as_json:
        print(json.dumps(known))
        return
    for key, value in known.items():
        shown = "not on this machine" if value is None else ", ".join(value) if isinstance(value, list) else value
        print(f"{key:<18} {shown}")


def print_path(name: str, *, as_json: bool) -> None:
    """Where the model's file is. Raises BadModelFile when it is not on this machine."""
    catalog = read_catalog()
    path = str(catalog.require_file(catalog.require_entry(name)))
    print(json.dumps({"name": name, "path": path}) if as_json else path)


def print_verdict(name: str, *, as_json: bool) -> None:
    """Whether the model's file is what the catalogue says; reads all of it. Raises BadModelFile when it is not."""
    catalog = read_catalog()
    entry = catalog.require_entry(name)
    path = str(verify(entry, catalog=catalog))
    if as_json:
        print(json.dumps({"name": name, "path": path, "sha256": entry.sha256, "intact": True}))
    else:
        print(f"{name}: intact ({path})")


def _known(catalog: Catalog, entry: CatalogEntry) -> dict[str, bool | int | str | list[str] | None]:
    path = catalog.find_file(entry)
    fields: dict[str, bool | int | str | list[str] | None] = dataclasses.asdict(entry)
    fields["trained_layouts"] = list(entry.trained_layouts)
    return fields | {"default": entry.name == catalog.default, "path": str(path) if path else None}
