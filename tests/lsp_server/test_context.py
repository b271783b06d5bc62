"""What is chosen of other documents: what is alike, once, and always the same."""

from __future__ import annotations

import itertools
import sys

from lsp_server.context.chunks import CHUNK_LINES, MOST_CHUNKS, Neighbour, choose_chunks
from lsp_server.documents.request import ContextChunk

AROUND = b"def load_store(path):\n    store = Store(path)\n    return store."
NOTHING = b"alpha beta\ngamma delta\n"
STORE = b"class Store:\n    def __init__(self, path):\n        self.path = path\n"
PATHS = b"def find_path(store):\n    return store.path\n"


def filler(n_lines: int) -> bytes:
    return b"".join(b"omega%d = sigma%d\n" % (i, i) for i in range(n_lines))


def test_what_has_more_words_in_common_goes_first() -> None:
    """It is what stands nearest to the cursor, and what is left when room is short."""
    chunks = choose_chunks([Neighbour("a.py", PATHS + filler(20)), Neighbour("b.py", STORE)], AROUND)

    assert chunks == (ContextChunk("b.py", STORE), ContextChunk("a.py", PATHS + filler(20)))


def test_what_has_no_word_in_common_is_left_out() -> None:
    """Evaluating it costs time and says nothing."""
    assert choose_chunks([Neighbour("a.py", NOTHING)], AROUND) == ()
    assert choose_chunks([Neighbour("a.py", b"")], AROUND) == ()
    assert choose_chunks([Neighbour("a.py", STORE)], b"") == ()


def test_the_part_that_is_alike_is_found_further_down_and_around_the_latest_edit() -> None:
    """The top of a file is mostly imports."""
    far = filler(CHUNK_LINES * 3) + STORE + filler(CHUNK_LINES - 3) + NOTHING
    below = choose_chunks([Neighbour("a.py", far)], AROUND)
    edited = choose_chunks([Neighbour("a.py", filler(9), STORE)], AROUND)

    assert below == (ContextChunk("a.py", STORE + filler(CHUNK_LINES - 3)),)
    assert edited == (ContextChunk("a.py", STORE),)


def test_repetitions_are_left_out() -> None:
    """A copy of what stands at the cursor, or of a better chunk, says nothing new."""
    assert choose_chunks([Neighbour("copy.py", AROUND)], AROUND) == ()
    assert choose_chunks([Neighbour("b.py", STORE), Neighbour("a.py", STORE)], AROUND) == (ContextChunk("a.py", STORE),)


def test_the_order_of_the_documents_is_no_matter() -> None:
    """The same open files must give the same prompt, or the same question has two answers."""
    neighbours = [Neighbour(f"{name}.py", STORE + b"%s = 1\n" % name.encode()) for name in ("one", "two", "three")]
    found = {choose_chunks(order, AROUND) for order in itertools.permutations(neighbours)}

    assert len(found) == 1
    assert len(found.pop()) == 3


def test_few_texts_are_kept_and_never_the_one_around_the_cursor() -> None:
    """It is another at every key, and what was closed has no business in memory all day."""
    texts = [b"store %d other\n" % i for i in range(600)]
    n_references = list(map(sys.getrefcount, texts))
    around, *parts = texts
    for part in parts:
        choose_chunks([Neighbour("a.py", b"", part)], around)
    del around, parts
    is_kept = [now > before for before, now in zip(n_references, map(sys.getrefcount, texts), strict=True)]

    assert not is_kept[0]
    assert 0 < sum(is_kept) <= 256


def test_no_more_is_chosen_than_any_prompt_has_room_for() -> None:
    """What is chosen is sent to the model's process at every key."""
    neighbours = [Neighbour(f"f{i}.py", STORE + b"word%d other%d\n" % (i, i)) for i in range(2 * MOST_CHUNKS)]

    assert len(choose_chunks(neighbours, AROUND)) == MOST_CHUNKS
    assert choose_chunks([Neighbour("a.py", b"store " * 5000)], AROUND) == ()
