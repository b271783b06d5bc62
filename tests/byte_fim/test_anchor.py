"""Anchors: what was laid out stays laid out while it is typed on, and never when the text is another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byte_fim.anchor import TYPED_TOKENS, Anchors, Scheme
from byte_fim.backends.llama_cpp import LlamaCppModel
from byte_fim.complete import CompleteOptions, complete
from byte_fim.conditioning import Conditioning
from byte_fim.fim import CutPolicy, FimFormat, Layout, Prompt
from byte_fim.reference import ToyModel
from tests.strategies import QWEN_LIKE

PRE, SUF, MID = 900, 901, 902
FIM = FimFormat(prefix_id=PRE, suffix_id=SUF, middle_id=MID)
TOY = ToyModel([(b"r", b"e"), (b" ", b"x"), (b"re", b"t")], pretokens=QWEN_LIKE)
SCHEME = Scheme(layout="psm", cut="anchor", conditioning="exact", n_room_tokens=400)
BEFORE = b"def f(self):\n    return 1\n\n\ndef g(self):\n"
AFTER = b"\n\ndef h():\n    pass\n"
LAYOUTS: list[tuple[Layout, CutPolicy]] = [("plain", "word"), ("spm", "word"), ("psm", "word"), ("psm", "anchor")]


def lay_out(anchors: Anchors, prefix: bytes, suffix: bytes = AFTER, scheme: Scheme = SCHEME) -> Prompt:
    return anchors.lay_out(TOY, FIM, prefix, suffix, scheme)


def head_of(prompt: Prompt) -> tuple[int, ...]:
    """In PSM order, all up to MID: what must not change."""
    return prompt.stem[: prompt.stem.index(MID) + 1]


def text_of(prompt: Prompt, layout: Layout) -> bytes:
    """The prefix that a prompt shows to the model."""
    stem = list(prompt.stem)
    if layout == "spm":
        stem = stem[stem.index(MID) + 1 :]
    elif layout == "psm":
        stem = stem[stem.index(PRE) + 1 : stem.index(SUF)] + stem[stem.index(MID) + 1 :]
    return TOY.vocab.decode(stem) + prompt.tail


@given(
    st.text("abre x(.\n", max_size=40).map(str.encode),
    st.lists(st.integers(0, 12), min_size=1, max_size=8),
    st.sampled_from(LAYOUTS),
)
def test_typed_on_or_deleted_the_prompt_shows_the_text_that_is_there(
    typed: bytes, deleted: list[int], how: tuple[Layout, CutPolicy]
) -> None:
    """Whatever was laid out before: not a byte more or less than the prefix, unless there is no room for it."""
    scheme = replace(SCHEME, layout=how[0], cut=how[1])
    anchors, text = Anchors(), BEFORE
    for n in deleted:
        text = text[: len(text) - n] + typed
        prompt = lay_out(anchors, text, scheme=scheme)
        shown = text_of(prompt, how[0])

        assert text.endswith(shown)
        assert shown == text or len(prompt.stem) > scheme.n_room_tokens // 2


def test_psm_keeps_everything_up_to_the_middle_while_it_is_typed_on() -> None:
    """This is what makes a keystroke cost a keystroke: the suffix stands behind the prefix and must not move."""
    anchors = Anchors()
    first = lay_out(anchors, BEFORE + b"    ")
    typed = b"    x = self.y\n    return x\n"
    prompts = [lay_out(anchors, BEFORE + typed[:n]) for n in range(4, len(typed) + 1)]

    assert {head_of(prompt) for prompt in prompts} == {head_of(first)}
    assert {head_of(lay_out(anchors, BEFORE + typed[:n])) for n in (20, 9, 4)} == {head_of(first)}


def test_text_that_changed_outside_of_what_is_typed_is_laid_out_anew() -> None:
    """A stale prompt would be a wrong law."""
    anchors = Anchors()
    lay_out(anchors, BEFORE + b"    x")
    changed_after = lay_out(anchors, BEFORE + b"    xy", AFTER + b"# more\n")
    changed_before = lay_out(anchors, b"import re\n" + BEFORE + b"    xy")

    assert changed_after.stem == lay_out(Anchors(), BEFORE + b"    xy", AFTER + b"# more\n").stem
    assert changed_before.stem == lay_out(Anchors(), b"import re\n" + BEFORE + b"    xy").stem


def test_another_text_with_the_same_end_is_not_taken_for_typing_on() -> None:
    """Most files end in nothing; what stands before the cursor of one was not typed behind the start of another."""
    anchors = Anchors()
    lay_out(anchors, b"x", b"")
    other = b"import re\n" * 50

    assert lay_out(anchors, other, b"").stem == lay_out(Anchors(), other, b"").stem


@pytest.mark.parametrize("kept", [b"retu", b"x = 1\nretu"])
@pytest.mark.parametrize("layout", ["plain", "spm", "psm"])
def test_little_text_below_a_line_longer_than_the_room_is_not_found_elsewhere(kept: bytes, layout: Layout) -> None:
    """An empty text stands everywhere: the model was shown half a word, or the outline of another document."""

    def find_outline(skipped: bytes, kept: bytes, n_bytes: int) -> bytes:
        return skipped[:3] + b"\n"

    scheme, long = replace(SCHEME, layout=layout), b"a = [" + b"1, " * 2000 + b"]\n" + kept
    another = b"b = [" + b"1, " * 3000 + b"]\n" + kept + b"r"
    for other in (long[:9] + long[10:], another, BEFORE + kept, BEFORE + b"re"):
        anchors = Anchors(find_outline)
        lay_out(anchors, long, scheme=scheme)

        assert lay_out(anchors, other, scheme=scheme) == lay_out(Anchors(find_outline), other, scheme=scheme)


def test_two_places_keep_their_anchors() -> None:
    """People go back and forth between a definition and its use."""
    anchors = Anchors()
    here, there = BEFORE + b"    re", b"class C:\n    y = 1\n" + BEFORE
    heads = [head_of(lay_out(anchors, here)), head_of(lay_out(anchors, there, b""))]
    for n in range(1, 6):
        assert head_of(lay_out(anchors, here + b"\n    x"[:n])) == heads[0]
        assert head_of(lay_out(anchors, there + b"\n    x"[:n], b"")) == heads[1]


def test_text_whose_anchors_are_of_no_use_leaves_those_of_other_places() -> None:
    """Below a line longer than the room every key lays out anew; going back must not cost a prompt for that."""
    anchors, here = Anchors(), BEFORE + b"    re"
    head = head_of(lay_out(anchors, here))
    for n in range(20):
        lay_out(anchors, b"1, " * 2000 + b"\nx" + b"return self.y, x"[:n])

    further = here + b" = x\n    y"
    assert head_of(lay_out(anchors, further)) == head != head_of(lay_out(Anchors(), further))


def test_the_anchor_moves_when_too_much_was_typed_behind_it() -> None:
    """A middle of many lines is not what the model was trained on."""
    anchors, text = Anchors(), BEFORE
    scheme = replace(SCHEME, n_room_tokens=2000)
    heads: list[tuple[int, ...]] = []
    for i in range(120):
        text += b"    x%d = y\n" % i
        prompt = lay_out(anchors, text, scheme=scheme)
        heads.append(head_of(prompt))

        assert len(prompt.stem) - len(heads[-1]) <= TYPED_TOKENS
    assert 2 <= len(set(heads)) <= 8


@pytest.mark.parametrize("layout", ["plain", "spm", "psm"])
def test_a_long_text_is_cut_once_and_not_at_every_line(layout: Layout) -> None:
    """A window that slides with the cursor would evaluate the whole prompt again and again."""
    anchors, text = Anchors(), b"".join(b"a%d = b\n" % i for i in range(200))
    scheme = replace(SCHEME, layout=layout)
    starts: list[tuple[int, ...]] = []
    for i in range(12):
        text += b"x = y\n"[i % 6 :][:1]
        starts.append(lay_out(anchors, text, scheme=scheme).stem[:100])

    assert len(set(starts)) == 1


def test_an_anchor_is_worn_long_before_it_is_of_no_use() -> None:
    """So that moving it can be left to idle time."""
    anchors, text = Anchors(), BEFORE
    lay_out(anchors, text)
    was_worn = [False]
    for i in range(60):
        before = head_of(lay_out(anchors, text))
        was_worn.append(anchors.is_worn(SCHEME))
        text += b"    x%d = y\n" % i
        if head_of(lay_out(anchors, text)) != before:
            break

    assert was_worn[1:3] == [False, False]
    assert was_worn[-1]


def test_an_anchor_is_not_worn_by_a_text_that_is_laid_out_otherwise() -> None:
    """What was typed behind another prompt is no reason to evaluate this one again."""
    anchors, text = Anchors(), BEFORE
    lay_out(anchors, text)
    while not anchors.is_worn(SCHEME):
        text += b"    x = y\n"
        lay_out(anchors, text)

    assert not anchors.is_worn(replace(SCHEME, preamble=(7,)))


def test_an_anchor_is_of_no_use_behind_another_preamble() -> None:
    """Other files shown are another context: its law must not be mixed with what was laid out before."""
    anchors, fresh = Anchors(), Anchors()
    scheme = replace(SCHEME, preamble=(7, 8))
    lay_out(anchors, BEFORE + b"    re")
    prompt = lay_out(anchors, BEFORE + b"    ret", scheme=scheme)

    assert prompt == lay_out(fresh, BEFORE + b"    ret", scheme=scheme)
    assert prompt.stem[:3] == (7, 8, PRE)


@pytest.mark.parametrize("layout", ["plain", "spm", "psm"])
@pytest.mark.parametrize("conditioning", ["exact", "naive", "healing"])
def test_where_a_text_is_cut_its_outline_stands_and_stays(layout: Layout, conditioning: Conditioning) -> None:
    """Typing on must not move it: everything behind it would be evaluated again."""
    n_found: list[bytes] = []

    def find_outline(skipped: bytes, kept: bytes, n_bytes: int) -> bytes:
        n_found.append(skipped)
        return skipped[:7]

    anchors, text = Anchors(find_outline), b"".join(b"a%d = b\n" % (i % 10) for i in range(200))
    scheme = replace(SCHEME, layout=layout, conditioning=conditioning, n_room_tokens=600)
    for typed in (b"", b"r", b"re", b"re.", b"re"):
        shown = text_of(lay_out(anchors, text + typed, scheme=scheme), layout)

        assert shown.startswith(b"a0 = b\n")
        assert (text + typed).endswith(shown[7:])
    assert len(n_found) == (1 if conditioning == "exact" else 5)


def test_a_text_that_fits_has_no_outline() -> None:
    """Nothing is missing, so nothing is to be said twice."""
    anchors = Anchors(lambda skipped, kept, n_bytes: b"outline\n")

    assert lay_out(anchors, BEFORE) == lay_out(Anchors(), BEFORE)


def test_adopted_anchors_are_used_first() -> None:
    """An anchor that was laid out and evaluated in idle time takes over from the old one."""
    anchors, fresh = Anchors(), Anchors()
    text = BEFORE + b"    x = y\n"
    old = head_of(lay_out(anchors, BEFORE))
    new = head_of(lay_out(fresh, text))
    assert head_of(lay_out(anchors, text)) == old

    anchors.adopt(fresh)
    assert head_of(lay_out(anchors, text + b"    z")) == new != old


@pytest.mark.parametrize(("layout", "cut"), [("spm", "word"), ("psm", "anchor"), ("psm", "cursor")])
def test_a_keystroke_costs_a_keystroke(tiny: LlamaCppModel, layout: Layout, cut: CutPolicy) -> None:
    """Typing on evaluates the new token, not the file: counted in tokens beyond those generated, so free of noise."""
    before = b"class Store:\n    def load(self, path):\n        return open(path).read()\n\n"
    typed = b"    def save(self, path):\n        with open(path, 'w') as handle:\n"
    options = CompleteOptions(layout=layout, cut=cut, max_tokens=6)
    anchors, beyond = Anchors(), list[int]()
    tiny.forget()
    for n in range(len(typed) + 1):
        found = complete(tiny, tiny.fim, before + typed[:n], AFTER, options=options, anchors=anchors)
        beyond.append(found.counts.decoded_tokens - found.alternatives[0].n_generated_tokens)

    assert sum(beyond[1:]) / len(typed) <= 2.0
    assert max(beyond[1:]) <= 8


@pytest.mark.parametrize(("layout", "cut"), [("plain", "word"), ("spm", "word")])
def test_where_prefix_and_middle_are_one_text_an_anchor_changes_no_law(
    tiny: LlamaCppModel, layout: Layout, cut: CutPolicy
) -> None:
    """Promise 3: the law depends neither on where a settled boundary is put nor on what is cached."""
    text = b"class Store:\n    def load(self, path):\n        with open(path) as file:\n            return file\n"
    options = CompleteOptions(layout=layout, cut=cut, max_tokens=4)
    anchors = Anchors()
    for n in range(20, len(text), 7):
        kept = complete(tiny, tiny.fim, text[:n], AFTER, options=options, anchors=anchors)
        fresh = complete(tiny, tiny.fim, text[:n], AFTER, options=options)

        assert (kept.stem_tokens, kept.tail) == (fresh.stem_tokens, fresh.tail)
        assert kept.alternatives[0].logp == pytest.approx(fresh.alternatives[0].logp, abs=1e-2)
