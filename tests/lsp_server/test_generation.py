"""Work that goes on while the document changes: until one byte contradicts it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lsp_server.documents.request import CompletionRequest
from lsp_server.engine.generation import Generation
from lsp_server.settings import DEFAULTS
from tests.lsp_server.requests import ask


@pytest.mark.parametrize(
    ("prefix", "is_followed"),
    [
        (b"foo.", True),
        (b"foo.b", True),
        (b"foo.ba", True),
        (b"foo.bar(", True),
        (b"foo.z", False),
        (b"foo.bz", False),
        (b"foo", False),
        (b"fOo.b", False),
        (b"y = foo.b", False),
    ],
)
def test_what_is_typed_must_agree_with_the_middle_as_far_as_both_go(prefix: bytes, is_followed: bool) -> None:
    """Here `ba` has been generated after `foo.`."""
    generation = Generation(ask(b"foo."), DEFAULTS)
    generation.grow(b"ba")

    assert generation.follow(ask(prefix), settings=DEFAULTS) is is_followed
    assert not generation.is_stopped


@pytest.mark.parametrize(("middle", "is_stopped"), [(b"b", False), (b"bar(x)", False), (b"bz", True), (b"z", True)])
def test_a_middle_that_turns_away_from_what_was_typed_is_stopped(middle: bytes, is_stopped: bool) -> None:
    """The typing came first."""
    generation = Generation(ask(b"foo."), DEFAULTS)
    assert generation.follow(ask(b"foo.bar"), settings=DEFAULTS)
    generation.grow(middle)

    assert generation.is_stopped is is_stopped
    assert generation.follow(ask(b"foo.bar("), settings=DEFAULTS) is not is_stopped


def test_typed_letters_may_be_deleted_again() -> None:
    """A typing error that was corrected before the model came so far costs nothing."""
    generation = Generation(ask(b"foo."), DEFAULTS)
    followed = [generation.follow(ask(p), settings=DEFAULTS) for p in (b"foo.x", b"foo.", b"foo.b")]
    generation.grow(b"bar")

    assert followed == [True, True, True]
    assert not generation.is_stopped


@pytest.mark.parametrize("now", [ask(b"foo.b", b")\nend\n"), ask(b"foo.b", replaced="é".encode()), ask(b"foo.b", b"")])
def test_another_suffix_or_half_a_character_is_another_question(now: CompletionRequest) -> None:
    """48: the text after the cursor is part of what was asked."""
    assert not Generation(ask(b"foo."), DEFAULTS).follow(now, settings=DEFAULTS)


def test_changed_settings_are_another_question() -> None:
    """Who turns exact conditioning off wants to see what that does."""
    other = replace(DEFAULTS, conditioning="naive")

    assert not Generation(ask(b"foo."), DEFAULTS).follow(ask(b"foo."), settings=other)


def test_inside_a_character_only_its_own_request_waits_for_it() -> None:
    """Editors insert whole characters, so nothing can have been typed there."""
    own = ask(b"x\xc3", replaced="é".encode())
    generation = Generation(own, DEFAULTS)

    assert generation.answers(own, settings=DEFAULTS)
    assert not generation.answers(replace(own, version=2), settings=DEFAULTS)


def test_a_prefetch_is_followed_from_before_its_question_but_answers_only_behind_it() -> None:
    """47: typing through the suggestion that is shown does not contradict what comes after it."""
    prefetch = Generation(ask(b"foo."), DEFAULTS, assumed=b"bar")
    prefetch.grow(b"(x)")
    prefixes = [b"foo.", b"foo.ba", b"foo.bar", b"foo.bar(", b"foo.bar(x))", b"foo.baz", b"foo.bar(y"]
    followed = [prefetch.follow(ask(prefix), settings=DEFAULTS) for prefix in prefixes]
    answers = [prefetch.answers(ask(prefix), settings=DEFAULTS) for prefix in prefixes[:5]]

    assert prefetch.asked.prefix == b"foo.bar"
    assert followed == [True, True, True, True, True, False, False]
    assert answers == [False, False, True, True, True]
