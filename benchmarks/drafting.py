"""What drafting saves: completions with and without a drafter at the same cursors, interleaved in one run.

Cursors in the standard library, sorted by how much the text around them repeats what stands before: the share of the
token 4-grams within 64 tokens of the cursor, on either side, that occur earlier in the 2,000 bytes before. Of six times
as many cursors as wanted, the upper sixth is `repetitive` and the lower sixth is `other`. Completions have up to 48
tokens, of several lines, or of one line as the server asks for them (`single_line_`). The prompt up to the cursor has
been evaluated before the clock starts, as while typing.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cursors import Cursor, sample_cursors
from report import finish, make_parser, show_table

from byte_fim.complete import CompleteOptions, Completion, complete
from byte_fim.drafting import Drafter
from byte_fim.generate import FindEnd
from byte_fim.model import TokenModel, TokenStream
from byte_fim.vocab import TokenId, Tokens
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.suggestion.trimming import Trimmer

N_TOKENS = 48
MOST_DRAFTED = 8
WINDOW_BYTES = 2000
NEAR_TOKENS = 64
RUN = 4  # tokens that count as a repetition
SHARE_OF_CURSORS = 6  # one in six is taken at either end
REPEATS = 40  # of each measurement of a step


@dataclass(frozen=True, slots=True)
class Pair:
    """One cursor, without and with drafts."""

    off: Completion
    on: Completion
    off_ms: float
    on_ms: float

    @property
    def is_same_text(self) -> bool:
        return self.off.alternatives[0].middle == self.on.alternatives[0].middle


def main() -> None:
    arguments = make_parser(__doc__ or "", limit=30).parse_args()
    loaded = load_model(arguments.model)
    costs = measure_step_costs(loaded.model)
    cursors = sample_cursors(SHARE_OF_CURSORS * arguments.limit, seed=arguments.seed, balanced=False)
    cursors.sort(key=lambda cursor: share_repeated(loaded.model, cursor))
    groups = {"repetitive": cursors[-arguments.limit :], "other": cursors[: arguments.limit]}
    result: dict[str, object] = {"step_costs": [round(cost, 2) for cost in costs]}
    rows: list[list[object]] = []
    for lines in ("", "single_line_"):
        for name, chosen in groups.items():
            drafter = Drafter(loaded.model.vocab, costs)
            pairs = [
                measure(loaded, cursor, drafter, is_first_on=bool(i % 2), is_one_line=bool(lines))
                for i, cursor in enumerate(chosen)
            ]
            figures = summarise(pairs)
            rows.append([f"{lines}{name}", *figures.values()])
            result |= {f"{lines}{name}_{key}": value for key, value in figures.items()}
    if not arguments.json:
        print("step costs", *(f"{cost:.2f}" for cost in costs))
        names = ("calls off", "calls on", "ratio", "tokens", "drafted", "accepted", "time", "off ms", "on ms", "differ")
        show_table(["cursors", *names], rows)
    finish(result)


def summarise(pairs: Sequence[Pair]) -> dict[str, object]:
    """Calls are those of the whole request, covers included; times are compared where the texts are the same."""
    n_tokens = sum(pair.off.alternatives[0].n_generated_tokens for pair in pairs)
    n_tokens_on = sum(pair.on.alternatives[0].n_generated_tokens for pair in pairs)
    off = sum(pair.off.counts.decode_calls for pair in pairs) / n_tokens
    on = sum(pair.on.counts.decode_calls for pair in pairs) / n_tokens_on
    alike = [pair for pair in pairs if pair.is_same_text]
    return {
        "calls_per_token_off": off,
        "calls_per_token_on": on,
        "calls_ratio": off / on,
        "generated_tokens": n_tokens_on,
        "drafted_tokens": sum(pair.on.n_drafted_tokens for pair in pairs),
        "accepted_tokens": sum(pair.on.n_accepted_tokens for pair in pairs),
        "time_ratio": statistics.median(pair.on_ms / pair.off_ms for pair in alike),
        "off_median_ms": statistics.median(pair.off_ms for pair in alike),
        "on_median_ms": statistics.median(pair.on_ms for pair in alike),
        "texts_that_differ": len(pairs) - len(alike),
    }


def measure(loaded: LoadedModel, cursor: Cursor, drafter: Drafter, *, is_first_on: bool, is_one_line: bool) -> Pair:
    """Twice each way, neither way always first; the shorter time counts, the longer one was disturbed."""
    done: dict[bool, list[tuple[Completion, float]]] = {False: [], True: []}
    for is_on in (is_first_on, not is_first_on, not is_first_on, is_first_on):
        done[is_on].append(ask(loaded, cursor, drafter if is_on else None, is_one_line=is_one_line))
    (off, _), (on, _) = done[False][0], done[True][0]
    return Pair(off, on, *(min(ms for _, ms in done[is_on]) for is_on in (False, True)))


def ask(loaded: LoadedModel, cursor: Cursor, drafter: Drafter | None, *, is_one_line: bool) -> tuple[Completion, float]:
    options = CompleteOptions(layout=loaded.layout, cut=loaded.cut, max_tokens=N_TOKENS)
    go_on: FindEnd = Trimmer().at(cursor.prefix, cursor.suffix).find_end if is_one_line else lambda middle: None
    request = partial(complete, loaded.model, loaded.fim, cursor.prefix, cursor.suffix, options=options)
    loaded.model.forget()
    request(should_stop=lambda: "cancelled")
    start = time.perf_counter()
    completion = request(find_end=go_on, drafter=drafter)
    return completion, (time.perf_counter() - start) * 1e3


def share_repeated(model: TokenModel, cursor: Cursor) -> float:
    """Of the token runs near the cursor, how many occur earlier; in [0, 1]."""
    before = model.tokenize(cursor.prefix[-WINDOW_BYTES:])
    tokens = before + model.tokenize(cursor.suffix[:WINDOW_BYTES])[:NEAR_TOKENS]
    runs = [tuple(tokens[i : i + RUN]) for i in range(len(tokens) - RUN + 1)]
    near = range(max(0, len(before) - NEAR_TOKENS), len(runs))
    seen = set(runs[: near.start])
    n_repeated = 0
    for i in near:
        n_repeated += runs[i] in seen
        seen.add(runs[i])
    return n_repeated / max(1, len(near))


def measure_step_costs(model: TokenModel) -> tuple[float, ...]:
    """Median time of a step with 0 to 8 drafted tokens, relative to that with none.

    Steps without drafts are timed right after another one: a runtime goes on with the same graph then, which is what
    drafting gives up.
    """
    tokens = model.tokenize(Path(statistics.__file__).read_bytes())
    times: list[list[float]] = [[] for _ in range(MOST_DRAFTED + 1)]
    for i in range(REPEATS):
        stream = model.stream(tokens[: model.n_context_tokens // 2])
        stream.step(())
        for n in range(1, MOST_DRAFTED + 1):
            draft = tuple(tokens[1000 + i : 1000 + i + n])
            time_step(stream, tokens[i], ())
            times[0].append(time_step(stream, tokens[i + 1], ()))
            times[n].append(time_step(stream, tokens[i + 2], draft))
    medians = [statistics.median(taken) for taken in times]
    return tuple(median / medians[0] for median in medians)


def time_step(stream: TokenStream, token: TokenId, draft: Tokens) -> float:
    start = time.perf_counter()
    stream.step((token,), [draft] if draft else ())
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
