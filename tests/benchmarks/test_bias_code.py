"""Wrong tokens and surprise: by hand, on a toy, and beside the laws that the project computes elsewhere."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pytest

from benchmarks.bias_code import Surprise, count_wrong, draw, exact_log_masses, has_wrong_tokens, sum_up
from benchmarks.cursors import Cursor
from benchmarks.spellings import log_masses
from byte_fim.conditioning import Conditioning
from byte_fim.fim import FimFormat
from byte_fim.model import TokenModel
from byte_fim.next_byte import next_byte_law
from byte_fim.reference import ToyModel
from byte_fim.state import ByteState
from byte_fim.vocab import Tokens

MERGES = [(b"a", b"b"), (b"ab", b"a"), (b"b", b"b")]  # words: ab, aba, bb


def ways(exact: float, healing: float, naive: float) -> Mapping[Conditioning, Surprise]:
    """Bits of two bytes."""
    return {"exact": Surprise(2, exact), "healing": Surprise(2, healing), "naive": Surprise(2, naive)}


def brute_force(model: TokenModel, trusted: Tokens, begun: bytes, text: bytes) -> float:
    """Every segmentation, by the definition."""
    whole = begun + text
    ids = [i for i in range(model.vocab.n_tokens) if not model.vocab.is_special(i)]

    def mass(context: Tokens, start: int) -> float:
        if start >= len(whole):
            return 1.0
        row, total = model.next_token_logprobs([context])[0], 0.0
        for token in ids:
            said, rest = model.vocab.bytes_of(token), whole[start:]
            fits = said.startswith(rest) or rest.startswith(said)
            if fits and (start or len(said) >= len(begun)):
                total += math.exp(row[token]) * mass((*context, token), start + len(said))
        return total

    return mass(trusted, 0)


@pytest.mark.parametrize("begun", [b"", b"a", b"ab"])
@pytest.mark.parametrize("text", [b"", *map(bytes, product(b"ab", repeat=3))])
def test_all_spellings_are_counted(begun: bytes, text: bytes) -> None:
    """Naive and healing would look worse than they are if one were missed."""
    model = ToyModel(MERGES, seed=3)
    stem = (model.stop_id,)
    expected = [math.log(brute_force(model, stem, begun, text[:n])) for n in range(len(text) + 1)]

    assert log_masses(model, stem, begun, text) == pytest.approx(expected, abs=1e-9)


def test_naive_bits_of_one_byte_are_the_naive_law() -> None:
    """The same number as `bytefim next-byte --conditioning naive` shows."""
    model = ToyModel(MERGES, seed=4)
    fim = FimFormat(None, None, None, start_ids=(model.stop_id,))
    law = next_byte_law(model, fim, b"bab", b"", layout="plain", conditioning="naive").distribution
    stem = (model.stop_id, *model.tokenize(b"bab"))

    for byte in b"ab":
        before, after = log_masses(model, stem, b"", bytes([byte]))
        assert after - before == pytest.approx(law.logp[byte], abs=1e-12)


def test_exact_bits_of_one_byte_are_the_byte_law() -> None:
    """The chain rule, as the benchmark uses it."""
    model = ToyModel(MERGES, seed=5)
    state = ByteState.start(model, (model.stop_id,), b"ba", prune=0.0)
    masses = exact_log_masses(state, b"b")

    assert masses[1] - masses[0] == pytest.approx(state.byte_law().logp[ord("b")], abs=1e-9)


def test_tokens_are_wrong_where_the_text_goes_on_inside_one() -> None:
    """By hand: `a b` becomes `ab` when b follows, `bb` stays when a does."""
    toy = ToyModel(MERGES)

    assert has_wrong_tokens(toy, b"bba", b"b")
    assert not has_wrong_tokens(toy, b"bb", b"a")


def test_wrong_tokens_are_counted_by_class(tmp_path: Path) -> None:
    """Each cursor in its class and in all."""
    text = b"bbab\nbb"
    cursors = [Cursor(tmp_path, text, 3, "inside identifier"), Cursor(tmp_path, text, 4, "end of identifier")]
    found = count_wrong(ToyModel(MERGES), cursors)

    assert {kind: (of.n_right, of.n) for kind, of in found.items()} == {
        "inside identifier": (1, 1),
        "end of identifier": (0, 1),
        "all": (1, 2),
    }


def test_bits_are_per_byte_and_differences_at_the_same_cursors() -> None:
    """By hand: 3 + 1 bits of 2 + 2 bytes; naive needs 4 bits more, at either cursor 1 per byte."""
    surprised = [(kind, ways(bits, bits, bits + 2)) for kind, bits in (("line start", 3.0), ("punctuation", 1.0))]
    found = sum_up(surprised, occurring={"line start": 1, "punctuation": 3}, seed=1)
    both = found["all"]

    assert (both.n_cursors, both.n_bytes) == (2, 4)
    assert [both.ways[how].value for how in ("exact", "healing", "naive")] == [1.0, 1.0, 2.0]
    assert (both.ways["exact"].low, both.ways["exact"].high) == (0.5, 1.5)
    more = both.ways["naive beyond exact"]
    assert (more.value, more.low, more.high) == (1.0, 1.0, 1.0)
    assert found["line start"].ways["exact"].value == 1.5
    assert found["as they occur"].ways["exact"].value == 0.25 * 1.5 + 0.75 * 0.5


def test_the_chart_has_a_bar_for_every_class_and_way() -> None:
    """Two classes, both together, and both as they occur; all inside the picture, the legend aside."""
    surprised = [(kind, ways(2.0, 3.0, 4.0)) for kind in ("line start", "punctuation")]
    chart = ElementTree.fromstring(draw(sum_up(surprised, occurring={"punctuation": 1}, seed=1), "a model", "python"))
    bars = [e for e in chart.iter() if e.tag.endswith("rect") and e.get("width") != "12"]

    assert len(bars) == 4 * 3
    assert all(float(e.get("x", "0")) + float(e.get("width", "0")) < float(chart.get("width", "0")) for e in bars)
    assert len({e.get("fill") for e in bars}) == 3
