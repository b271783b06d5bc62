"""Kinds of values that a setting may have: what is accepted, and how people are told. Knows no setting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast


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
class Number:
    """A number in a closed range."""

    low: float
    high: float

    def accepts(self, value: object) -> bool:
        # not a number is in no range
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"


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


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of texts, empty too; in force it is a tuple."""

    def accepts(self, value: object) -> bool:
        if not isinstance(value, list | tuple):
            return False
        return all(isinstance(text, str) and text.strip() for text in cast(Sequence[object], value))

    def __str__(self) -> str:
        return "a list of texts that are not blank"


@dataclass(frozen=True, slots=True)
class Weights:
    """A list of numbers above 0, empty too; in force it is a tuple."""

    def accepts(self, value: object) -> bool:
        if not isinstance(value, list | tuple):
            return False
        numbers = cast(Sequence[object], value)
        return all(isinstance(n, int | float) and not isinstance(n, bool) and 0 < n < math.inf for n in numbers)

    def __str__(self) -> str:
        return "a list of numbers above 0"


Allowed = Choice | WholeNumber | Number | Text | Texts | Weights | Switch


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What people are told of a setting, besides its name and default."""

    allowed: Allowed
    meaning: str
    """what it does, as the beginning of a sentence"""
    reason: str
    """for the default"""
    unit: str = ""
