"""Layouts and truncation: what the model is shown, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byte_fim.fim import FimFormat, Layout, NoFimTokens, fit_hole, fit_hole_with_outline, lay_out

FIM = FimFormat(prefix_id=900, suffix_id=901, middle_id=902, start_ids=(899,))


def one_per_byte(text: bytes) -> list[int]:
    return list(text)


def one_per_three_bytes(text: bytes) -> list[int]:
    return [text[i] for i in range(0, len(text), 3)]


@pytest.mark.parametrize(
    ("layout", "stem"),
    [("plain", (899, 1, 2)), ("spm", (899, 900, 901, 7, 902, 1, 2)), ("psm", (899, 900, 1, 901, 7, 902, 2))],
)
def test_each_layout_orders_the_parts_as_documented(layout: str, stem: tuple[int, ...]) -> None:
    """A wrong order is not an error anywhere, only a worse completion."""
    prompt = lay_out(FIM, layout, lead=(1,), suffix=(7,), typed=(2,), tail=b"x")  # pyright: ignore[reportArgumentType]

    assert (prompt.stem, prompt.tail) == (stem, b"x")


@pytest.mark.parametrize(
    ("layout", "stem"),
    [("plain", (899, 1, 2)), ("spm", (899, 901, 7, 900, 1, 2)), ("psm", (899, 901, 7, 900, 1, 902, 2))],
)
def test_models_trained_with_the_suffix_first_are_asked_so(layout: Layout, stem: tuple[int, ...]) -> None:
    """Mellum and Seed-Coder have a mark before the middle, Codestral has none: prefix and middle are one text then."""
    prompt = lay_out(replace(FIM, is_suffix_first=True), layout, lead=(1,), suffix=(7,), typed=(2,), tail=b"x")

    assert (prompt.stem, prompt.tail) == (stem, b"x")


def test_without_a_mark_before_the_middle_only_one_text_can_be_gone_on_with() -> None:
    """The prefix would not end anywhere."""
    fim = FimFormat(prefix_id=900, suffix_id=901, middle_id=None, is_suffix_first=True)

    assert fim.is_complete
    assert lay_out(fim, "spm", lead=(1,), suffix=(7,), typed=(2,), tail=b"").stem == (901, 7, 900, 1, 2)
    with pytest.raises(NoFimTokens, match="--layout spm"):
        lay_out(fim, "psm", lead=(1,), suffix=(7,), typed=(2,), tail=b"")


@pytest.mark.parametrize("layout", ["plain", "spm", "psm"])
def test_a_preamble_stands_before_all_text_and_after_what_opens_a_prompt(layout: Layout) -> None:
    """Models are trained on other files in front of the layout, never inside it."""
    without = lay_out(FIM, layout, lead=(1,), suffix=(7,), typed=(2,), tail=b"x")
    prompt = lay_out(FIM, layout, preamble=(5, 6), lead=(1,), suffix=(7,), typed=(2,), tail=b"x")

    assert prompt.stem == (899, 5, 6, *without.stem[1:])


def test_a_model_without_fim_tokens_says_what_to_do_instead() -> None:
    """Silence or nonsense is what peers give."""
    with pytest.raises(NoFimTokens, match="--layout plain"):
        lay_out(FimFormat(None, None, None), "psm", lead=(1,), suffix=(), typed=(), tail=b"")


lines = st.lists(st.text("ab é中\t", max_size=12), max_size=40).map(lambda parts: "\n".join(parts).encode())


@given(lines, lines, st.integers(4, 200), st.sampled_from([one_per_byte, one_per_three_bytes]))
def test_what_is_kept_fits_and_is_nearest_to_the_cursor(
    prefix: bytes, suffix: bytes, room: int, tokenize: Callable[[bytes], list[int]]
) -> None:
    """Never more than the context, never a hole between the text and the cursor, never a cut inside a character."""
    hole = fit_hole(tokenize, prefix, suffix, n_tokens=room)

    assert len(hole.prefix_tokens) + len(hole.suffix_tokens) <= room
    assert prefix.endswith(hole.prefix)
    assert suffix.startswith(hole.suffix)
    hole.prefix.decode()
    hole.suffix.decode()


def test_text_is_cut_at_line_starts_and_three_to_one_for_the_prefix() -> None:
    """Half lines at the far end mislead the model; the text before the cursor tells it more than the text after."""
    prefix, suffix = b"line\n" * 100, b"\nrest" * 100
    hole = fit_hole(one_per_byte, prefix, suffix, n_tokens=80)

    assert hole.prefix == b"line\n" * 12
    assert hole.suffix.endswith(b"rest\n")
    assert 10 <= len(hole.suffix) <= 20


def test_room_that_the_suffix_leaves_goes_to_the_prefix_and_the_other_way_round() -> None:
    """Most cursors are near one end of a small file."""
    assert len(fit_hole(one_per_byte, b"a" * 500, b"", n_tokens=100).prefix) == 100
    assert len(fit_hole(one_per_byte, b"", b"b" * 500, n_tokens=100).suffix) == 100


def test_one_line_of_a_hundred_thousand_bytes_is_cut_at_a_character() -> None:
    """Minified files have no line starts; that is no reason to fail."""
    hole = fit_hole(one_per_byte, "é".encode() * 50_000, b"x" * 100_000, n_tokens=101)

    assert 50 <= len(hole.prefix) <= 101
    hole.prefix.decode()


def test_a_few_tokens_more_or_less_do_not_move_the_cuts() -> None:
    """A window that moves has to be evaluated anew."""
    prefix, suffix = b"line\n" * 100, b"\nrest" * 100
    holes = [fit_hole(one_per_byte, prefix + b"x" * n, b"y" * (n % 5) + suffix, n_tokens=200) for n in range(40)]

    assert len({len(prefix) + n - len(hole.prefix) for n, hole in enumerate(holes)}) <= 2
    assert len({len(hole.suffix) - n % 5 for n, hole in enumerate(holes)}) <= 2


@given(lines, lines, st.integers(16, 200), st.sampled_from([one_per_byte, one_per_three_bytes]))
def test_an_outline_never_takes_more_than_its_share(
    prefix: bytes, suffix: bytes, room: int, tokenize: Callable[[bytes], list[int]]
) -> None:
    """However much there is to keep, the text at the cursor says more."""
    hole = fit_hole_with_outline(
        tokenize, prefix, suffix, n_tokens=room, find_outline=lambda skipped, kept, n_bytes: skipped[:n_bytes]
    )

    assert len(hole.prefix_tokens) + len(hole.suffix_tokens) <= room
    assert len(tokenize(hole.outline)) <= room // 16 + 1
    assert prefix.endswith(hole.prefix)
    assert prefix.startswith(hole.outline)
    assert list(hole.prefix_tokens) == tokenize(hole.outline + hole.prefix)
