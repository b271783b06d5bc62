"""Everything that tells people or editors about settings, written from lsp_server/settings.py. Run by `make settings`.

`--check` writes nothing and fails when a file is not what would be written. Knows no setting by name.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from lsp_server.setting_kinds import Allowed, Choice, Declared, Number, Switch, Text, Texts, Weights, WholeNumber
from lsp_server.settings import DECLARED, DEFAULTS, SECTION

ROOT = Path(__file__).resolve().parent.parent
SOURCE = "lsp_server/settings.py"

Schema = dict[str, object]

_PAGE = """# Settings

Written by `make settings` from [{source}](../{source}); change it there.

Where settings come from, the later wins: the file named by `bytefim serve --settings FILE` (TOML, with or without a
`[{section}]` section), the editor's `initializationOptions`, and the editor's settings under `{section}`, which may
change while the server runs. An unknown name or a value that is not allowed is told once, by name; instead of it
holds what held when the server started, else the default.

| name | default | allowed | unit | meaning | why this default |
|---|---|---|---|---|---|
{rows}
"""

_LUA = """---@meta {section}.settings
-- Written by `make settings` from {source}; change it there.

---What may stand under `settings.{section}` of the language server; all of it may be left out.
---@class {section}.Settings
{fields}
"""


def main(arguments: list[str] | None = None, *, root: Path = ROOT) -> int:
    """Write what is stale, or with `--check` name it; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is stale")
    is_check = parser.parse_args(arguments).check
    stale = [(path, text) for path, text in build_files(root).items() if _read(root / path) != text]
    for path, text in stale:
        if is_check:
            print(f"{path} is not what {SOURCE} says; run `make settings`.", file=sys.stderr)
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8", newline="\n")
    return 1 if is_check and stale else 0


def build_files(root: Path) -> Mapping[str, str]:
    """Path below the root -> what its text should be. Of the extension's manifest only our part is new."""
    manifest = "editors/vscode/package.json"
    return {
        "docs/settings.md": _PAGE.format(source=SOURCE, section=SECTION, rows=_for_each(_row)),
        manifest: _with_configuration(_read(root / manifest)),
        "editors/neovim/lua/bytefim/settings.lua": _LUA.format(
            source=SOURCE, section=SECTION, fields=_for_each(_lua_field)
        ),
    }


def _for_each(describe: Callable[[str, Declared, object], str]) -> str:
    return "\n".join(describe(name, declared, _default(name)) for name, declared in DECLARED.items())


def _row(name: str, declared: Declared, default: object) -> str:
    shown = "none" if default is None else f"`{json.dumps(default)}`"
    cells = [f"`{name}`", shown, str(declared.allowed), declared.unit, declared.meaning, declared.reason]
    return "| " + " | ".join(cells) + " |"


def _lua_field(name: str, declared: Declared, default: object) -> str:
    shown = "none" if default is None else "{}" if default == [] else json.dumps(default)
    return (
        f"---@field {name}? {_lua_type(declared.allowed)} {_heading(declared)}: {declared.allowed}. Default: {shown}."
    )


def _with_configuration(manifest: str) -> str:
    """The manifest with our `contributes.configuration`; everything else, and its order, as it was.

    In a list ours is the first; the others are settings of the extension, of which the server knows nothing.
    """
    values = cast(dict[str, object], json.loads(manifest or "{}"))
    contributes = cast(dict[str, object], values.setdefault("contributes", {}))
    properties = {f"{SECTION}.{name}": _property(name, declared) for name, declared in DECLARED.items()}
    ours: Schema = {"title": SECTION, "properties": properties}
    before = contributes.get("configuration")
    contributes["configuration"] = [ours, *cast(list[object], before)[1:]] if isinstance(before, list) else ours
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def _property(name: str, declared: Declared) -> Schema:
    return {
        **_schema(declared.allowed),
        "default": _default(name),
        "markdownDescription": f"{_heading(declared)}. Why this default: {declared.reason}.",
    }


def _heading(declared: Declared) -> str:
    unit = f" ({declared.unit})" if declared.unit else ""
    return declared.meaning[0].upper() + declared.meaning[1:] + unit


def _default(name: str) -> object:
    value = cast(object, getattr(DEFAULTS, name))
    return list(cast(tuple[object, ...], value)) if isinstance(value, tuple) else value


def _schema(allowed: Allowed) -> Schema:
    match allowed:
        case Switch():
            return {"type": "boolean"}
        case Choice(words):
            return {"type": "string", "enum": list(words)}
        case WholeNumber(low, high, may_be_absent):
            kind = ["integer", "null"] if may_be_absent else "integer"
            return {"type": kind, "minimum": low, "maximum": high}
        case Number(low, high):
            return {"type": "number", "minimum": low, "maximum": high}
        case Text():
            return {"type": ["string", "null"], "pattern": r"\S"}
        case Texts():
            return {"type": "array", "items": {"type": "string", "pattern": r"\S"}}
        case Weights():
            return {"type": "array", "items": {"type": "number", "exclusiveMinimum": 0}}


def _lua_type(allowed: Allowed) -> str:
    match allowed:
        case Switch():
            return "boolean"
        case Choice(words):
            return "|".join(f'"{word}"' for word in words)
        case WholeNumber():
            return "integer"
        case Number():
            return "number"
        case Text():
            return "string"
        case Texts():
            return "string[]"
        case Weights():
            return "number[]"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
