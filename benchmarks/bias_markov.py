"""Tokenised prompts are biased however good the model; covers are not. Sources of which the truth is known.

Small Markov chains with an end are spelled by longest match and by byte pairs. Two models of each: one exact, derived
from the chain (`byte_fim/toy/induced.py`), one learnt by counting tokens of drawn texts. Both are asked for the law of
the next byte at cursors in further texts, naively and exactly, and compared with the chain itself, END included. Texts
begin where the prompt begins, so nothing is cut off, and the cursors stand anywhere in them.

What the learned model says is held to 5 binomial standard errors: at each cursor `n` is how often, by its own
counts, the bytes from the trunk to the cursor were seen, and `p` is the truth; cursors with `n` below 400 are left out.
How the error falls with more texts is the second table; naive, it does not. `--plot FILE` draws that.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
from chart import COLOURS, Line, line_chart
from report import finish, make_parser, show_table

from byte_fim.fim import FimFormat
from byte_fim.model import Float64Array
from byte_fim.next_byte import next_byte_law
from byte_fim.reference import ToyModel
from byte_fim.state import ByteState
from byte_fim.toy.counted import CountedLaw
from byte_fim.toy.induced import InducedLaw
from byte_fim.toy.markov import MarkovSource, random_source, two_states
from byte_fim.toy.splitting import Merge, Split, byte_pairs, learn_merges, longest_match

Splitting = Callable[[Sequence[Merge]], Split]
Conditioning = Literal["exact", "naive"]

END_PROBABILITY = 0.02  # after each letter: texts of 50 letters on average
N_TEXTS = 10_000  # to learn from: half a million letters
SHARES = (0.001, 0.01, 0.1, 1.0)  # of them, for the second table
LONGEST_TEXT_LETTERS = 250  # with a cursor in it: of more, a prompt would fix the tokens far before the cursor
N_MERGE_TEXTS = 200
LONGEST_WORD_BYTES = 4
BOUND_STANDARD_ERRORS = 5.0  # 1 in 1.7 million for each of some thousand comparisons
LEAST_SEEN = 400  # below, a binomial count is not near enough to normal for the bound
ENCODINGS: dict[str, Splitting] = {"mpe": longest_match, "bpe": byte_pairs}


@dataclass(frozen=True, slots=True)
class Case:
    """A source and the words with which its texts are spelled."""

    name: str
    source: MarkovSource
    merges: Sequence[Merge]


@dataclass(frozen=True, slots=True)
class Errors:
    """How far laws of the next byte are from the truth, over all cursors of a case."""

    max_error: float
    """of one outcome's probability"""
    mean_tv: float
    """total variation"""


@dataclass(frozen=True, slots=True)
class Learned:
    """A model learnt from so many letters: its errors at all cursors, and by chance at those that it has seen often."""

    n_letters: int
    naive: Errors
    exact: Errors
    n_judged: int
    max_judged_error: float
    max_standard_errors: float


@dataclass(frozen=True, slots=True)
class Compared:
    """One chain in one encoding: the perfect model's errors, and the learned ones', smallest first."""

    case: Case
    encoding: str
    naive: Errors
    exact: Errors
    learned: Sequence[Learned]


def main() -> None:
    parser = make_parser(__doc__ or "", limit=150, counted="cursors for each chain and encoding")
    parser.add_argument("--texts", type=int, default=N_TEXTS, help=f"to learn from (default {N_TEXTS})")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw the error by the size of what was learnt")
    arguments = parser.parse_args()
    compared: list[Compared] = []
    for case in make_cases(arguments.seed):
        compared += compare(case, n_cursors=arguments.limit, n_texts=arguments.texts, seed=arguments.seed)
        if not arguments.json:
            print(f"{case.name}: done", file=sys.stderr)
    cases = [sum_up_case(one) for one in compared]
    growth = [sum_up_size(sizes) for sizes in zip(*(one.learned for one in compared), strict=True)]
    if not arguments.json:
        for table in (cases, growth):
            show_table([name.replace("_", " ") for name in table[0]], [list(row.values()) for row in table])
            print()
    if arguments.plot:
        arguments.plot.write_text(draw(growth), encoding="utf-8")
    finish(
        {
            "max_error_naive": max(one.naive.max_error for one in compared),
            "max_error_exact": max(one.exact.max_error for one in compared),
            "max_error_learned": max(one.learned[-1].max_judged_error for one in compared),
            "max_learned_in_standard_errors": max(one.learned[-1].max_standard_errors for one in compared),
            "bound_in_standard_errors": BOUND_STANDARD_ERRORS,
            "encodings": list(ENCODINGS),
            "cases": cases,
            "growth": growth,
        }
    )


def compare(case: Case, *, n_cursors: int, n_texts: int, seed: int) -> Iterator[Compared]:
    """The same texts and cursors in every encoding."""
    random = np.random.default_rng(seed)
    cursors = draw_cursors(case.source, n_cursors, random)
    texts = [case.source.draw(random) for _ in range(n_texts)]
    for encoding, split in ENCODINGS.items():
        law = InducedLaw(case.source, ToyModel(case.merges, split=split))
        perfect = ToyModel(case.merges, split=split, law=law)
        learned = [
            measure_learned(case, split, texts[: max(1, int(share * n_texts))], cursors, n_tokens=law.reach_bytes)
            for share in SHARES
        ]
        naive, exact = measure(case, perfect, cursors, "naive"), measure(case, perfect, cursors, "exact")
        yield Compared(case, encoding, naive, exact, learned)


def make_cases(seed: int) -> list[Case]:
    """The hand case, and random chains with words learnt from their texts."""
    cases = [Case("A, B, AA", two_states(a_to_b=0.3, b_to_a=0.6, end=END_PROBABILITY), [(b"A", b"A")])]
    for alphabet, order, n_words in ((b"abc", 1, 6), (b"abc", 2, 8), (b"ab", 3, 8)):
        source = random_source(alphabet, order, end=END_PROBABILITY, seed=seed + order)
        random = np.random.default_rng(seed)
        texts = [source.draw(random) for _ in range(N_MERGE_TEXTS)]
        merges = learn_merges(texts, n_words, longest_bytes=LONGEST_WORD_BYTES)
        cases.append(Case(f"{len(alphabet)} letters, order {order}", source, merges))
    return cases


def draw_cursors(source: MarkovSource, n: int, random: np.random.Generator) -> list[bytes]:
    """What stands before the cursor: drawn texts, each cut anywhere but at its start."""
    cursors: list[bytes] = []
    while len(cursors) < n:
        text = source.draw(random)
        if 0 < len(text) <= LONGEST_TEXT_LETTERS:
            cursors.append(text[: random.integers(1, len(text) + 1)])
    return cursors


def measure(case: Case, model: ToyModel, cursors: Sequence[bytes], how: Conditioning) -> Errors:
    """Asked through the same door as in use."""
    fim = FimFormat(None, None, None, start_ids=(model.stop_id,))
    errors: list[Float64Array] = []
    for prefix in cursors:
        law = next_byte_law(model, fim, prefix, b"", layout="plain", conditioning=how, prune=0.0).distribution
        errors.append(np.abs(np.exp(law.logp) - case.source.next_law(prefix)))
    return Errors(float(np.max(errors)), fmean(0.5 * float(error.sum()) for error in errors))


def measure_learned(
    case: Case, split: Splitting, texts: Sequence[bytes], cursors: Sequence[bytes], *, n_tokens: int
) -> Learned:
    """Counts the tokens of the texts, and asks the model that this gives."""
    law = CountedLaw(ToyModel(case.merges, split=split), n_tokens=n_tokens)
    law.learn(texts)
    model = ToyModel(case.merges, split=split, law=law)
    judged = [found for prefix in cursors if (found := judge_by_chance(case.source, model, law, prefix))]
    return Learned(
        n_letters=sum(map(len, texts)),
        naive=measure(case, model, cursors, "naive"),
        exact=measure(case, model, cursors, "exact"),
        n_judged=len(judged),
        max_judged_error=max((error for error, _ in judged), default=0.0),
        max_standard_errors=max((n_standard_errors for _, n_standard_errors in judged), default=0.0),
    )


def judge_by_chance(
    source: MarkovSource, model: ToyModel, law: CountedLaw, prefix: bytes
) -> tuple[float, float] | None:
    """The largest error of an outcome, and the largest in binomial standard errors; None when `prefix` was seen too
    seldom.
    """
    state = ByteState.start(model, (model.stop_id,), prefix, prune=0.0)
    trunk = state.contexts[0].tokens
    n_seen = law.n_seen((model.stop_id, *trunk)) * math.exp(state.log_mass)
    if n_seen < LEAST_SEEN:
        return None
    p = source.next_law(prefix)
    error = np.abs(np.exp(state.byte_law().logp) - p)
    standard = np.sqrt(p * (1 - p) / n_seen)
    with np.errstate(divide="ignore", invalid="ignore"):
        in_standard = np.where(error > 0, error / standard, 0.0)  # what is impossible was never seen
    return float(error.max()), float(in_standard.max())


def sum_up_case(one: Compared) -> Mapping[str, str | float]:
    """A row of the first table; what was learned from all texts."""
    learned = one.learned[-1]
    return {
        "chain": one.case.name,
        "encoding": one.encoding,
        "naive_max": one.naive.max_error,
        "naive_mean_tv": one.naive.mean_tv,
        "exact_max": one.exact.max_error,
        "learned_mean_tv": learned.exact.mean_tv,
        "judged_cursors": learned.n_judged,
        "judged_max": learned.max_judged_error,
        "in_standard_errors": learned.max_standard_errors,
    }


def sum_up_size(sizes: Sequence[Learned]) -> Mapping[str, float]:
    """One amount of text, all cases together."""
    return {
        "letters": round(fmean(one.n_letters for one in sizes)),
        "naive_mean_tv": fmean(one.naive.mean_tv for one in sizes),
        "exact_mean_tv": fmean(one.exact.mean_tv for one in sizes),
    }


def draw(growth: Sequence[Mapping[str, float]]) -> str:
    """Naive and exact conditioning of the learned models, by what they were learnt from."""
    lines = [
        Line(f"{how} conditioning", colour, [(row["letters"], row[f"{how}_mean_tv"]) for row in growth])
        for how, colour in (("exact", COLOURS[0]), ("naive", COLOURS[2]))
    ]
    return line_chart(
        lines,
        title="More text mends the model, not the bias",
        subtitle="models learnt by counting tokens of Markov chains; mean over chains, encodings and cursors",
        x_axis="letters of text that the model was learnt from",
        y_axis="total variation between its law of the next byte and the truth",
    )


if __name__ == "__main__":
    main()
