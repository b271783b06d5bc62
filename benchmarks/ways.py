"""The ways in which a model can be asked, side by side: layout, cut, conditioning, with the text after the cursor or
without. Knows no corpus and no scores.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import product
from typing import get_args

from byte_fim.complete import CompleteOptions, complete
from byte_fim.conditioning import Conditioning
from byte_fim.fim import CutPolicy, Layout
from byte_fim.generate import Alternative, FindEnd
from lsp_server.model.loading import LoadedModel

CONDITIONINGS: tuple[Conditioning, ...] = ("exact", "healing", "naive")


@dataclass(frozen=True, slots=True)
class Way:
    """How the model is asked."""

    layout: Layout
    cut: CutPolicy
    conditioning: Conditioning = "exact"
    has_suffix: bool = True
    """False: as if nothing stood after the cursor"""

    def __str__(self) -> str:
        layout = f"psm {self.cut}" if self.layout == "psm" else self.layout
        return f"{layout} {self.conditioning}{'' if self.has_suffix else ', no suffix'}"


def add_way_options(parser: argparse.ArgumentParser) -> None:
    """`--conditioning`, `--layout` and `--cut`, each with one value or several."""
    parser.add_argument(
        "--conditioning", nargs="+", choices=CONDITIONINGS, default=list(CONDITIONINGS), help="default: all three"
    )
    parser.add_argument("--layout", nargs="+", choices=get_args(Layout), help="default: what suits the model")
    parser.add_argument("--cut", nargs="+", choices=get_args(CutPolicy), help="of psm; default: what suits the model")


def choose_ways(arguments: argparse.Namespace, loaded: LoadedModel) -> list[Way]:
    """Every combination of what was asked for; cuts make a difference to psm only."""
    layouts: list[Layout] = arguments.layout or [loaded.layout]
    conditionings: list[Conditioning] = arguments.conditioning
    suited: list[CutPolicy] = [loaded.cut]
    cuts: list[CutPolicy] = arguments.cut or suited
    return [
        Way(layout, cut, conditioning)
        for layout, conditioning in product(layouts, conditionings)
        for cut in (cuts if layout == "psm" else suited)
    ]


def all_layouts(loaded: LoadedModel) -> list[Way]:
    """Every layout with every cut, exact."""
    return [
        *(Way(layout, loaded.cut) for layout in ("plain", "spm")),
        *(Way("psm", cut) for cut in get_args(CutPolicy)),
    ]


def ask(
    loaded: LoadedModel,
    way: Way,
    prefix: bytes,
    suffix: bytes,
    *,
    max_tokens: int,
    find_end: FindEnd = lambda middle: None,
) -> Alternative:
    """The model's greedy middle, ended by itself, by `find_end` or by `max_tokens`."""
    options = CompleteOptions(layout=way.layout, cut=way.cut, conditioning=way.conditioning, max_tokens=max_tokens)
    after = suffix if way.has_suffix else b""
    return complete(loaded.model, loaded.fim, prefix, after, options=options, find_end=find_end).alternatives[0]
