"""Typing through a suggestion, back, and against it (behaviours 44 to 48): no model is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.documents.request import CompletionRequest
from lsp_server.engine.reuse import REMEMBERED_PER_DOCUMENT, Offers, Rest
from lsp_server.settings import DEFAULTS, Settings
from tests.lsp_server.requests import OTHER, URI, ask

UNSURE = Settings(min_confidence=0.5)
INVOKED = replace(ask(b"foo."), is_invoked=True)


def rest(offers: Offers, asked: CompletionRequest, *, settings: Settings = DEFAULTS) -> bytes | None:
    """What is left, without what else is told of it."""
    found = offers.find(asked, settings=settings)
    return None if found is None else found.middle


@pytest.fixture
def offers() -> Offers:
    """After `foo.`, `bar(x)` was suggested."""
    made = Offers()
    made.keep(ask(b"foo."), b"bar(x)", settings=DEFAULTS)
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
    assert rest(offers, ask(prefix)) == left


def test_deleting_typed_letters_brings_the_longer_suggestion_back(offers: Offers) -> None:
    """45: whatever was found in between."""
    assert [rest(offers, ask(p)) for p in (b"foo.bar", b"foo.ba", b"foo.")] == [
        b"(x)",
        b"r(x)",
        b"bar(x)",
    ]


def test_a_changed_suffix_is_another_question(offers: Offers) -> None:
    """48: the text after the cursor is part of what was asked."""
    assert offers.find(ask(b"foo.ba", b")\nend\n"), settings=DEFAULTS) is None


def test_changed_settings_are_another_question(offers: Offers) -> None:
    """Who turns exact conditioning off wants to see what that does."""
    assert rest(offers, ask(b"foo.ba"), settings=replace(DEFAULTS, conditioning="naive")) is None


def test_documents_do_not_share_suggestions(offers: Offers) -> None:
    """Two copies of one file may be at different places."""
    assert rest(offers, ask(b"foo.ba", uri=OTHER)) is None
    offers.forget(URI)

    assert rest(offers, ask(b"foo.ba")) is None


def test_the_newer_suggestion_wins_and_the_oldest_is_forgotten(offers: Offers) -> None:
    """A newer one has seen more of the text; memory stays small."""
    offers.keep(ask(b"foo.b"), b"az()", settings=DEFAULTS)

    assert rest(offers, ask(b"foo.ba")) == b"z()"

    for i in range(REMEMBERED_PER_DOCUMENT):
        offers.keep(ask(b"other%d" % i), b"x", settings=DEFAULTS)

    assert rest(offers, ask(b"foo.ba")) is None


def test_what_was_prefetched_is_called_so_until_a_part_of_it_is_typed() -> None:
    """From then on it is a suggestion that is typed through, like any other."""
    offers = Offers()
    offers.keep(ask(b"foo."), b"bar", settings=DEFAULTS, is_prefetched=True)

    assert offers.find(ask(b"foo."), settings=DEFAULTS) == Rest(b"bar", 1.0, is_prefetched=True)
    assert offers.find(ask(b"foo.b"), settings=DEFAULTS) == Rest(b"ar", 1.0, is_prefetched=False)


def test_what_was_prefetched_takes_nobodys_place(offers: Offers) -> None:
    """What somebody asked for has been seen; a second text in its place would flicker."""
    offers.keep(ask(b"foo."), b"baz(y)", settings=DEFAULTS, is_prefetched=True)
    offers.keep(ask(b"foo.", b")\nend\n"), b"qux", settings=DEFAULTS, is_prefetched=True)

    assert rest(offers, ask(b"foo.")) == b"bar(x)"
    assert rest(offers, ask(b"foo.", b")\nend\n")) == b"qux"


def test_an_empty_suggestion_is_known_and_never_offered(offers: Offers) -> None:
    """So that it is not computed ahead again and again."""
    assert not offers.knows(ask(b"foo.bar(x)"), settings=DEFAULTS)
    offers.keep(ask(b"foo.bar(x)"), b"", settings=DEFAULTS, is_prefetched=True)

    assert offers.knows(ask(b"foo.bar(x)"), settings=DEFAULTS)
    assert not offers.knows(ask(b"foo.bar(x)", b")\nend\n"), settings=DEFAULTS)
    assert rest(offers, ask(b"foo.bar(x)")) is None
    offers.keep(ask(b"foo.bar(x)"), b";", settings=DEFAULTS)
    assert rest(offers, ask(b"foo.bar(x)")) == b";"


def test_what_was_too_unlikely_is_there_for_those_who_ask() -> None:
    """Nobody is bothered with it, and who wants it need not wait for the model again."""
    offers = Offers()
    offers.keep(ask(b"foo."), b"bar", settings=UNSURE, confidence=0.4)

    assert rest(offers, ask(b"foo."), settings=UNSURE) is None
    assert rest(offers, ask(b"foo.b"), settings=UNSURE) is None
    assert rest(offers, INVOKED, settings=UNSURE) == b"bar"


def test_an_older_suggestion_that_is_likely_enough_is_found_behind_a_newer_that_is_not() -> None:
    """What is shown stays while it is typed through, whatever the model has made of the same text since."""
    offers = Offers()
    offers.keep(ask(b"foo."), b"bar", settings=UNSURE, confidence=0.5)
    offers.keep(ask(b"foo.b"), b"az", settings=UNSURE, confidence=0.4)

    assert offers.find(ask(b"foo.b"), settings=UNSURE) == Rest(b"ar", 0.5, is_prefetched=False)


def test_what_somebody_has_asked_for_and_seen_stays_while_it_is_typed() -> None:
    """However unlikely: the user is typing along it, and the editor asks by itself at each key."""
    offers = Offers()
    offers.keep(INVOKED, b"bar", settings=UNSURE, confidence=0.1)

    assert rest(offers, ask(b"foo.b"), settings=UNSURE) == b"ar"


def test_what_was_fetched_behind_it_has_been_seen_by_nobody() -> None:
    """A prefetch goes on from an invoked request, but is no answer to it."""
    offers = Offers()
    offers.keep(INVOKED, b"bar", settings=UNSURE, confidence=0.1, is_prefetched=True)

    assert rest(offers, ask(b"foo."), settings=UNSURE) is None


def test_blanks_alone_are_not_offered(offers: Offers) -> None:
    """A ghost of nothing is in the way."""
    offers.keep(ask(b"a"), b"b ", settings=DEFAULTS)

    assert rest(offers, ask(b"ab")) is None


@given(st.text(max_size=6), st.text(min_size=1, max_size=8), st.integers(0, 8))
def test_what_was_typed_and_what_is_left_make_the_suggestion(before: str, middle: str, n_typed: int) -> None:
    """Nothing is lost or doubled at the seam, in any script."""
    offers = Offers()
    offers.keep(ask(before.encode()), middle.encode(), settings=DEFAULTS)
    typed = middle[:n_typed].encode()
    left = rest(offers, ask(before.encode() + typed))

    assert left is None or typed + left == middle.encode()
    assert (left is None) == (not middle[n_typed:].encode().strip())
