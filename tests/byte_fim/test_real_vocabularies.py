"""Tokenization facts on the vocabularies of well-known models: no weights, no probabilities (docs/exactness.md,
appendix).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from byte_fim.backends.llama_cpp import LlamaVocabulary
from byte_fim.boundary import find_boundary
from byte_fim.cover import Covers
from byte_fim.errors import UnsupportedVocabulary
from byte_fim.vocab import Tokens
from tests.vocabularies import find_vocabulary

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "token_borders.tsv"
BEFORE = "import os\nclass A:\n    def f(self, n):\n"
SYMBOLS = str.maketrans({" ": "·", "\n": "⏎", "\r": "␍", "\t": "⇥"})
BACK = str.maketrans({"·": " ", "⏎": "\n", "␍": "\r", "⇥": "\t"})
LINES = [line.split("\t") for line in GOLDEN.read_text().splitlines() if not line.startswith("#")]
CASES = [pytest.param(dict(zip(LINES[0], line, strict=True)), id=line[0]) for line in LINES[1:]]
MORE_CURSORS = [
    "x = 'é".encode()[:-1],
    "# 👍🏽".encode()[:-1],
    "# 👍🏽".encode()[:-2],
    "# 👍".encode()[:-3],
    "e\u0301".encode(),
    b"x = 0x1F",
    b"n = 1_000",
    b"n = 1234",
    b"if x:\n\t ",
    b"x\r",
    b"x\r\n",
    b" " * 40,
    b"# " + b"=" * 80,
    b"'",
    b"''",
    b"'''",
    b'"',
    b'""',
    b'f"{',
    b"a //",
    b"/*",
    b"*/",
    b"</",
    b"/",
    b"=",
    b"a::",
    b"a->",
    b"a <<",
    b"a &",
    b"a??",
    b"<|fim_mid",
    b"<s",
    b"",
    b" x",
    b"\xef\xbb\xbfimport",
    b"a" * 300,
    "变量 = 函".encode(),
    b"x = y\x0c",
    "x\u2028".encode(),
    "naïve".encode(),
    b"it'l",
    b"foo(bar,baz[1],{'a':2}",
    b"\xff\xfe",
]


def tail_of(vocabulary: LlamaVocabulary, prefix: bytes) -> tuple[Covers, int]:
    covers = Covers.of(vocabulary)
    return covers, find_boundary(covers.canonical, prefix)


def show(vocabulary: LlamaVocabulary, tokens: Tokens) -> str:
    texts = (vocabulary.vocab.bytes_of(token) for token in tokens)
    return "¦".join(text.decode("utf-8", "backslashreplace").translate(SYMBOLS) for text in texts)


@pytest.mark.parametrize("case", CASES)
def test_the_tokens_so_far_differ_from_the_finished_ones_as_recorded(
    vocabulary: LlamaVocabulary, case: dict[str, str], request: pytest.FixtureRequest
) -> None:
    """The reason for the project, cursor by cursor; a change here means the tokenizer of a new llama.cpp differs."""
    left, right = ((BEFORE + case["left"].translate(BACK)).encode(), case["right"].translate(BACK).encode())
    now, finished = tuple(vocabulary.tokenize(left)), tuple(vocabulary.tokenize(left + right))
    same = next((i for i, pair in enumerate(zip(now, finished, strict=False)) if pair[0] != pair[1]), len(now))
    n_bytes, end = len(vocabulary.vocab.decode(now[same:])), same
    while len(vocabulary.vocab.decode(finished[same:end])) < n_bytes:
        end += 1
    found = "ok" if same == len(now) else f"{show(vocabulary, now[same:])} → {show(vocabulary, finished[same:end])}"

    assert found == case[name_of(request)]


@pytest.mark.parametrize("case", CASES)
def test_the_finished_tokens_are_among_the_covers(any_vocabulary: LlamaVocabulary, case: dict[str, str]) -> None:
    """Where naive tokens are wrong, the exact law still weighs the right ones."""
    left, right = ((BEFORE + case["left"].translate(BACK)).encode(), case["right"].translate(BACK).encode())
    covers, cut = tail_of(any_vocabulary, left)
    stem, finished = tuple(any_vocabulary.tokenize(left[:cut])), tuple(any_vocabulary.tokenize(left + right))
    rest, end = finished[len(stem) :], 0
    while len(any_vocabulary.vocab.decode(rest[:end])) < len(left) - cut:
        end += 1

    assert finished[: len(stem)] == stem
    assert rest[: end - 1] in covers.find_contexts(left[cut:])
    assert covers.canonical.accepts(any_vocabulary.vocab.decode(rest[:end]), rest[:end])


@pytest.mark.parametrize("text", MORE_CURSORS, ids=lambda text: repr(text[-14:]))
def test_every_cursor_has_a_boundary_and_contexts(any_vocabulary: LlamaVocabulary, text: bytes) -> None:
    """No input may be refused: characters cut in two, marks, operators, long runs, sentinels spelled out, bytes
    that are no text.
    """
    prefix = BEFORE.encode() + text
    covers, cut = tail_of(any_vocabulary, prefix)
    contexts = covers.find_contexts(prefix[cut:])

    assert 0 <= cut <= len(prefix)
    assert contexts
    assert len(contexts) <= 24
    assert all(prefix[cut:].startswith(any_vocabulary.vocab.decode(context)) for context in contexts)


@pytest.mark.parametrize("text", [t for t in MORE_CURSORS if t.isascii()], ids=lambda text: repr(text[-14:]))
def test_a_settled_boundary_keeps_its_tokens_whatever_follows(any_vocabulary: LlamaVocabulary, text: bytes) -> None:
    """Tokens before the boundary go to the KV cache for good, so later typing may not change them."""
    prefix = BEFORE.encode() + text
    _, cut = tail_of(any_vocabulary, prefix)
    stem = any_vocabulary.tokenize(prefix[:cut])
    for typed in (
        b"",
        b"x",
        b"1",
        b" ",
        b"  y",
        b"\n",
        b"\r\n",
        b"'s",
        b'"',
        b")",
        b"_z",
        b"=",
        "é".encode(),
        "中".encode(),
        b"    \n\n",
    ):
        assert any_vocabulary.tokenize(prefix + typed)[: len(stem)] == stem


@pytest.mark.parametrize("text", [*MORE_CURSORS, b"x = '\xe2\x96\x81\xe2\x96\x81'"], ids=lambda text: repr(text[-14:]))
def test_text_comes_back_byte_for_byte(any_vocabulary: LlamaVocabulary, text: bytes) -> None:
    """No blank in front, none made of U+2581, nothing dropped; bytes that a vocabulary lacks become U+FFFD."""
    vocab = any_vocabulary.vocab
    lacking = [bytes([byte]) for byte in set(text) if not vocab.ids_of(bytes([byte]))]
    expected = text
    for byte in lacking:
        expected = expected.replace(byte, "\ufffd".encode())
    tokens = any_vocabulary.tokenize(text)

    assert vocab.decode(tokens) == expected
    assert not any(map(vocab.is_special, tokens))


STARTS_WITH_BOS = {
    "baichuan",
    "command-r",
    "deepseek-coder",
    "deepseek-llm",
    "gemma-4",
    "llama-bpe",
    "llama-spm",
    "phi-3",
}
FIM_IDS = {"starcoder": (1, 3, 2), "deepseek-coder": (32016, 32015, 32017), "refact": (1, 3, 2)}


def test_special_tokens_are_those_of_the_model(any_vocabulary: LlamaVocabulary, request: pytest.FixtureRequest) -> None:
    """What opens a prompt and what marks a hole, as the models' own papers and pages say."""
    name, fim = name_of(request), any_vocabulary.fim

    assert bool(fim.start_ids) == (name in STARTS_WITH_BOS)
    assert (fim.prefix_id, fim.suffix_id, fim.middle_id) == FIM_IDS.get(name, (None, None, None))
    assert fim.is_complete == (name in FIM_IDS)
    assert fim.separator_id is not None
    assert len(any_vocabulary.vocab.stop_ids) > 0


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("bert-bge", "has a WordPiece tokenizer"),
        ("falcon", "has no token for 28 of the 256 bytes"),
        pytest.param("nomic-bert-moe", "has a Unigram tokenizer", marks=pytest.mark.slow),
    ],
)
def test_vocabularies_for_which_exactness_is_not_known_are_refused(name: str, why: str) -> None:
    """Rather no model than one whose bytes are not the document's."""
    with pytest.raises(UnsupportedVocabulary, match=why):
        LlamaVocabulary(find_vocabulary(name))


def name_of(request: pytest.FixtureRequest) -> str:
    params = request.node.callspec.params
    return params.get("vocabulary") or params["any_vocabulary"]
