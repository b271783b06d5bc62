"""What the KV cache keeps and what it drops: judged by counts of work, and by answers equal to those of an empty cache.

On real weights; the contract suite holds the answers themselves.
"""

from __future__ import annotations

import contextlib
import random
import threading
from pathlib import Path

import numpy as np
import pytest

from byte_fim.backends.llama_cpp import LlamaCppModel, RuntimeParams
from byte_fim.errors import DecodeAborted
from byte_fim.sequences import common_beginning

NANO = Path(__file__).resolve().parents[2] / "models" / "bytefim-nano-spm-q8_0.gguf"
TEXT = b"".join(b"def function_%d(left, right):\n    return left * %d + right\n\n\n" % (n, n) for n in range(40))


def decoded(model: LlamaCppModel, contexts: list[list[int]]) -> int:
    """How many tokens it takes to answer."""
    before = model.counts
    model.next_token_logprobs(contexts)
    return model.counts.since(before).decoded_tokens


def tokens_of(model: LlamaCppModel, n: int, *, first: bytes = b"") -> list[int]:
    return model.tokenize(first + TEXT)[:n]


def test_two_places_live_side_by_side(tiny: LlamaCppModel) -> None:
    """Going back and forth between two documents evaluates each once."""
    tiny.forget()
    here, there = tokens_of(tiny, 400), tokens_of(tiny, 400, first=b"# another file\n")
    assert decoded(tiny, [here]) == 400
    assert decoded(tiny, [there]) == 400 - common_beginning(here, there)
    for n in range(1, 20):
        assert decoded(tiny, [[*here, *here[:n]]]) == 1
        assert decoded(tiny, [[*there, *here[:n]]]) == 1


def test_a_branch_starts_where_any_line_leaves_off(tiny: LlamaCppModel) -> None:
    """Nothing is evaluated twice that is still there, on whichever line it is."""
    tiny.forget()
    base = tokens_of(tiny, 100)
    a, b, c = tiny.tokenize(b"a")[0], tiny.tokenize(b"b")[0], tiny.tokenize(b"c")[0]
    tiny.next_token_logprobs([[*base, a, a, a], [*base, b, b, b]])

    assert decoded(tiny, [[*base, a, a, c], [*base, b, b, c], [*base, c]]) == 3


def test_the_cache_never_overflows_and_the_least_recent_text_goes_first() -> None:
    """Twenty documents do not fit four megabytes; the ones just left do."""
    model = LlamaCppModel(NANO, RuntimeParams(n_context_tokens=512, n_parked_bytes=4 << 20))
    documents = [tokens_of(model, 300, first=b"# file %d\n" % n) for n in range(20)]
    for document in documents:
        decoded(model, [document])
        usage = model.kv_usage()
        assert usage.n_used_cells <= usage.n_cells
        assert usage.n_parked_bytes <= 4 << 20

    assert decoded(model, [[*documents[-2], 300]]) == 1
    assert decoded(model, [[*documents[0], 300]]) > 200
    model.close()


def test_texts_that_are_not_worked_on_do_not_stay_in_the_cache(tiny: LlamaCppModel) -> None:
    """Every token attends to every cell, so other texts would make it slower; they are parked, and come back."""
    tiny.forget()
    here, there = tokens_of(tiny, 400), tokens_of(tiny, 400, first=b"# another file\n")
    fresh = tiny.next_token_logprobs([here])
    decoded(tiny, [there])
    usage = tiny.kv_usage()
    assert usage.n_used_cells <= 410
    assert usage.n_parked_lines == 1
    assert usage.n_parked_bytes >= 300 * usage.cell_bytes

    tiny._tree._rows.clear()  # pyright: ignore
    assert decoded(tiny, [here]) == 1
    tiny._tree._rows.clear()  # pyright: ignore
    again = tiny.next_token_logprobs([here])
    assert float(0.5 * np.abs(np.exp(fresh) - np.exp(again)).sum()) <= 1e-3


def test_saying_the_same_again_and_again_does_not_fill_the_cache(nano: LlamaCppModel) -> None:
    """A stream that repeats what another line holds evaluates it once more; these cells count too."""
    nano.forget()
    prompt, text = tokens_of(nano, 200), tokens_of(nano, 250)[200:]
    for _ in range(40):
        stream = nano.stream(prompt)
        stream.step([])
        for token in text:
            stream.step([token])

        assert nano.kv_usage().n_used_cells <= nano.kv_usage().n_cells


def test_many_small_branches_do_not_push_out_a_long_text(tiny: LlamaCppModel) -> None:
    """Sequences are few: when they run out, the line goes that is cheapest to evaluate again."""
    tiny.forget()
    long, short = tokens_of(tiny, 400), tokens_of(tiny, 40, first=b"# x\n")
    decoded(tiny, [long])
    for n in range(60):
        decoded(tiny, [[*short, 300 + n], [*short, 400 + n]])

    assert decoded(tiny, [[*long, 300]]) == 1


def test_the_answer_is_that_of_an_empty_cache_whatever_was_asked_before(tiny: LlamaCppModel) -> None:
    """A hundred requests at random places of three documents, each compared with an answer from scratch."""
    chooser = random.Random(1)
    documents = [tokens_of(tiny, 300, first=b"# file %d\n" % n) for n in range(3)]
    asked: list[list[list[int]]] = []
    warm: list[np.ndarray] = []
    tiny.forget()
    for _ in range(100):
        base = chooser.choice(documents)[: chooser.randrange(1, 300)]
        contexts = [[*base, *(chooser.randrange(256, 400) for _ in range(chooser.randrange(4)))] for _ in range(3)]
        asked.append(contexts)
        warm.append(tiny.next_token_logprobs(contexts))
    for contexts, rows in zip(asked[::10], warm[::10], strict=True):
        tiny.forget()
        fresh = tiny.next_token_logprobs(contexts)

        assert float(0.5 * np.abs(np.exp(fresh) - np.exp(rows)).sum(axis=1).max()) <= 1e-3


def test_an_aborted_prompt_is_taken_up_where_it_was_left(tiny: LlamaCppModel) -> None:
    """The cache is repaired, not dropped: pieces that were evaluated completely need not be evaluated again."""
    prompt = tokens_of(tiny, 800)
    tiny.forget()
    fresh = tiny.next_token_logprobs([prompt])
    n_saved = 0
    tiny.tune(n_threads=2, n_threads_prompt=2, n_piece_tokens=16)
    for delay_s in (0.02, 0.05, 0.1, 0.2):
        tiny.forget()
        timer = threading.Timer(delay_s, tiny.set_abort, [True])
        timer.start()
        with contextlib.suppress(DecodeAborted):
            tiny.next_token_logprobs([prompt])
        timer.cancel()
        timer.join()
        tiny.set_abort(False)
        n_decoded = decoded(tiny, [prompt])
        n_saved += len(prompt) - n_decoded

        assert np.abs(np.exp(tiny.next_token_logprobs([prompt])) - np.exp(fresh)).sum() <= 2e-3
        assert tiny.kv_usage().n_used_cells <= len(prompt) + 1  # the last one was evaluated twice, for its row
    tiny.tune(n_threads=2, n_threads_prompt=2, n_piece_tokens=128)
    assert n_saved > 0


def test_an_abort_that_was_asked_for_earlier_stops_before_anything_is_evaluated(tiny: LlamaCppModel) -> None:
    """Also where the back-end would not look at the flag during a call."""
    tiny.forget()
    before = tiny.counts
    tiny.set_abort(True)
    try:
        with pytest.raises(DecodeAborted):
            tiny.next_token_logprobs([tokens_of(tiny, 10)])
    finally:
        tiny.set_abort(False)

    assert tiny.counts.since(before).decode_calls == 0


def test_the_cache_knows_its_size(tiny: LlamaCppModel) -> None:
    """For the log and for `doctor`: tokens that lines share count once."""
    tiny.forget()
    base = tokens_of(tiny, 200)
    tiny.next_token_logprobs([[*base, 300], [*base, 301, 302]])
    usage = tiny.kv_usage()

    assert usage.n_lines == 2
    assert usage.n_used_cells == 203
    assert usage.n_bytes == usage.n_cells * usage.cell_bytes
    assert usage.cell_bytes > 0
