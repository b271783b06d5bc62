"""What else is worth its room in a prompt? An outline of what does not fit, and parts of other files.

Held-out source. The rest of the cursor's line is hidden, the lines after it are the suffix; five other files of the
package, drawn once per file, are open. All ways of asking have the same room. Bits: of the true rest of the line and
its line break, given all before it, in the tokens that the tokenizer gives from the last settled boundary on.

Models that were trained on other files get these in their own form; to others they are shown behind comments at the
head of the prefix, in a quarter of the room or only in what the text leaves free.
"""

from __future__ import annotations

import math
import random
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cursors import Cursor, sample_cursors
from held_out import fetch_held_out
from midtoken import end_of_line, rest_of_line
from report import finish, make_parser, show_table

from byte_fim.anchor import Anchors
from byte_fim.complete import CompleteOptions, complete
from byte_fim.fim import FindOutline, Hole, fit_hole, keep_start
from byte_fim.other_files import OtherFile, show_files
from lsp_server.context.chunks import Neighbour, choose_chunks
from lsp_server.context.outline import find_outline
from lsp_server.context.preambles import ROOM_SHARE
from lsp_server.documents.request import ContextChunk
from lsp_server.model.loading import LoadedModel, load_model

N_TOKENS = 24
N_OPEN_FILES = 5
N_PREFIX_BYTES, N_SUFFIX_BYTES = 32_768, 8_192  # as the server's settings
AROUND_BYTES = (1200, 400)
MARGIN_TOKENS = 8  # where two texts are joined


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and how it is laid out."""

    prefix: bytes
    suffix: bytes
    options: CompleteOptions
    find_outline: FindOutline | None = None

    def anchors(self) -> Anchors:
        return Anchors(self.find_outline) if self.find_outline else Anchors()


@dataclass(frozen=True, slots=True)
class Found:
    """What the model made of it."""

    n_bits: float
    n_bytes: int
    is_right: bool
    n_prompt_tokens: int


Way = Callable[[LoadedModel, Asked, Sequence[ContextChunk]], Asked]


def main() -> None:
    parser = make_parser(__doc__ or "", limit=200)
    parser.add_argument("folder", nargs="?", type=Path, help="packages that the model has not seen, a folder each")
    arguments = parser.parse_args()
    loaded, folder = load_model(arguments.model), arguments.folder or fetch_held_out()
    drawn = sample_cursors(2 * arguments.limit, seed=arguments.seed, folder=folder)
    cursors = [c for c in drawn if rest_of_line(c).strip() and c.kind != "inside a character"][: arguments.limit]
    ways = choose_ways(loaded)
    found: dict[str, list[Found]] = {name: [] for name in ways}
    is_cut: list[bool] = []
    for cursor in cursors:
        asked, chunks = question(loaded, cursor), choose_chunks(read_neighbours(cursor.path, folder), around(cursor))
        is_cut.append(len(fit(loaded, asked).prefix) < len(asked.prefix))
        for name, way in ways.items():
            found[name].append(ask(loaded, way(loaded, asked, chunks), rest_of_line(cursor)))
        if not arguments.json and len(is_cut) % 50 == 0:
            print(f"{len(is_cut)} of {len(cursors)} cursors", file=sys.stderr)
    groups = {"all": [True] * len(is_cut), "text cut": is_cut, "text whole": [not cut for cut in is_cut]}
    figures = {group: compare(found, chosen) for group, chosen in groups.items() if any(chosen)}
    if not arguments.json:
        header = [
            "cursors",
            "way",
            "n",
            "right",
            "bits per byte",
            "bits saved per line",
            "±",
            "better",
            "worse",
            "tokens",
        ]
        rows = [[group, name, *row.values()] for group, ways_ in figures.items() for name, row in ways_.items()]
        show_table(header, rows)
    finish({"n": len(cursors), **figures})


def choose_ways(loaded: LoadedModel) -> Mapping[str, Way]:
    if loaded.fim.file_id is not None:
        return {"text alone": text_alone, "outline": with_outline, "files": with_files}
    return {
        "text alone": text_alone,
        "outline": with_outline,
        "files, a quarter": with_comments,
        "files, free room": with_comments_in_free_room,
    }


def text_alone(loaded: LoadedModel, asked: Asked, chunks: Sequence[ContextChunk]) -> Asked:
    return asked


def with_outline(loaded: LoadedModel, asked: Asked, chunks: Sequence[ContextChunk]) -> Asked:
    return replace(asked, find_outline=find_outline)


def with_files(loaded: LoadedModel, asked: Asked, chunks: Sequence[ContextChunk]) -> Asked:
    """In the form that the model was trained on."""
    preamble = show_files(
        loaded.model.tokenize,
        loaded.fim,
        [OtherFile(chunk.path.encode(), chunk.text) for chunk in chunks],
        repository=b"project",
        path=b"module.py",
        n_tokens=int(n_room_tokens(loaded, asked) * ROOM_SHARE),
    )
    return replace(asked, options=replace(asked.options, preamble=preamble.tokens))


def with_comments(loaded: LoadedModel, asked: Asked, chunks: Sequence[ContextChunk]) -> Asked:
    return put_comments(loaded, asked, chunks, int(n_room_tokens(loaded, asked) * ROOM_SHARE))


def with_comments_in_free_room(loaded: LoadedModel, asked: Asked, chunks: Sequence[ContextChunk]) -> Asked:
    hole = fit(loaded, asked)
    n_used = len(hole.prefix_tokens) + len(hole.suffix_tokens)
    n_free = n_text_tokens(loaded, asked) - n_used - MARGIN_TOKENS
    return put_comments(loaded, asked, chunks, min(n_free, int(n_room_tokens(loaded, asked) * ROOM_SHARE)))


def put_comments(loaded: LoadedModel, asked: Asked, chunks: Sequence[ContextChunk], n_tokens: int) -> Asked:
    """Parts of other files, each behind a comment with its path, the best next to the text."""
    tokenize, head, n_left = loaded.model.tokenize, b"", n_tokens
    for chunk in chunks:
        text = b"# " + chunk.path.encode() + b"\n" + chunk.text
        kept, tokens = keep_start(tokenize, text, max(0, n_left), 1)
        if kept.count(b"\n") < 5:
            break
        head, n_left = kept + head, n_left - len(tokens)
    if not head:
        return asked
    n_text = n_text_tokens(loaded, asked) - len(tokenize(head)) - MARGIN_TOKENS
    hole = fit_hole(tokenize, asked.prefix, asked.suffix, n_tokens=n_text)
    return replace(asked, prefix=head + hole.prefix, suffix=hole.suffix)


def n_room_tokens(loaded: LoadedModel, asked: Asked) -> int:
    return asked.options.scheme(loaded.model).n_room_tokens


def n_text_tokens(loaded: LoadedModel, asked: Asked) -> int:
    """What of the room is used when a text is laid out."""
    scheme = asked.options.scheme(loaded.model)
    return scheme.n_room_tokens - scheme.n_slack_tokens


def fit(loaded: LoadedModel, asked: Asked) -> Hole:
    """The text, as far as it fits."""
    return fit_hole(loaded.model.tokenize, asked.prefix, asked.suffix, n_tokens=n_text_tokens(loaded, asked))


def question(loaded: LoadedModel, cursor: Cursor) -> Asked:
    line_end = cursor.text.find(b"\n", cursor.offset_bytes)
    suffix = cursor.text[line_end:][:N_SUFFIX_BYTES] if line_end >= 0 else b""
    prefix = cursor.prefix
    if len(prefix) > N_PREFIX_BYTES:
        prefix = prefix[prefix.find(b"\n", len(prefix) - N_PREFIX_BYTES) + 1 :]
    return Asked(prefix, suffix, CompleteOptions(layout=loaded.layout, cut=loaded.cut, max_tokens=N_TOKENS))


def around(cursor: Cursor) -> bytes:
    """Without the line's rest, which nobody knows yet."""
    after = cursor.suffix[len(rest_of_line(cursor)) :]
    return cursor.prefix[-AROUND_BYTES[0] :] + after[: AROUND_BYTES[1]]


def read_neighbours(path: Path, folder: Path) -> list[Neighbour]:
    package = folder / path.relative_to(folder).parts[0]
    others = [other for other in sorted(package.rglob("*.py")) if other != path and other.stat().st_size > 200]
    random.Random(str(path.relative_to(folder))).shuffle(others)
    return [Neighbour(str(other.relative_to(folder)), other.read_bytes()) for other in others[:N_OPEN_FILES]]


def ask(loaded: LoadedModel, asked: Asked, rest: bytes) -> Found:
    model = loaded.model
    completion = complete(
        model,
        loaded.fim,
        asked.prefix,
        asked.suffix,
        options=asked.options,
        find_end=end_of_line,
        anchors=asked.anchors(),
    )
    stem, tail = completion.stem_tokens, completion.tail
    tokens = model.tokenize(tail + rest + b"\n")
    rows = model.next_token_logprobs([(*stem, *tokens[:n]) for n in range(len(tokens))])
    n_bits = -sum(float(rows[n][token]) for n, token in enumerate(tokens)) / math.log(2)
    is_right = completion.alternatives[0].middle.rstrip() == rest.rstrip()
    return Found(n_bits, len(tail + rest) + 1, is_right, len(stem))


def compare(found: Mapping[str, Sequence[Found]], chosen: Sequence[bool]) -> dict[str, dict[str, float]]:
    """Each way beside the first, at the same cursors."""
    first, *_ = found.values()
    figures: dict[str, dict[str, float]] = {}
    for name, all_of_way in found.items():
        pairs = [pair for pair, is_chosen in zip(zip(first, all_of_way, strict=True), chosen, strict=True) if is_chosen]
        saved = [alone.n_bits - way.n_bits for alone, way in pairs]
        figures[name] = {
            "n": len(pairs),
            "exact_match": statistics.mean(way.is_right for _, way in pairs),
            "bits_per_byte": sum(way.n_bits for _, way in pairs) / sum(way.n_bytes for _, way in pairs),
            "bits_saved_per_line": statistics.mean(saved),
            "standard_error": statistics.stdev(saved) / math.sqrt(len(saved)) if len(saved) > 1 else 0.0,
            "n_better": sum(bits > 0 for bits in saved),
            "n_worse": sum(bits < 0 for bits in saved),
            "prompt_tokens": statistics.mean(way.n_prompt_tokens for _, way in pairs),
        }
    return figures


if __name__ == "__main__":
    main()
