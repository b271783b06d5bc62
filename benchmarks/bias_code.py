"""How wrong is it to trust the tokens before the cursor? Real source, cursors of each class, real weights.

Wrong tokens: the encoding of what stands before the cursor, as far as it is shown, is not the beginning of the encoding
of the same text with the 256 bytes that follow. Tokens alone, at cursors drawn uniformly over bytes, 20 for each of
`--limit`; also with the tokenizers of `--vocabularies`.

Bits: how surprised the model is by the next byte, and by the next 8 (fewer where the line ends), which are the chain of
their conditional laws. Prompts are laid out as in use, the rest of the line hidden from the suffix. There are as many
cursors of each class as can be had; "as they occur" weighs the classes by their share of the uniform cursors, which
matters, because a class says something of the byte that follows.

    exact     the law of docs/exactness.md, section 2: all covers of the bytes since the last settled boundary
    healing   the last token is dropped, and the first token after has to begin with its bytes, all of them
    naive     the tokens are taken as they stand; for the next byte: the first-byte histogram of the next token

After the tokens that they trust, healing and naive count every spelling of the bytes, exact only those that the
tokenizer gives; so exact is judged most strictly. Nothing is pruned. 95 % intervals: Wilson's for shares; for bits the
percentiles of 2,000 seeded resamples of the cursors. All ways are asked at a cursor before the next one is; nothing is
timed.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
from chart import Bar, bar_chart
from cursors import CLASSES, Cursor, sample_cursors
from intervals import Share
from midtoken import EXTENSIONS, Hidden, sample_hidden, source_paths
from report import finish, make_parser, show_table
from spellings import log_masses
from ways import CONDITIONINGS

from byte_fim.anchor import Anchors
from byte_fim.backends.llama_cpp import LlamaVocabulary
from byte_fim.complete import CompleteOptions
from byte_fim.conditioning import Conditioning
from byte_fim.model import Float64Array, Tokenizing
from byte_fim.state import ByteState
from lsp_server.model.loading import LoadedModel, load_model

N_CHAINED_BYTES = 8
N_BORDER_CURSORS = 20  # for each cursor at which the model is asked
FOLLOWING_BYTES = 256  # far more than later text can move borders
N_RESAMPLES = 2000
ALL = "all"
WEIGHED = "as they occur"


@dataclass(frozen=True, slots=True)
class Surprise:
    """Bits of the bytes that followed at one cursor."""

    n_bytes: int
    bits: float
    """infinite when the law gives them no probability"""


Surprised = tuple[str, Mapping[Conditioning, Surprise]]
"""The class of a cursor, and every way."""


@dataclass(frozen=True, slots=True)
class Bits:
    """Bits per byte at cursors of a class, and what a way needs beyond exact at the same cursors, by name."""

    n_cursors: int
    n_bytes: int
    ways: Mapping[str, Bar]


@dataclass(frozen=True, slots=True)
class Measured:
    """One cursor, every way."""

    kind: str
    next_byte: Mapping[Conditioning, Surprise]
    next_bytes: Mapping[Conditioning, Surprise]

    @property
    def is_finite(self) -> bool:
        return all(math.isfinite(one.bits) for one in self.next_bytes.values())


def main() -> None:
    parser = make_parser(__doc__ or "", limit=350)
    parser.add_argument("folder", nargs="?", type=Path, help="source that the model has not seen")
    parser.add_argument("--language", choices=tuple(EXTENSIONS), default="python")
    parser.add_argument("--vocabularies", type=Path, nargs="+", default=[], metavar="FILE.gguf", help="weights or not")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw the bits of the next byte by class")
    arguments = parser.parse_args()
    loaded = load_model(arguments.model)
    paths = source_paths(arguments.language, arguments.folder)
    anywhere = sample_cursors(N_BORDER_CURSORS * arguments.limit, seed=arguments.seed, paths=paths, balanced=False)
    wrong = {loaded.name: count_wrong(loaded.model, anywhere)}
    wrong |= {path.stem: count_wrong(LlamaVocabulary(path), anywhere) for path in arguments.vocabularies}
    measured: list[Measured] = []
    for hidden in sample_hidden(paths, "line", arguments.limit, seed=arguments.seed):
        measured.append(measure(loaded, hidden))
        if not arguments.json and len(measured) % 50 == 0:
            print(f"{len(measured)} cursors", file=sys.stderr)
    finite = [one for one in measured if one.is_finite]
    occurring = {kind: of.n for kind, of in wrong[loaded.name].items()}
    by_length = {
        "the next byte": [(one.kind, one.next_byte) for one in finite],
        f"the next {N_CHAINED_BYTES} bytes": [(one.kind, one.next_bytes) for one in finite],
    }
    bits = {name: sum_up(those, occurring=occurring, seed=arguments.seed) for name, those in by_length.items()}
    if not arguments.json:
        show(wrong, bits)
        print(f"{len(measured) - len(finite)} of {len(measured)} cursors left out: of probability 0 by some law")
    if arguments.plot:
        arguments.plot.write_text(draw(bits["the next byte"], loaded.name, arguments.language), encoding="utf-8")
    finish(
        {
            "model": loaded.name,
            "language": arguments.language,
            "cursors": len(finite),
            "left_out": len(measured) - len(finite),
            "wrong_tokens": {
                name: {kind: as_json(of) for kind, of in of_one.items()} for name, of_one in wrong.items()
            },
            "bits_per_byte": {name: {kind: asdict(of) for kind, of in of_one.items()} for name, of_one in bits.items()},
        }
    )


def as_json(share: Share) -> dict[str, object]:
    return {"n": share.n, "share": share.share, "interval": share.interval}


def has_wrong_tokens(tokenizing: Tokenizing, shown: bytes, following: bytes) -> bool:
    """The tokens of what is shown are not the first tokens of the text as it goes on."""
    naive = tokenizing.tokenize(shown)
    return tokenizing.tokenize(shown + following)[: len(naive)] != naive


def count_wrong(tokenizing: Tokenizing, cursors: Sequence[Cursor]) -> dict[str, Share]:
    """By class, and over all."""
    verdicts: dict[str, list[bool]] = {kind: [] for kind in CLASSES}
    for cursor in cursors:
        window = Hidden(cursor, b"", is_line=True).prefix
        verdicts[cursor.kind].append(has_wrong_tokens(tokenizing, window, cursor.suffix[:FOLLOWING_BYTES]))
    found = {kind: Share(sum(of), len(of)) for kind, of in verdicts.items() if of}
    return found | {ALL: Share(sum(of.n_right for of in found.values()), len(cursors))}


def measure(loaded: LoadedModel, hidden: Hidden) -> Measured:
    """Every way at one cursor."""
    truth = hidden.hole[:N_CHAINED_BYTES]
    found: dict[Conditioning, list[float]] = {how: surprises(loaded, hidden, how, truth) for how in CONDITIONINGS}
    next_byte: dict[Conditioning, Surprise] = {how: Surprise(1, bits[0]) for how, bits in found.items()}
    next_bytes: dict[Conditioning, Surprise] = {how: Surprise(len(truth), bits[-1]) for how, bits in found.items()}
    return Measured(hidden.cursor.kind, next_byte, next_bytes)


def surprises(loaded: LoadedModel, hidden: Hidden, how: Conditioning, truth: bytes) -> list[float]:
    """Bits of the first byte of what follows, of the first two, and so on. Nothing is pruned, since what is unlikely
    may be what stands there.
    """
    options = CompleteOptions(layout=loaded.layout, cut=loaded.cut, conditioning=how, max_tokens=0)
    scheme = options.scheme(loaded.model)
    prompt = Anchors().lay_out(loaded.model, loaded.fim, hidden.prefix, hidden.suffix, scheme)
    if how == "exact":
        masses = exact_log_masses(ByteState.start(loaded.model, prompt.stem, prompt.tail, prune=0.0), truth)
    else:
        masses = log_masses(loaded.model, prompt.stem, prompt.tail, truth)  # the tail: for healing the last token
    return [(masses[0] - mass) / math.log(2) if math.isfinite(mass) else math.inf for mass in masses[1:]]


def exact_log_masses(state: ByteState, truth: bytes) -> list[float]:
    """Of the state's tail, and of it with each further byte."""
    masses = [state.log_mass]
    for byte in truth:
        state = state.advance(byte)
        masses.append(state.log_mass)
    return masses


def sum_up(surprised: Sequence[Surprised], *, occurring: Mapping[str, int], seed: int) -> dict[str, Bits]:
    """By class, over all cursors alike, and over the classes weighed by how often they occur."""
    random = np.random.default_rng(seed)
    members = {kind: [of for of in surprised if of[0] == kind] for kind in CLASSES}
    members = {kind: those for kind, those in members.items() if those}
    figures = {kind: resample(those, random) for kind, those in members.items()}
    weights = {kind: occurring.get(kind, 0) / sum(occurring.get(of, 0) for of in members) for kind in members}
    members |= {ALL: list(surprised), WEIGHED: list(surprised)}
    figures[ALL] = resample(surprised, random)
    figures[WEIGHED] = {
        way: np.sum([weight * figures[kind][way] for kind, weight in weights.items()], axis=0) for way in figures[ALL]
    }
    return {
        kind: Bits(
            n_cursors=len(those),
            n_bytes=sum(by_way["exact"].n_bytes for _, by_way in those),
            ways={way: _bar(of) for way, of in figures[kind].items()},
        )
        for kind, those in members.items()
    }


def resample(those: Sequence[Surprised], random: np.random.Generator) -> dict[str, Float64Array]:
    """(1 + resamples,) bits per byte of each way, and what the others need beyond exact; the first one as measured."""
    n_bytes = np.array([by_way["exact"].n_bytes for _, by_way in those])
    bits = {how: np.array([by_way[how].bits for _, by_way in those]) for how in CONDITIONINGS}
    more = {f"{how} beyond exact": bits[how] - bits["exact"] for how in CONDITIONINGS if how != "exact"}
    drawn = np.vstack([np.arange(len(those)), random.integers(len(those), size=(N_RESAMPLES, len(those)))])
    return {name: of[drawn].sum(axis=1) / n_bytes[drawn].sum(axis=1) for name, of in {**bits, **more}.items()}


def _bar(figures: Float64Array) -> Bar:
    low, high = np.percentile(figures[1:], (2.5, 97.5)).tolist()
    return Bar(float(figures[0]), low, high)


def show(wrong: Mapping[str, Mapping[str, Share]], bits: Mapping[str, Mapping[str, Bits]]) -> None:
    first = next(iter(wrong.values()))
    rows = [[kind, of.n, *(str(by_class[kind]) for by_class in wrong.values())] for kind, of in first.items()]
    show_table(["wrong tokens", "cursors", *wrong], rows)
    for name, by_class in bits.items():
        print()
        header = [f"bits per byte, {name}", "cursors", "bytes", *next(iter(by_class.values())).ways]
        rows = [[kind, of.n_cursors, of.n_bytes, *map(_text, of.ways.values())] for kind, of in by_class.items()]
        show_table(header, rows)


def _text(figure: Bar) -> str:
    value, low, high = (f"{round(of, 2) + 0.0:.2f}" for of in (figure.value, figure.low, figure.high))  # no -0.00
    return f"{value} ({low} to {high})"


def draw(by_class: Mapping[str, Bits], model: str, language: str) -> str:
    return bar_chart(
        list(by_class),
        [(how, [of.ways[how] for of in by_class.values()]) for how in CONDITIONINGS],
        title="How surprised the model is by the next byte",
        subtitle=f"{model}, held-out {language}, by where the cursor stands; with 95 % intervals",
        axis="bits",
    )


if __name__ == "__main__":
    main()
