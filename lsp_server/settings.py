"""Every setting, declared once: default, unit, what is allowed, and the reason for the default.

An unknown name or a bad value costs a warning that names it, never a refusal: the default is used. Knows nothing of
models or editors.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Literal, cast, get_args, get_type_hints

LayoutChoice = Literal["auto", "plain", "psm", "spm"]
ConditioningChoice = Literal["exact", "healing", "naive"]
Values = Mapping[str, object]

SECTION = "bytefim"  # the name under which editors keep our settings


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these words."""

    words: tuple[str, ...]

    def accepts(self, value: object) -> bool:
        return value in self.words

    def __str__(self) -> str:
        return "one of " + ", ".join(self.words)


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A whole number in a closed range."""

    low: int
    high: int
    may_be_absent: bool = False

    def accepts(self, value: object) -> bool:
        if value is None:
            return self.may_be_absent
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"a whole number from {self.low} to {self.high}"


@dataclass(frozen=True, slots=True)
class Text:
    """Some text, or nothing."""

    def accepts(self, value: object) -> bool:
        return value is None or (isinstance(value, str) and bool(value.strip()))

    def __str__(self) -> str:
        return "text that is not blank"


@dataclass(frozen=True, slots=True)
class Switch:
    """True or false."""

    def accepts(self, value: object) -> bool:
        return isinstance(value, bool)

    def __str__(self) -> str:
        return "true or false"


Allowed = Choice | WholeNumber | Text | Switch


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What people are told of a setting, besides its name and default."""

    allowed: Allowed
    reason: str
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings in force; names are those of the settings file and of the editor's settings."""

    enabled: Annotated[bool, Declared(allowed=Switch(), reason="`bytefim.toggle` changes it")] = True
    model: Annotated[
        str | None,
        Declared(allowed=Text(), unit="catalogue name or path", reason="absent: the model that ships with the package"),
    ] = None
    layout: Annotated[
        LayoutChoice,
        Declared(
            allowed=Choice(("auto", "plain", "psm", "spm")), reason="auto: the order that the model was trained on"
        ),
    ] = "auto"
    conditioning: Annotated[
        ConditioningChoice,
        Declared(allowed=Choice(("exact", "healing", "naive")), reason="the others are for comparison"),
    ] = "exact"
    max_tokens: Annotated[
        int, Declared(allowed=WholeNumber(1, 1024), unit="tokens", reason="a long line; a suggestion is one line")
    ] = 48
    deadline_ms: Annotated[
        int,
        Declared(allowed=WholeNumber(10, 60_000), unit="milliseconds", reason="later than this nobody waits any more"),
    ] = 2500
    n_threads: Annotated[
        int | None,
        Declared(allowed=WholeNumber(1, 256, True), unit="threads", reason="absent: chosen for the processor"),
    ] = None
    n_context_tokens: Annotated[
        int | None,
        Declared(allowed=WholeNumber(256, 1 << 20, True), unit="tokens", reason="absent: what the model has"),
    ] = None
    n_prefix_bytes: Annotated[
        int,
        Declared(
            allowed=WholeNumber(64, 1 << 22), unit="bytes", reason="more than small models hold; the model cuts further"
        ),
    ] = 32_768
    n_suffix_bytes: Annotated[
        int, Declared(allowed=WholeNumber(0, 1 << 22), unit="bytes", reason="what is far below matters little")
    ] = 8_192
    prefetch: Annotated[
        bool,
        Declared(
            allowed=Switch(),
            reason="what follows a suggestion is computed while the machine is idle; false saves power",
        ),
    ] = True


def _read_declarations() -> Mapping[str, Declared]:
    hints = get_type_hints(Settings, include_extras=True)
    return {f.name: get_args(hints[f.name])[1] for f in fields(Settings)}


DEFAULTS = Settings()
DECLARED = _read_declarations()


def make_settings(values: Values, *, base: Settings = DEFAULTS) -> tuple[Settings, tuple[str, ...]]:
    """`base` with the good ones of the values in place, and one warning for each of the others."""
    good: dict[str, object] = {}
    warnings: list[str] = []
    for name, value in values.items():
        if name not in DECLARED:
            warnings.append(f"unknown setting {name!r} is ignored; known are {', '.join(DECLARED)}")
        elif not DECLARED[name].allowed.accepts(value):
            kept = cast(object, getattr(base, name))
            warnings.append(f"setting {name!r} is {value!r} but must be {DECLARED[name].allowed}; {kept!r} is used")
        else:
            good[name] = value
    return replace(base, **good), tuple(warnings)


def read_settings(path: Path) -> tuple[Settings, tuple[str, ...]]:
    """Settings from a TOML file; a file that cannot be read gives the defaults and a warning."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return DEFAULTS, (f"settings file {path} cannot be read ({error}); the defaults are used",)
    return make_settings(own_section(values))


def own_section(values: object) -> Values:
    """Our part of what an editor or a file holds: the section that has our name, or all of it when there is none."""
    if not isinstance(values, Mapping):
        return {}
    named = cast(Values, values)
    section = named.get(SECTION, named)
    return cast(Values, section) if isinstance(section, Mapping) else {}
