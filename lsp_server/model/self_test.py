"""Measures in a throw-away process how a model fills small holes in code, in each way that its tokens allow.

Knows neither the catalogue nor what is made of the figures (`verdict`).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

from byte_fim.complete import CompleteOptions, complete
from byte_fim.errors import ModelError
from byte_fim.fim import CutPolicy, FimFormat, Layout
from byte_fim.model import TokenModel
from lsp_server.model.code_holes import CODE_HOLES, CodeHole
from lsp_server.model.load_params import LoadParams
from lsp_server.model.stopwatch import Clock
from lsp_server.system.child_process import PYTHON, die_quietly, end_with_parent

CHILD_COMMAND = (*PYTHON, "-m", "lsp_server.model.self_test")
SUFFIX_FIRST, PREFIX_FIRST = "suffix first", "prefix first"
_CONTEXT_TOKENS = 512  # more than any of the holes takes
_MAX_TOKENS = 12  # more than any of the answers takes


@dataclass(frozen=True, slots=True)
class Way:
    """How a model is asked."""

    layout: Layout
    cut: CutPolicy = "word"
    """of no consequence but in `psm`"""

    def __str__(self) -> str:
        if self.layout == "plain":
            return "plain"
        return f"PSM, cut {self.cut}" if self.layout == "psm" else "SPM"


WAYS = (Way("psm", "word"), Way("psm", "cursor"), Way("psm", "anchor"), Way("spm"), Way("plain"))
"""What most models were trained on comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How one way did."""

    way: Way
    n_right: int
    """holes that were filled with the one right word"""
    n_ended: int
    """of these, the ones after which the model itself said that the middle ends there"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What the self-test found. All ways were asked to fill the same holes."""

    n_holes: int
    """that there was time for"""
    scores: tuple[Score, ...]
    """one per way, in the order of `WAYS`"""

    @property
    def is_whole(self) -> bool:
        """True when there was time for all holes."""
        return self.n_holes == len(CODE_HOLES)

    @classmethod
    def from_json(cls, content: object) -> Measurement | None:
        """What `dataclasses.asdict` made of one; None for anything else."""
        try:
            table = cast("dict[str, Any]", content)
            scores = tuple(
                Score(way=Way(**score["way"]), n_right=int(score["n_right"]), n_ended=int(score["n_ended"]))
                for score in table["scores"]
            )
            found = cls(n_holes=int(table["n_holes"]), scores=scores)
        except (TypeError, KeyError, ValueError):
            return None
        return found if all(score.way in WAYS for score in scores) and scores else None


def measure(
    model: TokenModel,
    fim: FimFormat,
    *,
    limit_s: float,
    holes: Sequence[CodeHole] = CODE_HOLES,
    clock: Clock = time.monotonic,
) -> Measurement:
    """Fills hole after hole in every way until the time is up; a hole that not all ways came to does not count.

    Always the same for a model, but for how many holes there was time for. Raises ModelError.
    """
    ways = _find_ways(fim)
    n_right, n_ended, n_holes = [0] * len(ways), [0] * len(ways), 0
    end_s = clock() + limit_s
    for hole in holes:
        outcomes: list[tuple[bool, bool]] = []
        for way in ways:
            if clock() >= end_s:
                break
            outcomes.append(_fill(model, fim, hole, way))
        if len(outcomes) < len(ways):
            break
        n_holes += 1
        for i, (is_right, is_ended) in enumerate(outcomes):
            n_right[i] += is_right
            n_ended[i] += is_ended
    return Measurement(
        n_holes=n_holes,
        scores=tuple(Score(way=way, n_right=n_right[i], n_ended=n_ended[i]) for i, way in enumerate(ways)),
    )


def _find_ways(fim: FimFormat) -> Sequence[Way]:
    """Those that its tokens allow."""
    if not fim.is_complete:
        return WAYS[-1:]
    return [way for way in WAYS if way.layout != "psm" or fim.middle_id is not None]


def _fill(model: TokenModel, fim: FimFormat, hole: CodeHole, way: Way) -> tuple[bool, bool]:
    """Is it right, and did the model itself end it."""

    def find_end(middle: bytes) -> int | None:
        return None if hole.answer.startswith(middle) else len(middle)  # one token further, to see what follows

    options = CompleteOptions(layout=way.layout, cut=way.cut, max_tokens=_MAX_TOKENS)
    filled = complete(model, fim, hole.prefix, hole.suffix, options=options, find_end=find_end).alternatives[0]
    goes_on = filled.middle[len(hole.answer) : len(hole.answer) + 1]
    is_right = filled.middle.startswith(hole.answer) and not _is_word(goes_on)
    return is_right, is_right and not goes_on and filled.stop_reason == "end"


def _is_word(byte: bytes) -> bool:
    return byte.isalnum() or byte == b"_"


def main(arguments: Sequence[str]) -> int:
    """The child: path, parameters as JSON, seconds, "suffix first" or "prefix first", and how the vocabulary spells its
    FIM tokens where that is known.

    Prints a measurement as JSON, or why there is none.
    """
    die_quietly()
    end_with_parent()
    from byte_fim.backends.llama_cpp import LlamaCppModel, RuntimeParams

    path, params, limit_s, order, *fim_texts = arguments
    wanted = replace(LoadParams(**json.loads(params)), n_context_tokens=_CONTEXT_TOKENS)
    try:
        model = LlamaCppModel(Path(path), RuntimeParams(**asdict(wanted), fim_texts=fim_texts))
        fim = replace(model.fim, is_suffix_first=order == SUFFIX_FIRST)
        said = asdict(measure(model, fim, limit_s=float(limit_s)))
        model.close()
    except ModelError as error:
        said = {"reason": str(error)}
    print(json.dumps(said), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
