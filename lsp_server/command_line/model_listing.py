"""The models that are known, told to people and scripts: `bytefim models list|show|path|verify`.

Knows nothing of what a model does.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import cast

from lsp_server.command_line.model_facts import Json, describe, find_machine, find_recommendation
from lsp_server.store.catalog import Catalog, find_model, read_catalog, verify
from lsp_server.store.entries import CatalogEntry, ModelFile
from lsp_server.store.fit import LEAST_TOKENS_PER_S, Pace, estimate_tokens_per_s, find_need, judge

_WIDTH = 100
_COLUMNS = "   {:<28} {:>7} {:>9} {:<7} {:>7} {:<6} {}"


def print_list(*, as_json: bool) -> None:
    """All models, one line each, those that suit this machine marked."""
    catalog = _read_catalog()
    machine = find_machine(catalog)
    recommendation = find_recommendation(catalog, machine)
    if as_json:
        print(json.dumps([describe(catalog, entry, machine, recommendation) for entry in catalog.entries]))
        return
    print(_COLUMNS.format("name", "GB", "memory/GB", "here", "token/s", "layout", "licence"))
    for entry in catalog.entries:
        verdict = judge(find_need(entry, entry.file), machine.memory, vram_bytes=machine.free_vram_bytes)
        print(_row(catalog, entry, verdict, machine.pace))
    print(_legend(machine.pace))
    memory = machine.memory
    cards = f", and {_gb(machine.free_vram_bytes)} GB free on graphics cards" if machine.free_vram_bytes else ""
    print(
        f"this machine has {_gb(memory.total_bytes)} GB of memory, {_gb(memory.available_bytes)} GB of it free{cards}"
    )
    print(f"recommended: {recommendation.name}, since")
    print(textwrap.indent(textwrap.fill(recommendation.reason, _WIDTH - 2), "  "))


def print_entry(name: str, *, as_json: bool) -> None:
    """All that the catalogue knows of one model. Raises BadModelFile for a name that nothing has."""
    catalog = _read_catalog()
    machine = find_machine(catalog)
    entry = catalog.require_entry(name)
    known = describe(catalog, entry, machine, find_recommendation(catalog, machine))
    print(json.dumps(known) if as_json else "\n".join(_sheet(entry, known)))


def print_path(name: str, *, as_json: bool) -> None:
    """Where the model's file is. Raises BadModelFile when it is not on this machine."""
    catalog = _read_catalog()
    path = str(catalog.require_file(*catalog.require(name)))
    print(json.dumps({"name": name, "path": path}) if as_json else path)


def print_verdict(name: str, *, as_json: bool) -> None:
    """Whether the model's file is what the catalogue says; reads all of it. Raises BadModelFile when it is not."""
    found = find_model(name, catalog=_read_catalog())
    is_proven = verify(found)
    sha256 = found.file.sha256 if found.file else None
    if as_json:
        print(json.dumps({"name": name, "path": str(found.path), "sha256": sha256, "intact": is_proven or None}))
    elif is_proven:
        print(f"{name}: intact ({found.path})")
    else:
        print(f"{name}: no checksum is known that {found.path} could be compared with")


def _read_catalog() -> Catalog:
    catalog = read_catalog()
    for complaint in catalog.complaints:
        print(f"bytefim: {complaint}", file=sys.stderr)
    return catalog


def _row(catalog: Catalog, entry: CatalogEntry, verdict: str, pace: Pace | None) -> str:
    need = find_need(entry, entry.file)
    signs = f"{'*' if entry.name == catalog.default else ' '}{'+' if catalog.find_file(entry) else ' '} "
    row = _COLUMNS.format(
        entry.name,
        _gb(entry.file.about_bytes),
        ("~" if need.is_estimate else "") + _gb(need.total_bytes),
        verdict,
        _shown_speed(estimate_tokens_per_s(entry, entry.file, pace)) if pace else "?",
        entry.family.layout if entry.family else "?",
        entry.licence.removeprefix("LicenseRef-") + (" !" if entry.licence_warning else ""),
    )
    return signs + row[len(signs) :]


def _legend(pace: Pace | None) -> str:
    speed = f"estimated from {pace.model}" if pace else "not known before `bytefim doctor` has measured"
    return (
        "\n* is used when no model is named; + is on this machine; ! the licence forbids some uses\n"
        f"memory: weights, KV cache and working memory\ntoken/s: on the processor, {speed}\n"
        "layout plain: is not asked to fill in the middle; `bytefim models show NAME` tells the rest"
    )


def _sheet(entry: CatalogEntry, known: Json) -> Iterator[str]:
    """Every field on a line, the files one after the other."""
    if entry.licence_warning:
        yield f"NOTE: {entry.licence_warning}."
    of_files = {"file", "quantisation", "n_bytes", "about_bytes", "sha256", "url", "revision", "fit"}
    for key, value in known.items():
        if (
            value not in (None, (), [], {})
            and key not in of_files
            and key not in ("files", "sources", "family_sources", "licence_warning")
        ):
            yield f"{key:<19} {_shown(value)}"
    for file, facts in zip(entry.files, cast("list[Json]", known["files"]), strict=True):
        yield ""
        yield from _file_sheet(entry, file, facts)
    yield "\nread or to be checked at"
    for claim, addresses in [*(entry.family.sources.items() if entry.family else ()), *entry.sources.items()]:
        yield from (f"  {claim:<18} {address}" for address in addresses)


def _file_sheet(entry: CatalogEntry, file: ModelFile, facts: Json) -> Iterator[str]:
    fit = cast("Mapping[str, object]", facts["fit"])
    size = (
        f"{file.n_bytes:,} bytes" if file.n_bytes else f"about {_gb(file.about_bytes)} GB; the exact size is not known"
    )
    yield f"{entry.name_of(file)}"
    yield f"  file             {file.file} ({file.quantisation})"
    yield f"  size             {size}"
    yield f"  sha256           {file.sha256 or 'not known: the file can be fetched, but not proven to be whole'}"
    yield f"  from             {file.url or 'ships with bytefim, or was added here'}"
    yield f"  path             {facts['path'] or 'not on this machine'}"
    guessed = " (guessed)" if fit["is_estimate"] else ""
    yield (
        f"  memory           {_gb(cast(int, fit['needed_bytes']))} GB, of which the KV cache for"
        f" {fit['n_context_tokens']} tokens {_gb(cast(int, fit['kv_bytes']))}{guessed}: {fit['verdict']}"
    )
    yield f"  tokens/s         {_speed(fit)}"
    yield from (f"  read at          {address}" for address in file.sources)


def _speed(fit: Mapping[str, object]) -> str:
    speed = cast("float | None", fit["tokens_per_s"])
    if speed is None:
        return "not known before `bytefim doctor` has measured this machine"
    slow = "" if speed >= LEAST_TOKENS_PER_S else ", too few to keep up with typing"
    return f"about {_shown_speed(speed)} on the processor, estimated from {fit['tokens_per_s_from']}{slow}"


def _shown_speed(tokens_per_s: float) -> str:
    return f"{tokens_per_s:.0f}" if tokens_per_s >= LEAST_TOKENS_PER_S else f"{tokens_per_s:.1f}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {inner}" for key, inner in cast("Mapping[str, object]", value).items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, cast("list[object]", value)))
    return f"{value:,}" if isinstance(value, int) else str(value)


def _gb(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.2f}" if n_bytes < 1e9 else f"{n_bytes / 1e9:.1f}"
