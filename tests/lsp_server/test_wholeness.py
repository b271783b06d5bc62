"""What is asked of which trees before a suggestion is offered."""

from __future__ import annotations

from typing import cast

import pytest

from lsp_server.suggestion.wholeness import Wholeness
from lsp_server.syntax.around_cursor import AroundCursor

SAID = b"a = 1\nb = 2"
FIRST_LINE = len(b"a = 1")


class Counted:
    """Trees that find so many errors: without, with the first line, with all of what is said; from scratch likewise."""

    before = after = b""

    def __init__(self, followed: tuple[int, int, int], afresh: tuple[int, int, int]) -> None:
        self._counts = {False: followed, True: afresh}
        self.asked: list[bool] = []

    def count_errors(self, said: bytes, *, is_afresh: bool = False) -> int:
        self.asked.append(is_afresh)
        return self._counts[is_afresh][(len(said) > 0) + (len(said) > FIRST_LINE)]


def find_sound(around: Counted, whole: Counted) -> list[int]:
    trees = cast(AroundCursor, around), cast(AroundCursor, whole)
    return Wholeness(*trees, b"", is_before_text=False).find_sound(SAID, [])


@pytest.mark.parametrize(
    ("followed", "afresh", "sound"),
    [
        ((0, 0, 0), (0, 9, 9), [FIRST_LINE, len(SAID)]),
        ((2, 2, 2), (2, 2, 2), [FIRST_LINE, len(SAID)]),
        ((2, 2, 2), (2, 2, 3), [FIRST_LINE]),
        ((2, 2, 2), (1, 2, 2), []),
    ],
    ids=["no errors", "the same", "one more", "fewer without"],
)
def test_in_a_broken_document_what_a_fresh_tree_says_counts(
    followed: tuple[int, int, int], afresh: tuple[int, int, int], sound: list[int]
) -> None:
    """Of broken text a tree that has followed the edits may differ from the one that anybody else makes."""
    document = Counted(followed, afresh)

    assert find_sound(document, document) == sound
    assert (True in document.asked) == (followed != (0, 0, 0))  # parsing from scratch is for broken documents only


def test_all_of_the_document_is_asked_about_what_a_part_has_told() -> None:
    """An error may be far from the part in which the cursor stands."""
    part, whole = Counted((0, 0, 0), (0, 0, 0)), Counted((0, 0, 1), (0, 0, 1))

    assert find_sound(part, whole) == [FIRST_LINE]
