"""Half characters, wherever a text is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byte_fim.utf8 import unfinished_character


@given(st.text(max_size=8), st.integers(0, 3))
def test_an_unfinished_character_is_found_wherever_the_text_is_cut(text: str, n_cut: int) -> None:
    """Tails and completions are cut at bytes; a half character must be seen as one."""
    data = text.encode()
    cut = data[: max(0, len(data) - n_cut)]
    whole = cut.decode("utf-8", "ignore").encode()

    assert unfinished_character(cut) == cut[len(whole) :]


@pytest.mark.parametrize("stray", [b"\x80", b"\xff", b"a\xbf\xbf\xbf\xbf", b"\xc0", b"\xf5\x80", b"\xe4\xb8\xad\x80"])
def test_bytes_that_no_character_begins_with_are_not_waited_for(stray: bytes) -> None:
    """A Latin-1 file would otherwise wait for ever for the rest of a character."""
    assert unfinished_character(stray) == b""
