"""Typing through a suggestion, back, and against it (behaviours 44 to 48): no model is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.request import CompletionRequest
from lsp_server.reuse import REMEMBERED_PER_DOCUMENT, Offers
from lsp_server.settings import DEFAULTS


def request(prefix: bytes, suffix: bytes = b"\nend\n", *, uri: str = "file:///a.py") -> CompletionRequest:
    return CompletionRequest(
        uri=uri,
        version=1,
        language="python",
        prefix=prefix,
        suffix=suffix,
        cursor_offset_bytes=len(prefix),
        line=0,
        replace_start=0,
        replace_end=0,
    )


@pytest.fixture
def offers() -> Offers:
    """After `foo.`, `bar(x)` was suggested."""
    made = Offers()
    made.keep(request(b"foo."), b"bar(x)", settings=DEFAULTS)
    return made


@pytest.mark.parametrize(
    ("prefix", "left"),
    [
        (b"foo.", b"bar(x)"),
        (b"foo.ba", b"r(x)"),
        (b"foo.bar(x", b")"),
        (b"foo.bar(x)", None),
        (b"foo.z", None),
        (b"foo", None),
        (b"fOo.ba", None),
        (b"y = foo.ba", None),
    ],
)
def test_what_is_left_of_a_suggestion_is_offered_as_long_as_exactly_it_is_typed(
    offers: Offers, prefix: bytes, left: bytes | None
) -> None:
    """44, 46: the same letters after the same text; all of it typed, or one letter off, and it is gone."""
    assert offers.find(request(prefix), settings=DEFAULTS) == left


def test_deleting_typed_letters_brings_the_longer_suggestion_back(offers: Offers) -> None:
    """45: whatever was found in between."""
    assert [offers.find(request(p), settings=DEFAULTS) for p in (b"foo.bar", b"foo.ba", b"foo.")] == [
        b"(x)",
        b"r(x)",
        b"bar(x)",
    ]


def test_a_changed_suffix_is_another_question(offers: Offers) -> None:
    """48: the text after the cursor is part of what was asked."""
    assert offers.find(request(b"foo.ba", b")\nend\n"), settings=DEFAULTS) is None


def test_changed_settings_are_another_question(offers: Offers) -> None:
    """Who turns exact conditioning off wants to see what that does."""
    assert offers.find(request(b"foo.ba"), settings=replace(DEFAULTS, conditioning="naive")) is None


def test_documents_do_not_share_suggestions(offers: Offers) -> None:
    """Two copies of one file may be at different places."""
    assert offers.find(request(b"foo.ba", uri="file:///b.py"), settings=DEFAULTS) is None
    offers.forget("file:///a.py")

    assert offers.find(request(b"foo.ba"), settings=DEFAULTS) is None


def test_the_newer_suggestion_wins_and_the_oldest_is_forgotten(offers: Offers) -> None:
    """A newer one has seen more of the text; memory stays small."""
    offers.keep(request(b"foo.b"), b"az()", settings=DEFAULTS)

    assert offers.find(request(b"foo.ba"), settings=DEFAULTS) == b"z()"

    for i in range(REMEMBERED_PER_DOCUMENT):
        offers.keep(request(b"other%d" % i), b"x", settings=DEFAULTS)

    assert offers.find(request(b"foo.ba"), settings=DEFAULTS) is None


def test_blanks_alone_are_not_offered(offers: Offers) -> None:
    """A ghost of nothing is in the way."""
    offers.keep(request(b"a"), b"b ", settings=DEFAULTS)

    assert offers.find(request(b"ab"), settings=DEFAULTS) is None


@given(st.text(max_size=6), st.text(min_size=1, max_size=8), st.integers(0, 8))
def test_what_was_typed_and_what_is_left_make_the_suggestion(before: str, middle: str, n_typed: int) -> None:
    """Nothing is lost or doubled at the seam, in any script."""
    offers = Offers()
    offers.keep(request(before.encode()), middle.encode(), settings=DEFAULTS)
    typed = middle[:n_typed].encode()
    left = offers.find(request(before.encode() + typed), settings=DEFAULTS)

    assert left is None or typed + left == middle.encode()
    assert (left is None) == (not middle[n_typed:].encode().strip())
