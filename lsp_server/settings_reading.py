"""Settings made of what files, editors and the command line say.

An unknown name or a bad value costs a warning that names it, never a refusal: what held before is used. Knows
no setting but those that name models, and nothing of editors.
"""

from __future__ import annotations

import reprlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from lsp_server.settings import DECLARED, DEFAULTS, SECTION, Settings

Values = Mapping[str, object]

_BRIEFLY = reprlib.Repr()  # a warning is read by people, and editors may send anything, of any size
_BRIEFLY.maxstring = _BRIEFLY.maxother = _BRIEFLY.maxlong = 120


def make_settings(values: Values, *, base: Settings = DEFAULTS) -> tuple[Settings, tuple[str, ...]]:
    """`base` with the good ones of the values in place, and one warning for each of the others."""
    good: dict[str, object] = {}
    warnings: list[str] = []
    for name, value in values.items():
        if name not in DECLARED:
            warnings.append(
                f"unknown setting {_shown(name)} with value {_shown(value)} is ignored; known are {', '.join(DECLARED)}"
            )
        elif not DECLARED[name].allowed.accepts(value):
            kept = cast(object, getattr(base, name))
            warnings.append(
                f"setting {name!r} is {_shown(value)} but must be {DECLARED[name].allowed}; {_shown(kept)} is used"
            )
        else:
            # lists of JSON and TOML; settings are hashable
            good[name] = tuple(cast(list[object], value)) if isinstance(value, list) else value
    settings = replace(base, **good)
    n_models = 1 + len(settings.models_beside)
    if settings.weights and len(settings.weights) != n_models:
        warnings.append(
            f"setting 'weights' has {len(settings.weights)} numbers for {n_models} models; it must have one for each,"
            " and is ignored"
        )
        settings = replace(settings, weights=())
    return settings, tuple(warnings)


def read_settings(path: Path | None) -> tuple[Settings, tuple[str, ...]]:
    """Settings from a TOML file, if there is one; a file that cannot be read gives the defaults and a warning."""
    if path is None:
        return DEFAULTS, ()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return DEFAULTS, (f"settings file {path} cannot be read ({error}); the defaults are used",)
    return make_settings(own_section(values))


def with_models(settings: Settings, models: Sequence[str], weights: tuple[float, ...] = ()) -> Settings:
    """The settings with these models, the first as `model`; unchanged when none is named."""
    if not models:
        return settings
    return replace(settings, model=models[0], models_beside=tuple(models[1:]), weights=weights)


def own_section(values: object) -> Values:
    """Our part of what an editor or a file holds: the section that has our name, or all of it when there is none."""
    if not isinstance(values, Mapping):
        return {}
    named = cast(Values, values)
    section = named.get(SECTION, named)
    return cast(Values, section) if isinstance(section, Mapping) else {}


def _shown(value: object) -> str:
    """As in code, shortened in the middle."""
    return _BRIEFLY.repr(value)
