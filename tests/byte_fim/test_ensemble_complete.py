"""Completions by an ensemble: on toys whose law is written down, and on the embedded models with real text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from byte_fim.backends.llama_cpp import LlamaCppModel
from byte_fim.ensemble import Adaptation, EnsembleOptions, EnsembleState, Kind, Member, complete_ensemble
from byte_fim.ensemble.member import start_member, with_later_boundary
from byte_fim.ensemble.single_bytes import SingleByteState
from byte_fim.errors import DecodeAborted
from byte_fim.generate import StopReason
from byte_fim.model import Float64Array
from byte_fim.next_byte import next_byte_law
from byte_fim.ngram import NgramModel
from byte_fim.reference import ToyModel
from byte_fim.state import ByteState
from tests.byte_fim.ensembles import member_of
from tests.byte_fim.parrots import parrot
from tests.strategies import QWEN_LIKE, Toy

CODE = b'''class Store:
    """Keeps users in a file, caf\xc3\xa9 included."""

    def __init__(self, path):
        self.path = path
        self.users = {}

    def load(self):
        with open(self.path) as handle:
            self.users = json.load(handle)
'''
AFTER = b"\n    def save(self):\n        pass\n"
KINDS: tuple[Kind, Kind] = ("arithmetic", "geometric")


def parrot_toy(text: bytes, merges: list[tuple[bytes, bytes]]) -> Toy:
    return Toy(parrot(text, merges, QWEN_LIKE), b"", ())


def parrots(text: bytes) -> list[Member]:
    """The same text in two vocabularies."""
    merges = [[(b"r", b"a"), (b"n", b"g"), (b" ", b"i")], [(b"i", b"n"), (b"a", b"n"), (b"an", b"g"), (b"r", b"ang")]]
    return [member_of(parrot_toy(text, each), name=str(i)) for i, each in enumerate(merges)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", range(1, len("for i in range(n)"), 3))
def test_models_that_agree_say_what_they_agree_on(cut: int, kind: Kind) -> None:
    """Whatever the borders of their tokens, and wherever the cursor stands in them; END is agreed on too."""
    text = b"for i in range(n)"
    found = complete_ensemble(parrots(text), text[:cut], b"", options=EnsembleOptions(kind=kind))

    assert found.alternatives[0].middle == text[cut:]
    assert found.alternatives[0].stop_reason == "end"
    assert found.alternatives[0].steps[-1][0] == len(text) - cut
    assert [share.weight for share in found.shares] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("options", "should_stop", "find_end", "expected"),
    [
        (EnsembleOptions(max_bytes=4), lambda: None, lambda middle: None, (b" i i", "budget")),
        (EnsembleOptions(), iter([None, None, "deadline"]).__next__, lambda middle: None, (b" i", "deadline")),
        (EnsembleOptions(), lambda: None, lambda middle: 1 if len(middle) > 3 else None, (b" ", "trimmed")),
    ],
)
def test_what_ends_a_completion_is_reported(
    options: EnsembleOptions,
    should_stop: Callable[[], None],
    find_end: Callable[[bytes], int | None],
    expected: tuple[bytes, StopReason],
) -> None:
    """As by a single model: a deadline keeps what there is, trimming what the caller wants kept."""
    found = complete_ensemble(
        parrots(b"for i in range(n)"), b"for", b"", options=options, should_stop=should_stop, find_end=find_end
    ).alternatives[0]
    said = b" i in range(n)"

    assert (said.startswith(found.middle), len(found.middle), found.stop_reason) == (
        True,
        len(expected[0]),
        expected[1],
    )


def test_an_aborted_decode_ends_the_completion_and_keeps_what_was_said() -> None:
    """The same at every member: nobody's state is half advanced."""
    inner = parrot_toy(b"aaaaaaaa", []).model

    class Aborting(ToyModel):
        def next_token_logprobs(self, contexts: Sequence[Sequence[int]]) -> Float64Array:
            if len(contexts[0]) > 4:
                raise DecodeAborted
            return inner.next_token_logprobs(contexts)

    members = [member_of(Toy(Aborting([]), b"a", ())), member_of(parrot_toy(b"aaaaaaaa", []))]
    (found,) = complete_ensemble(members, b"a", b"", options=EnsembleOptions()).alternatives

    assert (found.middle, found.stop_reason) == (b"aaa", "cancelled")


def test_alternatives_differ_and_samples_are_reproducible() -> None:
    """Greedy ones begin with the next likeliest byte, sampled ones are drawn by the seed."""
    members = [member_of(Toy(ToyModel([(b"a", b"b")], seed=seed), b"ab", ()), name=str(seed)) for seed in (1, 2)]
    greedy = complete_ensemble(members, b"a", b"", options=EnsembleOptions(n_alternatives=3, max_bytes=3))
    drawn = [
        complete_ensemble(members, b"a", b"", options=EnsembleOptions(temperature=1.0, max_bytes=4, seed=seed))
        for seed in (1, 1, 2, 3)
    ]
    texts = [found.alternatives[0].middle for found in drawn]

    assert len({found.middle for found in greedy.alternatives}) == 3
    assert texts[0] == texts[1]
    assert len(set(texts)) > 1


@pytest.fixture
def trio(tiny: LlamaCppModel, nano: LlamaCppModel) -> list[Member]:
    """Byte-level BPE, SentencePiece, and single bytes."""
    counting = NgramModel()
    counting.learn(AFTER + CODE)
    return [
        Member(name="tiny", model=tiny, fim=tiny.fim, layout="spm", cut="anchor", weight=3.0),
        Member(name="nano", model=nano, fim=nano.fim, layout="plain", weight=1.0),
        Member(name="ngram", model=counting, fim=counting.fim, layout="plain", weight=2.0),
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", [b"        with op", b"caf\xc3", b"        self.us"])
def test_one_member_is_the_model(tiny: LlamaCppModel, kind: Kind, end: bytes) -> None:
    """On real weights, a cursor inside a character included: the same law and the same figures beside it."""
    prefix = CODE[: CODE.index(end) + len(end)]
    member = Member(name="tiny", model=tiny, fim=tiny.fim, layout="spm", prune=1e-5)
    state = EnsembleState.start([member], prefix, AFTER, kind=kind)
    alone = next_byte_law(tiny, tiny.fim, prefix, AFTER, layout="spm")

    np.testing.assert_allclose(np.exp(state.byte_law().logp), np.exp(alone.distribution.logp), atol=1e-9)
    assert state.missing_mass == pytest.approx(alone.cover_missing_mass)


def test_three_kinds_of_tokens_complete_real_text(trio: list[Member]) -> None:
    """End to end, weights learnt from the line before; one decode call per byte and member at most."""
    options = EnsembleOptions(adaptation=Adaptation(), max_bytes=12)
    before = [member.model.counts.decode_calls for member in trio]
    found = complete_ensemble(trio, CODE + b"        for user in self.us", AFTER, options=options)
    calls = [member.model.counts.decode_calls - was for member, was in zip(trio, before, strict=True)]

    assert found.alternatives[0].middle.startswith(b"ers")
    assert sum(share.weight for share in found.shares) == pytest.approx(1.0)
    assert not found.dropped
    # a new prompt takes more than one call where it is longer than a piece
    assert max(calls[1:]) <= len(found.alternatives[0].middle) + 4
    assert found.counts.decode_calls == sum(calls)


def test_a_text_is_as_probable_as_the_members_say(trio: list[Member]) -> None:
    """By the chain rule over real tokens of two vocabularies: the mixture of Bayes is a mixture of whole texts."""
    adaptation = Adaptation(rate=1.0, decay=1.0, cap_nats=np.inf, n_prefix_bytes=0)
    text = b"for user in self.users:\n"
    logps, _ = EnsembleState.start(trio, CODE + b"        ", AFTER, adaptation=adaptation).score(text)
    alone = [EnsembleState.start([member], CODE + b"        ", AFTER).score(text)[0].sum() for member in trio]
    expected = sum(member.weight * np.exp(logp) for member, logp in zip(trio, alone, strict=True)) / 6.0

    assert logps.sum() == pytest.approx(np.log(expected), abs=1e-3)


@pytest.mark.parametrize("layout", ["plain", "spm", "psm"])
def test_losses_on_the_prefix_cost_no_call_and_are_those_of_its_bytes(tiny: LlamaCppModel, layout: str) -> None:
    """The rows come with the prompt. Their sum is the loss of the text, token borders at its ends aside."""
    member = Member(name="tiny", model=tiny, fim=tiny.fim, layout=layout, cut="anchor")  # pyright: ignore
    prompt = member.lay_out(CODE, AFTER, n_bytes_ahead=0)
    tiny.forget()
    without = tiny.counts
    start_member(member, prompt, CODE, n_lost_bytes=0)
    n_calls = tiny.counts.since(without).decode_calls
    tiny.forget()
    before = tiny.counts
    _, losses = start_member(member, prompt, CODE, n_lost_bytes=60)

    assert tiny.counts.since(before).decode_calls == n_calls
    assert losses.end == len(CODE) - len(prompt.tail)
    assert 40 < len(losses.nats) <= 60
    if layout != "psm":  # there the lead is no text that can be asked for with the cursor behind it
        start, end = losses.end - len(losses.nats), losses.end
        again = Member(name="tiny", model=tiny, fim=tiny.fim, layout=layout, cut="anchor")  # pyright: ignore
        state = EnsembleState.start([again], CODE[:start], AFTER)
        assert losses.nats.sum() == pytest.approx(-state.score(CODE[start:end])[0].sum(), rel=0.1)


def test_weights_learn_from_the_prefix_whom_to_trust(trio: list[Member]) -> None:
    """A text that the n-gram model knows word for word, and that is no code. What it says of bytes that it has learnt
    from this very place is no merit, and then nothing is learnt.
    """
    verse = b"Twas brillig, and the slithy toves did gyre and gimble in the wabe: all mimsy were the borogoves, "
    counting = NgramModel()
    counting.learn(verse * 2)
    adaptation = Adaptation(decay=0.95)
    members = [*trio[:2], replace(trio[2], model=counting)]
    aware = [*trio[:2], replace(trio[2], model=counting, has_read_prefix=True)]
    fixed, learnt, cautious = (
        EnsembleState.start(each, verse + b"and ", b"", adaptation=adapted)
        for each, adapted in ((members, None), (members, adaptation), (aware, adaptation))
    )

    assert fixed.weights[2] == pytest.approx(1 / 3)
    assert learnt.weights[2] > 0.9
    np.testing.assert_allclose(cautious.weights, fixed.weights)


def test_a_later_boundary_changes_no_law(tiny: LlamaCppModel) -> None:
    """Generation moves it on so that texts to be encoded stay short; promise 3 says that this is free."""
    state = ByteState.start(tiny, tuple(tiny.tokenize(b"\n")), b"    def load(self, pa")
    moved = with_later_boundary(state)

    assert len(moved.tail) < len(state.tail)
    assert moved.log_mass == pytest.approx(state.log_mass)
    assert moved.byte_law().total_variation(state.byte_law()) <= 1e-9
    assert moved.advance(ord("t")).byte_law().total_variation(state.advance(ord("t")).byte_law()) <= 1e-3


def test_single_bytes_need_no_covers() -> None:
    """The short cut says what the search for covers says of such a vocabulary."""
    model = NgramModel()
    model.learn(CODE)
    direct = SingleByteState.start(model, (256, *b"def "), b"lo")
    searched = ByteState.start(model, (256, *b"def "), b"lo", prune=0.0)
    for byte in b"ad(":
        direct, searched = direct.advance(byte), searched.advance(byte)

    np.testing.assert_allclose(np.exp(direct.byte_law().logp), np.exp(searched.byte_law().logp), atol=1e-12)
