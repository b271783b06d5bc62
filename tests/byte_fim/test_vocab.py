"""The table of token bytes: ranges, duplicates, pairs that no token spans."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from byte_fim.vocab import Vocab

small_texts = st.lists(st.binary(min_size=1, max_size=4), min_size=1, max_size=30)


@given(small_texts, st.binary(max_size=3))
def test_a_range_holds_exactly_the_tokens_that_start_with_the_head(texts: list[bytes], head: bytes) -> None:
    """Every mass that is summed over a range would be wrong otherwise; 0xFF at the end of a head is the trap."""
    vocab = Vocab(texts, special_ids=[], stop_ids=[])
    low, high = vocab.range_starting_with(head)

    assert sorted(vocab.sorted_ids[low:high].tolist()) == [i for i, text in enumerate(texts) if text.startswith(head)]


@given(small_texts, st.binary(min_size=1, max_size=3))
def test_exact_and_longer_tokens_part_a_range(texts: list[bytes], head: bytes) -> None:
    """An exact cover counted as overhanging too would count twice; real vocabularies hold up to 96 duplicates."""
    vocab = Vocab(texts, special_ids=[], stop_ids=[])
    low, high = vocab.range_longer_than(head)

    assert vocab.ids_of(head) == [i for i, text in enumerate(texts) if text == head]
    assert sorted(vocab.sorted_ids[low:high].tolist()) == [
        i for i, text in enumerate(texts) if text.startswith(head) and text != head
    ]


@given(small_texts, st.integers(0, 255), st.integers(0, 255))
def test_two_bytes_may_join_only_where_some_token_holds_them_together(
    texts: list[bytes], left: int, right: int
) -> None:
    """What proves a token border: byte pairs that no token contains."""
    vocab = Vocab(texts, special_ids=[], stop_ids=[])

    assert vocab.may_join(left, right) == any(bytes([left, right]) in text for text in texts)


def test_special_ids_stand_for_no_bytes() -> None:
    """A sentinel's spelling must never leak into a document."""
    vocab = Vocab([b"a", b"<|end|>", b"", b"b"], special_ids=[], stop_ids=[1])

    assert vocab.decode([0, 1, 2, 3]) == b"ab"
    assert [vocab.is_special(i) for i in range(4)] == [False, True, True, False]
    assert vocab.special_ids.tolist() == [1, 2]
