"""The self-test on models whose knowledge is known: what it measures, how it keeps to its time, what is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import count

import numpy as np
import pytest

from byte_fim.fim import FimFormat
from byte_fim.model import Float64Array
from byte_fim.reference import ToyModel
from byte_fim.vocab import Tokens
from lsp_server.model.code_holes import CODE_HOLES, CodeHole
from lsp_server.model.self_test import WAYS, Measurement, Way, measure
from lsp_server.model.verdict import choose_way

PRE, SUF, MID, STOP = range(256, 260)
FIM = FimFormat(prefix_id=PRE, suffix_id=SUF, middle_id=MID, separator_id=STOP)
N_HOLES = len(CODE_HOLES)
UNKNOWING = b"?"


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands in a context of single bytes."""

    layout: str
    lead: bytes
    suffix: bytes
    text: bytes
    """all that the middle goes on from"""


def read_context(context: Tokens) -> Asked:
    """The prompt and what has been said so far."""
    if MID not in context:
        return Asked("plain", b"", b"", bytes(token for token in context if token < PRE))
    middle = context.index(MID)
    suffix = bytes(context[context.index(SUF) + 1 : middle])
    lead = bytes(context[1 : context.index(SUF)])
    layout = "psm" if lead or context[1] != SUF else "spm"
    return Asked(layout, lead, suffix, lead + bytes(context[middle + 1 :]))


class Scholar(ToyModel):
    """Has learnt the answers by heart, as far as it was asked in the way it was taught; says `?` to all else."""

    def __init__(self, understands: Callable[[Asked, CodeHole], bool], *, is_talkative: bool = False) -> None:
        super().__init__([], extra_tokens=[b"", b"", b""], law=self._say)
        self._understands = understands
        self._after = b"s" if is_talkative else b""

    def _say(self, context: Tokens) -> Float64Array:
        row = np.full(self.vocab.n_tokens, -50.0)
        row[self._next(read_context(context))] = 0.0
        return row - np.log(np.exp(row).sum())

    def _next(self, asked: Asked) -> int:
        for hole in CODE_HOLES:
            said = asked.text[len(hole.prefix) :]
            after = self._after + (hole.suffix if asked.layout == "plain" else b"")
            if (
                asked.text.startswith(hole.prefix)
                and (hole.answer + after).startswith(said)
                and self._understands(asked, hole)
            ):
                return (*(hole.answer + after), STOP)[len(said)]
        return UNKNOWING[0]


def sees_suffix(asked: Asked, hole: CodeHole) -> bool:
    return asked.suffix == hole.suffix if asked.layout != "plain" else not hole.needs_suffix


def begins_at_line(asked: Asked) -> bool:
    """The middle begins with a line, break included."""
    return asked.layout == "psm" and (not asked.lead or asked.text[len(asked.lead) :].startswith(b"\n"))


def test_a_model_without_a_mark_in_front_of_the_middle_is_not_asked_for_it() -> None:
    """Codestral: the suffix first, then prefix and middle as one text."""
    fim = FimFormat(prefix_id=PRE, suffix_id=SUF, middle_id=None, separator_id=STOP, is_suffix_first=True)
    found = measure(Scholar(sees_suffix), fim, limit_s=60)

    assert [score.way for score in found.scores] == [Way("spm"), Way("plain")]
    assert found.is_whole


def test_a_model_that_knows_all_layouts_is_right_wherever_it_can_be() -> None:
    """Without the suffix, half of the holes cannot be filled by anybody, and nothing tells where to end."""
    found = measure(Scholar(sees_suffix), FIM, limit_s=60)
    with_suffix = [(score.n_right, score.n_ended) for score in found.scores[:-1]]

    assert [score.way for score in found.scores] == list(WAYS)
    assert found.n_holes == N_HOLES
    assert with_suffix == [(N_HOLES, N_HOLES)] * 4
    assert (found.scores[-1].n_right, found.scores[-1].n_ended) == (N_HOLES // 2, 0)


@pytest.mark.parametrize(
    ("understands", "way"),
    [
        (sees_suffix, Way("psm", "word")),
        (lambda asked, hole: asked.layout == "spm" and sees_suffix(asked, hole), Way("spm")),
        (lambda asked, hole: asked.lead == hole.prefix and sees_suffix(asked, hole), Way("psm", "cursor")),
        (lambda asked, hole: begins_at_line(asked) and sees_suffix(asked, hole), Way("psm", "anchor")),
        (lambda asked, hole: asked.layout == "plain" and sees_suffix(asked, hole), Way("plain")),
        (lambda asked, hole: False, Way("psm", "word")),
    ],
    ids=["all", "spm", "cut at the cursor", "cut at lines", "left to right", "nothing"],
)
def test_the_way_that_a_model_was_trained_on_is_chosen(
    understands: Callable[[Asked, CodeHole], bool], way: Way
) -> None:
    """Names of tokens do not tell it: StarCoder2 and Mellum share theirs and want another order."""
    assert choose_way(measure(Scholar(understands), FIM, limit_s=60)) == way


def test_a_word_that_goes_on_is_another_word() -> None:
    """`heights` is no `height`, though it begins so."""
    found = measure(Scholar(sees_suffix, is_talkative=True), FIM, limit_s=60)

    assert [score.n_right for score in found.scores] == [0] * len(WAYS)


def test_without_fim_tokens_only_the_plain_way_is_asked() -> None:
    """The others cannot even be written down."""
    found = measure(Scholar(sees_suffix), FimFormat(None, None, None, separator_id=STOP), limit_s=60)

    assert [score.way.layout for score in found.scores] == ["plain"]
    assert choose_way(found) == Way("plain")


def ticking() -> Callable[[], float]:
    """A clock that moves on by a second whenever it is read."""
    times: Iterator[int] = count()
    return lambda: float(next(times))


@pytest.mark.parametrize(("limit_s", "n_holes"), [(0.5, 0), (4.5, 0), (5.5, 1), (9.5, 1), (10.5, 2), (1000.0, N_HOLES)])
def test_time_is_kept_and_all_ways_fill_the_same_holes(limit_s: float, n_holes: int) -> None:
    """Large models take seconds per hole; a hole that only some ways came to would favour these."""
    found = measure(Scholar(sees_suffix), FIM, limit_s=limit_s, clock=ticking())

    assert found.n_holes == n_holes
    assert {score.n_right for score in found.scores[:-1]} == {n_holes}
    assert found.is_whole == (n_holes == N_HOLES)


def test_a_measurement_comes_back_from_json() -> None:
    """It crosses a process border and is remembered; anything else that lies there is nothing."""
    found = measure(Scholar(sees_suffix), FIM, limit_s=60)

    assert Measurement.from_json(asdict(found)) == found
    for content in (None, {}, [], {"n_holes": 1, "scores": []}, {"n_holes": 1, "scores": [{"way": {"layout": "x"}}]}):
        assert Measurement.from_json(content) is None


@pytest.mark.parametrize("hole", CODE_HOLES, ids=lambda hole: hole.answer.decode())
def test_a_hole_is_decided_where_it_says(hole: CodeHole) -> None:
    """If the word stood above as well, the hole would not tell whether a model sees the suffix."""
    begun = hole.prefix[len(hole.prefix.rstrip(b"abcdefghijklmnopqrstuvwxyz")) :]
    word = begun + hole.answer

    assert word.isalpha()
    assert (word in hole.prefix[: len(hole.prefix) - len(begun)]) != hole.needs_suffix
    assert word in hole.suffix or not hole.needs_suffix
    assert len(hole.prefix + hole.suffix) < 400


def test_half_of_the_holes_need_the_suffix_and_some_cursors_are_inside_words() -> None:
    """So that what is measured is what editors ask."""
    inside = [hole for hole in CODE_HOLES if hole.prefix[-1:].isalpha()]

    assert sum(hole.needs_suffix for hole in CODE_HOLES) == N_HOLES / 2
    assert len(inside) >= 6
    assert len({hole.prefix for hole in CODE_HOLES}) == N_HOLES
