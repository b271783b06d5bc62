"""The engine on real weights of both tokenizer families: promises 2 and 3, hostile documents, layouts."""

from __future__ import annotations

import numpy as np
import pytest

from byte_fim.backends.llama_cpp import LlamaCppModel
from byte_fim.boundary import find_boundary
from byte_fim.complete import CompleteOptions, Completion, complete
from byte_fim.cover import Covers
from byte_fim.errors import DecodeAborted
from byte_fim.fim import CutPolicy, Layout
from byte_fim.next_byte import next_byte_law, one_by_one
from byte_fim.state import ByteState

CODE = b'''import json


class Store:
    """Keeps users in a file, caf\xc3\xa9 included."""

    def __init__(self, path):
        self.path = path
        self.users = {}

    def load(self):
        with open(self.path) as handle:
            self.users = json.load(handle)
        for name in self.users:
            print(name, "\xf0\x9f\x91\x8d")
'''
AFTER = b"\n    def save(self):\n        pass\n"
CUTS = [
    CODE.index(text) + n
    for text, n in [
        (b"class", 3),
        (b"self.path =", 2),
        (b"json.load", 7),
        (b"        for", 5),
        (b"for name", 4),
        (b"print", 5),
    ]
]
CUTS += [CODE.index(b"\xa9"), CODE.index(b"\xf0") + 1, CODE.index(b"\xf0") + 3]
HOSTILE = {
    "empty": b"",
    "one byte": b"d",
    "carriage returns": b"def f():\r\n    return 1\r\n\r\nde",
    "tabs": b"if x:\n\tif y:\n\t\tre",
    "byte order mark": b"\xef\xbb\xbfimport o",
    "nul bytes": b"a\x00b\x00\x00c = ",
    "sentinels": b"x = '<|fim_middle|><|endoftext|></s><unk>'\ny",
    "not utf-8": b"caf\xe9 = '\xff\xfe",
    "blank symbol": "x = '\u2581\u2581".encode(),
    "half a blank symbol": "x = '\u2581".encode()[:-1],
    "one long line": b"var a=1;" * 12_500,
    "one long word": b"a" * 20_000,
    "no blanks": "汉字".encode() * 2000,
    "equal signs": b"# " + b"=" * 120,
    "deep indentation": b"def f():\n" + b" " * 120,
}
LAYOUTS: list[tuple[Layout, CutPolicy]] = [
    ("plain", "word"),
    ("spm", "word"),
    ("psm", "cursor"),
    ("psm", "word"),
    ("psm", "anchor"),
]


@pytest.fixture(params=["tiny", "nano"])
def model(request: pytest.FixtureRequest) -> LlamaCppModel:
    return request.getfixturevalue(request.param)


def ask(model: LlamaCppModel, prefix: bytes, suffix: bytes = AFTER, **options: object) -> Completion:
    return complete(model, model.fim, prefix, suffix, options=CompleteOptions(**{"max_tokens": 6, **options}))  # pyright: ignore


@pytest.mark.parametrize("cut", CUTS)
def test_one_batch_says_what_one_context_at_a_time_says(tiny: LlamaCppModel, cut: int) -> None:
    """Promise 2, mid-character cursors included; benchmarks/exactness.py does the same at hundreds of cursors."""
    fast, slow = (
        next_byte_law(tiny, tiny.fim, CODE[:cut], AFTER, layout="spm", conditioning=how).distribution
        for how in ("exact", "reference")
    )

    assert fast.total_variation(slow) <= 1e-3
    assert fast.missing_mass.pruned <= 1e-4


@pytest.mark.parametrize("cut", CUTS[::2])
@pytest.mark.parametrize("layout", ["plain", "spm"])
def test_the_law_does_not_depend_on_where_the_boundary_is_put(model: LlamaCppModel, cut: int, layout: Layout) -> None:
    """Promise 3: a longer tail has more covers and says the same."""
    prefix = CODE[:cut]
    canonical = Covers.of(model).canonical
    near = find_boundary(canonical, prefix)
    far = find_boundary(canonical, prefix, latest=max(0, near - 8))
    start = (
        (model.fim.prefix_id or 0, model.fim.suffix_id or 0, model.fim.middle_id or 0)
        if layout == "spm"
        else (model.tokenize(b"\n")[0],)
    )
    laws = [
        ByteState.start(
            model, (*start, *model.tokenize(prefix[:at])), prefix[at:], evaluate=one_by_one(model)
        ).byte_law()
        for at in (near, far)
    ]

    assert far < near
    assert laws[0].total_variation(laws[1]) <= 1e-3


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(("layout", "cut"), LAYOUTS)
def test_no_document_is_refused(nano: LlamaCppModel, name: str, layout: Layout, cut: CutPolicy) -> None:
    """Editors send whatever people open; the answer may be poor but must come, whole characters only."""
    (found,) = ask(nano, HOSTILE[name], b"", layout=layout, cut=cut, max_tokens=3).alternatives

    assert found.stop_reason in ("end", "budget")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_suffix_is_refused(tiny: LlamaCppModel, name: str) -> None:
    """The text after the cursor is cut to its share of the context, at a line end where there is one."""
    (found,) = ask(tiny, b"x = ", HOSTILE[name], max_tokens=3).alternatives

    assert found.stop_reason in ("end", "budget")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_document_is_refused_by_the_default_model(tiny: LlamaCppModel, name: str) -> None:
    """The same for byte-level BPE, in its own layout."""
    (found,) = ask(tiny, HOSTILE[name], max_tokens=3).alternatives

    assert found.stop_reason in ("end", "budget")


@pytest.mark.parametrize("conditioning", ["healing", "naive"])
@pytest.mark.parametrize("name", ["empty", "not utf-8", "blank symbol", "one long word"])
def test_the_approximations_take_the_same_documents(nano: LlamaCppModel, name: str, conditioning: str) -> None:
    """A comparison needs both sides to answer."""
    assert ask(nano, HOSTILE[name], conditioning=conditioning).missing_mass.noncanonical is None


def test_with_the_stem_evaluated_a_conditioning_costs_one_call(tiny: LlamaCppModel) -> None:
    """All contexts go into one token tree."""
    ask(tiny, CODE[:-30], max_tokens=1)
    for cut in range(len(CODE) - 29, len(CODE)):
        counts = ask(tiny, CODE[:cut], max_tokens=1).counts

        assert counts.decode_calls <= 1  # none where all its rows are remembered
        assert counts.decoded_tokens <= 40


def test_a_keystroke_costs_a_keystroke(tiny: LlamaCppModel) -> None:
    """Typing on evaluates the new token, not the file: counted in tokens beyond those generated, so free of noise."""
    typed = b"    def save(self, path):\n        with open(path, 'w') as handle:\n"
    tiny.forget()
    ask(tiny, CODE)
    beyond: list[int] = []
    for n in range(1, len(typed) + 1):
        found = ask(tiny, CODE + typed[:n])
        beyond.append(found.counts.decoded_tokens - max(0, found.alternatives[0].n_generated_tokens - 1))

    assert sum(beyond) / len(beyond) <= 2.0
    assert max(beyond) <= 8


def test_aborting_a_decode_leaves_the_model_able_to_answer_the_same(tiny: LlamaCppModel) -> None:
    """The abort flag is native and may fire anywhere; the cache is repaired, not trusted."""
    tiny.forget()
    before = ask(tiny, CODE).alternatives[0]
    tiny.forget()
    tiny.set_abort(True)
    with pytest.raises(DecodeAborted):
        ask(tiny, CODE)
    tiny.set_abort(False)

    assert ask(tiny, CODE).alternatives[0].middle == before.middle


def test_naive_conditioning_is_far_off_inside_a_word(tiny: LlamaCppModel) -> None:
    """The size of the problem on this model; if this ever fails the demo shows nothing."""
    cut = CODE.index(b"self.users = json") + len(b"self.us")
    exact, naive = (
        next_byte_law(tiny, tiny.fim, CODE[:cut], AFTER, layout="spm", conditioning=how).distribution
        for how in ("exact", "naive")
    )

    assert chr(exact.best_byte()) == "e"
    assert exact.total_variation(naive) > 0.3
    assert np.exp(naive.logp[ord("e")]) < 0.5 * np.exp(exact.logp[ord("e")])
