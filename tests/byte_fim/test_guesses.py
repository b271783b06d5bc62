"""Where guesses come from, and which of them are drafted: small texts worked out by hand."""

from __future__ import annotations

from byte_fim.drafting import Drafter
from byte_fim.guesses import RUN_LENGTHS, Guess, PromptLookup, TokenRecycling, spell
from byte_fim.reference import ToyModel
from tests.byte_fim.drafted import FREE, Says


def test_lookup_prefers_the_longest_run_and_of_equal_ones_the_latest() -> None:
    """The longer the run, the likelier the copy; among copies, the text's present habit."""
    lookup = PromptLookup()

    assert lookup.guess(spell(b"xabc1 wabc2 zbc3 yabc")) == (Guess(ord("2"), RUN_LENGTHS.index(3)),)
    assert lookup.guess(spell(b"abab")) == (Guess(ord("a"), RUN_LENGTHS.index(2)),)
    assert not lookup.guess(spell(b"abcd"))
    assert not lookup.guess(spell(b"a"))


def test_recycling_remembers_a_few_followers_of_each_token_latest_first() -> None:
    """Bounded, however long a server runs."""
    recycling = TokenRecycling()
    for token in (1, 2, 3, 2, 4, 5, 6):
        recycling.remember(9, token)

    assert [guess.token for guess in recycling.guess(spell((7, 9)))] == [6, 5, 4, 2]
    assert recycling.guess(spell((9, 7))) == []


def test_what_was_generated_helps_where_the_text_itself_says_nothing() -> None:
    """Across requests, and as a tree where several tokens came after the same one."""
    model = ToyModel([])
    drafter = Drafter(model.vocab, FREE)
    for last, token in (b"xz", b"xy", b"yz"):
        drafter.learn([], chr(last), token)
    text = spell(b"x")

    assert sorted(drafter.draft(text, drafter.guess(text), n_deepest=2)) == [tuple(b"yz"), tuple(b"z")]


def test_a_guess_that_another_source_seconds_is_judged_apart() -> None:
    """Two sources that agree are right far more often than either alone; lookups gain most from knowing it."""
    second = Says(ord("b"))
    drafter = Drafter(ToyModel([]).vocab, guessers=[Says(ord("a")), second])
    for advice, came in (b"aa", b"bc") * 100:
        second.token = advice
        drafter.learn(drafter.guess("x"), "x", came)
    drafted: dict[str, int] = {}
    for advice in "ab":
        second.token = ord(advice)
        drafted[advice] = len(drafter.draft("x", drafter.guess("x"), n_deepest=8))

    assert drafted == {"a": 1, "b": 0}


def test_a_draft_that_pays_only_with_more_behind_it_is_not_made_alone() -> None:
    """Often the first drafted token is the dear one; near the end of the budget nothing can make up for it."""
    model = ToyModel([])
    drafter = Drafter(model.vocab, (1.0, 1.5, 1.55, 5.0), guessers=[Says(ord("a"))])

    assert drafter.draft("x", drafter.guess("x"), n_deepest=2) == [tuple(b"aa")]
    assert drafter.draft("x", drafter.guess("x"), n_deepest=1) == []


def test_special_tokens_are_not_drafted() -> None:
    """The prompt is full of them and generation ends at them, so they would be evaluated in vain."""
    model = ToyModel([])
    drafter = Drafter(model.vocab, FREE, guessers=[Says(model.stop_id)])

    assert drafter.draft("x", drafter.guess("x"), n_deepest=8) == []
