"""Tables for people, from values made by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from byte_fim.complete import Cover
from byte_fim.distribution import END, N_OUTCOMES, MissingMass
from byte_fim.model import Float64Array
from byte_fim.vocab import Vocab
from lsp_server.command_line import explain as explain

# 0 "re"   1 "turn"   2 " "   3 <fim>   4 first byte of é
VOCAB = Vocab([b"re", b"turn", b" ", b"", b"\xc3"], special_ids=[3], stop_ids=[])


@dataclass(frozen=True)
class Evidence:
    """What a completion says of its cursor."""

    stem_tokens: tuple[int, ...]
    tail: bytes
    covers: tuple[Cover, ...]
    n_contexts: int


def law(**probability: float) -> Float64Array:
    """One-letter names are bytes; END is END."""
    logp = np.full(N_OUTCOMES, -np.inf)
    for name, p in probability.items():
        logp[END if name == "END" else ord(name)] = np.log(p)
    return logp


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b" \t\r\n", "␣⇥␍⏎"),
        ("é咖🍵".encode(), "é咖🍵"),
        (b"\xc3", "\\xc3"),
        (b"\x00\x1b\x7f", "\\x00\\x1b\\x7f"),
        ("\u200b\u2028".encode(), "\\u200b\\u2028"),
    ],
)
def test_every_byte_can_be_seen(text: bytes, shown: str) -> None:
    """An invisible byte in a table would be taken for none; an escape character would reach the terminal."""
    assert explain.visible(text) == shown


def test_outcomes_are_named_as_bytes_or_end() -> None:
    """The names are the axis of the plot and the first column of the table."""
    assert [explain.outcome_label(i) for i in (ord("g"), 0x20, 0x0A, 0xC3, END)] == ["g", "␣", "⏎", "\\xc3", "END"]


def test_an_insertion_is_marked_in_its_line_with_lines_around_it() -> None:
    """What a person would see after accepting, and where."""
    shown = explain.render_insertion(b"a\nb\nc\nd\n  re", b"turn\nx", b" 1\ny\nz", in_colour=False)

    assert shown.split("\n") == [
        "    2 │ b",
        "    3 │ c",
        "    4 │ d",
        "    5 │   re⟦turn",
        "    6 │ x⟧ 1",
        "    7 │ y",
    ]


def test_colour_ends_with_each_line() -> None:
    """A pager that cuts a line must not colour the rest of the screen."""
    shown = explain.render_insertion(b"a", b"b\nc", b"d", in_colour=True)

    assert shown.split("\n") == ["    1 │ a\x1b[32mb\x1b[0m", "    2 │ \x1b[32mc\x1b[0md"]


def test_a_character_split_by_the_cursor_is_shown_whole() -> None:
    """Half a character would print as a replacement sign."""
    assert explain.render_insertion(b"caf\xc3", b"\xa9!", b"", in_colour=False) == "    1 │ caf⟦é!⟧"


def test_covers_are_listed_with_their_share_and_their_tokens() -> None:
    """This table is how one sees why a completion is what it is."""
    covers = (Cover((0, 1), b"return", float(np.log(0.75))), Cover((4,), b"\xc3", float(np.log(0.25))))
    shown = explain.explain_evidence(Evidence((3, 2), b"ret", covers, 2), VOCAB).split("\n")

    assert shown[0] == "stem       2 tokens; the last: <3> | ␣"
    assert shown[1] == "open tail  ret (3 bytes)"
    assert [line.split() for line in shown[3:]] == [["75", "%", "re", "|", "turn"], ["25", "%", "\\xc3"]]


def test_a_completion_without_covers_says_that_none_were_looked_for() -> None:
    """Naive conditioning has none; an empty table would look like a fault."""
    shown = explain.explain_evidence(Evidence((0,) * 9, b"", (), 1), VOCAB)

    assert shown.split("\n") == [
        "stem       9 tokens; the last: … re | re | re | re | re | re",
        "open tail  empty",
        "covers     none were looked for",
    ]


def test_missing_mass_that_was_not_computed_is_not_called_zero() -> None:
    """None and 0 are different claims."""
    unknown = explain.explain_missing_mass(MissingMass(None, 0.0))
    known = explain.explain_missing_mass(MissingMass(0.0123, 1e-6), of="next byte")

    assert unknown == "missing    of the covers: noncanonical not looked at, pruned 0 %"
    assert known == "missing    of the next byte: noncanonical 1.23 %, pruned 0.0001 %"


def test_outcomes_come_likeliest_first_by_either_law_and_never_impossible() -> None:
    """A byte that only one of two laws believes in must be in the comparison."""
    laws = [law(a=0.9, b=0.1), law(a=0.2, c=0.3, END=0.5)]

    assert explain.likeliest_outcomes(laws, n=10) == [ord("a"), END, ord("c"), ord("b")]
    assert explain.likeliest_outcomes(laws, n=2) == [ord("a"), END]
