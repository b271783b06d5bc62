"""The picture of two byte laws, read back as XML."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from byte_fim.distribution import N_OUTCOMES
from byte_fim.model import Float64Array
from lsp_server.command_line.plot import N_OUTCOMES_SHOWN, PLOT_WIDTH, Series, render_svg

SVG = "{http://www.w3.org/2000/svg}"


def law(probability: dict[int, float]) -> Float64Array:
    logp = np.full(N_OUTCOMES, -np.inf)
    for outcome, p in probability.items():
        logp[outcome] = np.log(p)
    return logp


def draw(first: dict[int, float], second: dict[int, float]) -> ElementTree.Element:
    """The SVG of two laws, with a title that would break careless XML."""
    svg = render_svg(
        Series("exact", law(first)), Series("naive", law(second)), title="<The> 'next' & \"byte\"", subtitle="␣<&>"
    )
    return ElementTree.fromstring(svg)


def texts(svg: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in svg.iter(f"{SVG}text")]


def test_the_picture_is_well_formed_whatever_the_text_around_the_cursor_is() -> None:
    """Source code is full of signs that XML reserves."""
    shown = texts(draw({ord("<"): 0.5, ord("&"): 0.5}, {ord('"'): 1.0}))

    assert {"<The> 'next' & \"byte\"", "␣<&>", "<", "&", '"', "exact", "naive"} <= set(shown)


def test_the_length_of_a_bar_is_its_probability() -> None:
    """The axis goes from 0 to 1, so a bar of half the width is a half."""
    bars = [float(bar.get("width", "nan")) for bar in draw({97: 0.75, 98: 0.25}, {97: 0.5, 98: 0.5}).iter(f"{SVG}rect")]

    assert bars[2:] == [round(p * PLOT_WIDTH, 2) for p in (0.75, 0.5, 0.25, 0.5)]


def test_only_the_likeliest_outcomes_are_drawn() -> None:
    """257 rows would hide what matters."""
    uniform = dict.fromkeys(range(257), 1 / 257)
    bars = list(draw(uniform, uniform).iter(f"{SVG}rect"))

    assert len(bars) == 2 + 2 * N_OUTCOMES_SHOWN
