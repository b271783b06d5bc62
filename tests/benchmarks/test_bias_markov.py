"""The experiment with known sources, small: that it finds what it is there to find, and that chance is judged right."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from benchmarks import bias_markov
from benchmarks.bias_markov import BOUND_STANDARD_ERRORS, Case, compare, judge_by_chance, make_cases
from byte_fim.reference import ToyModel
from byte_fim.toy.counted import CountedLaw
from byte_fim.toy.markov import two_states


@pytest.mark.slow
def test_a_perfect_model_is_right_by_covers_and_wrong_by_its_tokens() -> None:
    """The claim of the papers, on every chain and both encodings."""
    for case in make_cases(1):
        for one in compare(case, n_cursors=8, n_texts=20, seed=1):
            assert one.exact.max_error < 1e-9
            assert one.naive.max_error > 0.3


def test_a_learned_model_errs_by_chance_where_it_has_seen_enough() -> None:
    """The hand case, with texts enough that most cursors are judged."""
    one, _ = compare(make_cases(1)[0], n_cursors=20, n_texts=1000, seed=3)
    learned = one.learned[-1]

    assert learned.n_judged > 10
    assert 0 < learned.max_standard_errors < BOUND_STANDARD_ERRORS
    assert learned.naive.max_error > 0.6


def test_a_model_of_another_source_is_beyond_chance() -> None:
    """The bound has to be able to fail: P(B | A) 0.4 instead of 0.3."""
    source, other = (two_states(a_to_b=p, b_to_a=0.6, end=0.02) for p in (0.3, 0.4))
    tokenizing = ToyModel([(b"A", b"A")])
    law = CountedLaw(tokenizing, n_tokens=1)
    random = np.random.default_rng(1)
    law.learn(other.draw(random) for _ in range(1000))
    model = ToyModel([(b"A", b"A")], law=law)
    judged = judge_by_chance(source, model, law, b"BA")

    assert judged is not None
    assert judged[1] > BOUND_STANDARD_ERRORS


def test_what_was_seen_too_seldom_is_not_judged() -> None:
    """Ten texts prove nothing."""
    source = two_states(a_to_b=0.3, b_to_a=0.6, end=0.1)
    law = CountedLaw(ToyModel([(b"A", b"A")]), n_tokens=1)
    law.learn([b"BA"] * 10)

    assert judge_by_chance(source, ToyModel([(b"A", b"A")], law=law), law, b"BA") is None


def test_the_command_ends_with_what_the_contract_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Scripts read the last line."""
    plot = tmp_path / "plot.svg"
    hand: list[Case] = make_cases(1)[:1]
    monkeypatch.setattr(bias_markov, "make_cases", lambda seed: hand)
    monkeypatch.setattr("sys.argv", ["bias_markov.py", "--limit", "20", "--texts", "100", "--plot", str(plot)])
    bias_markov.main()
    said = json.loads(capsys.readouterr().out.splitlines()[-1])

    assert said["encodings"] == ["mpe", "bpe"]
    assert said["max_error_exact"] < 1e-9 < said["max_error_learned"] + 1e-6
    assert said["max_error_naive"] == pytest.approx(0.98 * 0.7)
    assert len([e for e in ElementTree.parse(plot).iter() if e.tag.endswith("polyline")]) == 2
