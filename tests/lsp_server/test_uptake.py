"""What became of a suggestion, seen from the document and from what the editor tells."""

from __future__ import annotations

from collections import Counter

import pytest

from lsp_server.editor.uptake import REMEMBERED, Uptake
from tests.lsp_server.requests import URI, ask


class Typing:
    """A document that is typed in, and what is counted meanwhile."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.counts: Counter[str] = Counter()
        self.uptake = Uptake(self._count)

    def show(self, middle: bytes, *, selected: bytes = b"") -> tuple[str, bool]:
        """At the end of the document."""
        request = ask(self.text + selected, cursor_offset_bytes=len(self.text), selected=selected)
        return self.uptake.show(request, middle, n_document_bytes=len(self.text))

    def become(self, text: bytes) -> None:
        self.text = text
        self.uptake.edit(URI, n_document_bytes=len(text), read=lambda start, end: text[start:end])

    def type(self, text: bytes) -> None:
        self.become(self.text + text)

    def ended(self) -> dict[str, int]:
        """What is counted by now."""
        return {fate: n for fate, n in self.counts.items() if n}

    def _count(self, fate: str, n: int) -> None:
        self.counts[fate] += n


def test_all_of_it_at_once_is_an_acceptance_and_the_command_changes_nothing() -> None:
    """Most editors send both, some only the edit; it counts once."""
    typing = Typing(b"resu")
    suggestion_id, is_new = typing.show(b"lt = 1")
    typing.type(b"lt = 1")
    typing.uptake.accept(suggestion_id)

    assert is_new
    assert typing.ended() == {"accepted": 1}


def test_the_command_before_the_edit_is_an_acceptance_too() -> None:
    """Editors differ in the order."""
    typing = Typing(b"resu")
    suggestion_id, _ = typing.show(b"lt = 1")
    typing.uptake.accept(suggestion_id)
    typing.type(b"lt = 1")

    assert typing.ended() == {"accepted": 1}


def test_character_by_character_it_was_typed() -> None:
    """A suggestion that was right and of no use."""
    typing = Typing(b"resu")
    typing.show(b"lt=")
    for character in (b"l", b"t", b"="):
        assert typing.ended() == {}
        typing.type(character)

    assert typing.ended() == {"typed_through": 1}


def test_a_last_character_that_was_accepted_is_corrected_by_the_command() -> None:
    """In the document it looks like a key press."""
    typing = Typing(b"resu")
    suggestion_id, _ = typing.show(b"l")
    typing.type(b"l")
    typing.uptake.accept(suggestion_id)

    assert typing.ended() == {"accepted": 1}


@pytest.mark.parametrize("then", ["x", "end of the document"])
def test_a_word_of_it_at_once_is_an_acceptance_in_part(then: str) -> None:
    """Accepting by the word runs no command."""
    typing = Typing(b"resu")
    typing.show(b"lt = parse")
    typing.type(b"lt")
    if then == "x":
        typing.type(b"x")
    else:
        typing.uptake.end(URI)

    assert typing.ended() == {"accepted_in_part": 1}


def test_what_the_editor_tells_of_a_part_counts() -> None:
    """Copilot's dialect, where the part may be a single character."""
    typing = Typing(b"resu")
    suggestion_id, _ = typing.show(b"lt")
    typing.uptake.accept_in_part(suggestion_id)
    typing.type(b"l")
    typing.uptake.end(URI)

    assert typing.ended() == {"accepted_in_part": 1}


def test_the_rest_of_it_is_the_same_suggestion_and_so_it_is_after_backspace() -> None:
    """Rules 44 and 45: the id stays; a suggestion is counted as shown once."""
    typing = Typing(b"foo.")
    first = typing.show(b"bar(x)")
    typing.type(b"b")
    typing.type(b"a")
    second = typing.show(b"r(x)")
    typing.become(b"foo.b")
    third = typing.show(b"ar(x)")

    assert first == (second[0], True) == (third[0], True)
    assert not second[1]
    assert not third[1]
    assert typing.ended() == {}


@pytest.mark.parametrize("text", [b"foo.z", b"foo", b"fooz.", b""])
def test_another_text_ends_it_nobody_knows_how(text: bytes) -> None:
    """Dismissed by a key, by a deletion, by an edit elsewhere."""
    typing = Typing(b"foo.")
    typing.show(b"bar(x)")
    typing.become(text)

    assert typing.ended() == {"unknown": 1}


def test_another_suggestion_ends_the_one_before() -> None:
    """One at a time is on display."""
    typing = Typing(b"foo.")
    first, _ = typing.show(b"bar(x)")
    second, is_new = typing.show(b"qux")

    assert is_new
    assert first != second
    assert typing.ended() == {"unknown": 1}


def test_a_break_with_its_indentation_is_a_key_press() -> None:
    """Editors put in both at once, in files of either kind."""
    typing = Typing(b"if x:")
    typing.show(b"\n    y")
    typing.type(b"\r\n    ")
    typing.type(b"y")

    assert typing.ended() == {"typed_through": 1}


def test_an_entry_taken_from_the_menu_is_not_the_suggestion() -> None:
    """The user took what another server had to say; then all the rest came at once."""
    typing = Typing(b"pri")
    typing.show(b"(x)", selected=b"ntln")
    typing.type(b"ntln")
    assert typing.ended() == {}
    typing.uptake.end(URI)

    assert typing.ended() == {"unknown": 1}


def test_an_entry_and_the_suggestion_behind_it_at_once_are_an_acceptance() -> None:
    """That is what the item holds."""
    typing = Typing(b"pri")
    typing.show(b"(x)", selected=b"ntln")
    typing.type(b"ntln(x)")

    assert typing.ended() == {"accepted": 1}


def test_a_suggestion_is_drawn_once() -> None:
    """Editors tell at every key."""
    typing = Typing(b"foo.")
    suggestion_id, _ = typing.show(b"bar")

    assert [typing.uptake.draw(suggestion_id) for _ in range(2)] == [True, False]
    assert not typing.uptake.draw("s99")


def test_ids_nobody_gave_and_ids_long_gone_are_passed_over() -> None:
    """Clients may say anything, and memory has an end."""
    typing = Typing(b"foo.")
    first, _ = typing.show(b"bar")
    for n in range(REMEMBERED + 1):
        typing.show(b"x%d" % n)
    typing.uptake.accept(first)
    typing.uptake.accept("s999")
    typing.uptake.end_all()

    assert typing.ended() == {"unknown": REMEMBERED + 2}
