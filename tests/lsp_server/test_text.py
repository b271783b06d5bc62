"""What makes the mirror cheap: blocks that stay as they are, and stay of a useful size."""

from __future__ import annotations

import random

import pytest

from lsp_server.documents import text as text_module
from lsp_server.documents.text import BLOCK_BYTES, Text


def test_typing_in_a_long_text_leaves_almost_all_of_it_untouched() -> None:
    """Copying or counting 2 MB at every key press would be felt."""
    text = Text(b"0123456789\r\n" * 170_000)
    before = list(text.blocks)
    for i in range(100):
        text.replace(1_000_000 + i, 1_000_000 + i, b"x")
    untouched = {id(block) for block in before} & {id(block) for block in text.blocks}

    assert len(before) > 200
    assert len(untouched) >= len(before) - 2


def test_a_line_of_a_megabyte_is_many_blocks() -> None:
    """Minified files are one line; a key press in them must not cost more than elsewhere."""
    text = Text("é合🙂".encode() * 120_000)

    assert text.n_lines == 1
    assert max(map(len, text.blocks)) <= 2 * BLOCK_BYTES


def test_blocks_stay_of_a_useful_size_whatever_is_edited() -> None:
    """Crumbs would make every look-up slow, and one huge block every edit."""
    chance = random.Random(3)
    text = Text(b"")
    for _ in range(3000):
        start = chance.randint(0, text.n_bytes)
        end = min(text.n_bytes, start + chance.choice([0, 0, 1, 50, 20_000]))
        text.replace(start, end, chance.choice([b"", b"x", b"\n", b"word " * 20, b"line\r\n" * 9000]))
    sizes = [len(block) for block in text.blocks]

    assert len(sizes) > 100
    assert max(sizes) <= 2 * BLOCK_BYTES
    assert min(sizes[:-1]) >= BLOCK_BYTES // 2
    assert sum(sizes) == text.n_bytes


def test_a_line_break_that_comes_together_between_two_blocks_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A carriage return may end one block, and a line feed begin the next, only by an edit."""
    monkeypatch.setattr(text_module, "BLOCK_BYTES", 4)
    text = Text(b"abc\rdefghijkl")
    assert next(iter(text.blocks)) == b"abc\r"
    text.replace(4, 4, b"\nxyz")

    assert text.n_lines == 2
    assert (text.line_end(0), text.line_start(1)) == (3, 5)


def test_no_block_ends_inside_a_character_or_a_line_break() -> None:
    """Else what is counted in each block would not add up."""
    text = Text("🙂\r\n".encode() * 20_000)
    for offset_bytes in range(0, text.n_bytes, 9000):
        text.replace(offset_bytes // 6 * 6, offset_bytes // 6 * 6, "合".encode() * 3000)

    for block in text.blocks:
        assert block.decode()
        assert not block.startswith(b"\n")
