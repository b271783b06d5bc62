"""Shards: which documents go where, and the same again when asked again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from make_shards import Order, write_shard
from tests.training.spelling import Spelling, spell

N_CONTEXT_TOKENS = 128


@pytest.fixture
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Order:
    """Twenty documents, each of its own letter."""
    monkeypatch.setattr("make_shards.read_tokenizer", lambda path: Spelling())  # pyright: ignore[reportUnknownLambdaType]
    documents = [{"text": f"{letter} = {letter}{letter}\n" * 40} for letter in "abcdefghijklmnopqrst"]
    corpus = tmp_path / "train.jsonl"
    corpus.write_text("".join(json.dumps(document) + "\n" for document in documents), encoding="utf-8")
    return Order(corpus, corpus, tmp_path, "a", 0, (0.0, 1.0), N_CONTEXT_TOKENS, 2)


def test_the_same_order_gives_the_same_shard_and_another_epoch_other_holes(order: Order) -> None:
    """The second time that a document is seen it should teach something new."""
    first, again = _written(order, 0), _written(order, 0)
    other = _written(replace(order, epoch=1), 0)

    assert np.array_equal(first, again)
    assert _letters(first) == _letters(other)
    assert not np.array_equal(first, other)
    assert sorted(path.name for path in order.out.glob("*.bin")) == ["a.00.bin", "a.e1.00.bin"]


def test_shards_and_parts_have_no_document_in_common(order: Order) -> None:
    """What the decay is fed was not seen before."""
    shards = [_letters(_written(order, shard)) for shard in range(2)]
    parts = [
        _letters(_written(replace(order, name=name, part=part, n_shards=1), 0))
        for name, part in (("head", (0.0, 0.8)), ("tail", (0.8, 1.0)))
    ]

    assert [len(letters) for letters in shards] == [10, 10]
    assert [len(letters) for letters in parts] == [16, 4]
    assert not set.intersection(*shards)
    assert not set.intersection(*parts)


def _written(order: Order, shard: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    write_shard(order, shard)
    return np.fromfile(order.path(shard), dtype=np.uint16).reshape(-1, N_CONTEXT_TOKENS + 1)


def _letters(rows: np.ndarray[tuple[int, ...], np.dtype[np.uint16]]) -> set[str]:
    return set(spell([token for token in rows.ravel().tolist() if token >= 8])) - set(" =\n")
