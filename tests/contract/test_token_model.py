"""What every TokenModel promises, held against the toy model and the real adapter alike (byte_fim/model.py)."""

from __future__ import annotations

import numpy as np
import pytest

from byte_fim.errors import ContextTooLong
from byte_fim.model import TokenModel
from byte_fim.ngram import NgramModel
from byte_fim.reference import ToyModel
from tests.strategies import QWEN_LIKE

TV_TOLERANCE = {"toy": 1e-12, "ngram": 1e-12, "tiny": 1e-3, "nano": 3e-2}  # exact twice, 16 bits, 8 bits
TEXTS = [
    b"",
    b"a",
    b" ",
    b"def f(self):\n        return self.x\n",
    b"\r\n\r\t \x0c\x0b",
    b"\x00\x00a\x00",
    b"\xef\xbb\xbfimport os",
    "é中👍🏽e\u0301".encode(),
    "é".encode()[:1],
    "👍".encode()[:3],
    b"\xff\xfe\xc0\x80\xed\xa0\x80",
    b"\xe2\x96\x81\xe2\x96\x81x \xe2\x96",
    b"<|fim_middle|><|endoftext|></s><s><0x0A><unk>",
    b" " * 300,
    b"=" * 300,
    b"x" * 5000,
    bytes(range(256)),
]


@pytest.fixture(params=list(TV_TOLERANCE))
def kind(request: pytest.FixtureRequest) -> str:
    """Every implementation there is, by name."""
    return request.param


@pytest.fixture
def model(kind: str, request: pytest.FixtureRequest) -> TokenModel:
    """One of them."""
    if kind == "toy":
        return ToyModel([(b"d", b"e"), (b"de", b"f"), (b" ", b"a"), (b" ", b" ")], pretokens=QWEN_LIKE)
    if kind == "ngram":
        counting = NgramModel()
        counting.learn(
            b"def find(self, name):\n    return self.items[name]\n\n\nfor line in open(path):\n    print(b, a)\n"
        )
        return counting
    return request.getfixturevalue(kind)


@pytest.fixture
def tolerance(kind: str) -> float:
    """What this implementation promises, in total variation."""
    return TV_TOLERANCE[kind]


def contexts(model: TokenModel) -> list[list[int]]:
    """A tree with a long trunk, a branch point, an inner node, a leaf under it, and one path that leaves early."""
    base = model.tokenize(
        b"def find(self, name):\n    for item in self.items:\n        if item.name == name:\n            return "
    )
    a, b, c = model.tokenize(b"a")[0], model.tokenize(b"b")[0], model.tokenize(b"(")[0]
    return [[*base, a, b, c], [*base, a], base, [*base, a, c], [*base, b], base[:-2], [*base, a, b, c]]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:16]))
def test_tokens_decode_to_exactly_the_text(model: TokenModel, text: bytes) -> None:
    """The mirror of the document is bytes; one byte lost here is a wrong completion later."""
    assert model.vocab.decode(model.tokenize(text)) == text


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:16]))
def test_no_text_becomes_a_special_token(model: TokenModel, text: bytes) -> None:
    """Promise 6: a file that spells a sentinel cannot steer the model."""
    assert not any(model.vocab.is_special(token) for token in model.tokenize(text))


def test_rows_are_distributions_and_belong_to_their_contexts(model: TokenModel) -> None:
    """Log-probabilities in the order asked, duplicates included."""
    asked = contexts(model)
    rows = model.next_token_logprobs(asked)

    assert rows.shape == (len(asked), model.vocab.n_tokens)
    np.testing.assert_allclose(np.exp(rows).sum(axis=1), 1.0, atol=1e-9)
    np.testing.assert_array_equal(rows[0], rows[-1])
    assert total_variation(rows[0], rows[2]) > 0.05


def test_the_answer_does_not_depend_on_the_batch(model: TokenModel, tolerance: float) -> None:
    """Promise 2: one call for the whole tree says what one call per context with an empty cache says."""
    asked = contexts(model)
    model.forget()
    together = model.next_token_logprobs(asked)
    for context, row in zip(asked, together, strict=True):
        model.forget()

        assert total_variation(model.next_token_logprobs([context])[0], row) <= tolerance


def test_the_answer_does_not_depend_on_what_is_cached(model: TokenModel, tolerance: float) -> None:
    """Promise 3: reuse changes the work, not the answer, whatever was asked in between."""
    asked = contexts(model)
    model.forget()
    fresh = model.next_token_logprobs(asked)
    for order in (asked, asked[::-1], [asked[3]], asked[2:4]):
        again = model.next_token_logprobs(order)
        for context, row in zip(order, again, strict=True):
            assert total_variation(fresh[asked.index(context)], row) <= tolerance


def test_more_branches_than_one_call_can_hold_are_split_and_not_refused(model: TokenModel, tolerance: float) -> None:
    """A tail of a hundred equal signs has many contexts; the number of sequences of a runtime is not the caller's
    business.
    """
    base = model.tokenize(b"x = ")
    many = [[*base, token, *base] for token in range(80)]
    rows = model.next_token_logprobs(many)
    model.forget()

    assert total_variation(model.next_token_logprobs([many[57]])[0], rows[57]) <= tolerance


def test_a_context_that_does_not_fit_is_refused_by_name(model: TokenModel) -> None:
    """Truncation is the layout's business; silently dropping tokens would be a wrong law."""
    with pytest.raises(ContextTooLong, match=str(model.n_context_tokens)):
        model.next_token_logprobs([[5] * (model.n_context_tokens + 1)])


def test_work_is_counted(model: TokenModel) -> None:
    """Speed is claimed in counts."""
    model.forget()
    before = model.counts
    model.next_token_logprobs(contexts(model))
    done = model.counts.since(before)

    assert done.decode_calls == 1
    assert done.decoded_tokens >= len(contexts(model)[0])


def test_a_stream_says_what_rows_say(model: TokenModel, tolerance: float) -> None:
    """Generation and conditioning must be of one model: the same law, whichever door it came through."""
    start, grown = model.tokenize(b"def find(self, name):\n"), model.tokenize(b"    return self.items[name]\n")
    stream = model.stream(start)
    seen = [softmax(stream.step(tokens)[()]) for tokens in ([], *([token] for token in grown))]
    model.forget()
    for n, row in enumerate(seen):
        assert distance(model.next_token_logprobs([[*start, *grown[:n]]])[0], row) <= tolerance


def test_drafts_are_scored_and_do_not_become_part_of_the_context(model: TokenModel, tolerance: float) -> None:
    """Whether a draft comes true in whole, in part or not at all, and whether it is a tree: every score is that of its
    own context.
    """
    start = tuple(model.tokenize(b"x = ["))
    a, b, c = (model.tokenize(text)[0] for text in (b"a", b"b", b"c"))
    steps = [((), [(a, b, c)]), ((a, b), [(c,)]), ((c,), [(a, b), (a, c), (b,)]), ((a,), []), ((b, c), [(a, a, a)])]
    stream, context = model.stream(start), start
    seen: dict[tuple[int, ...], np.ndarray] = {}
    for tokens, drafts in steps:
        context += tokens
        scores = stream.step(tokens, drafts)
        seen |= {context + path: softmax(row) for path, row in scores.items()}

        assert set(scores) == {(), *(draft[:end] for draft in drafts for end in range(1, len(draft) + 1))}
    model.forget()
    for path, row in seen.items():
        assert distance(model.next_token_logprobs([path])[0], row) <= tolerance


def test_a_stream_survives_other_evaluations(model: TokenModel, tolerance: float) -> None:
    """What was kept may be gone; then it is evaluated again."""
    start, other = model.tokenize(b"for line in "), model.tokenize(b"for line in open(path):\n    print(line)\n")
    a, b = model.tokenize(b"a")[0], model.tokenize(b"b")[0]
    stream = model.stream(start)
    stream.step([])
    model.next_token_logprobs([[*start, b], other])
    model.forget()
    after_a = softmax(stream.step([a])[()])
    model.next_token_logprobs([[*start, a, a]])
    after_ab = softmax(stream.step([b])[()])

    assert distance(model.next_token_logprobs([[*start, a]])[0], after_a) <= tolerance
    assert distance(model.next_token_logprobs([[*start, a, b]])[0], after_ab) <= tolerance


def test_a_stream_survives_that_everything_is_forgotten(model: TokenModel, tolerance: float) -> None:
    """Also when nothing was asked in between that would tell it."""
    start, a = model.tokenize(b"for line in "), model.tokenize(b"a")[0]
    stream = model.stream(start)
    stream.step([])
    model.forget()
    after_a = softmax(stream.step([a])[()])

    assert distance(model.next_token_logprobs([[*start, a]])[0], after_a) <= tolerance


def test_a_stream_refuses_what_does_not_fit(model: TokenModel) -> None:
    """Drafts count too: they are evaluated."""
    stream = model.stream([5] * (model.n_context_tokens - 1))
    with pytest.raises(ContextTooLong, match=str(model.n_context_tokens)):
        stream.step([5], [(5,)])


def softmax(scores: np.ndarray) -> np.ndarray:
    share = np.exp(scores.astype(np.float64) - scores.max())
    return share / share.sum()


def distance(logp: np.ndarray, share: np.ndarray) -> float:
    return float(0.5 * np.abs(np.exp(logp) - share).sum())


def total_variation(left: np.ndarray, right: np.ndarray) -> float:
    return float(0.5 * np.abs(np.exp(left) - np.exp(right)).sum())
