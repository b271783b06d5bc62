"""What is left of a suggestion keeps its promises wherever the cursor stands and whatever the model says.

Real files in all languages that have a grammar, something cut out of them, and offered: what stood there and more, the
same damaged, text from elsewhere, noise.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from byte_fim.utf8 import unfinished_character
from lsp_server.suggestion.seams import WHITE
from lsp_server.suggestion.trimming import Cut, Trimmed, Trimmer
from tests.lsp_server.grown_files import DOCUMENTS, LANGUAGES, Case, count_errors, make_cases

N_GRAMMARS = 17
N_CASES_TO_ONE_UNSTABLE = 500  # cut once more, damaged text may look like what stands beside it
N_FAST, N_SLOW, N_SLOW_TESTS = 20, 20_000, 8
_BLANKS = bytes.maketrans(b"\t", b" ")


def test_every_grammar_has_a_document() -> None:
    """A language that is missing here is one that nothing below says anything of."""
    assert len(LANGUAGES) == N_GRAMMARS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_what_is_left_of_a_suggestion_keeps_its_promises(path: Path) -> None:
    """In each of the example documents; a failure prints a case that can be made again."""
    judge_all(make_cases([path], N_FAST, seed=path.name))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(N_SLOW_TESTS))
def test_it_does_so_many_thousand_times(seed: int) -> None:
    """What happens once in a thousand key presses happens every day."""
    judge_all(make_cases(DOCUMENTS, N_SLOW // N_SLOW_TESTS, seed=seed))


def judge_all(cases: Iterable[Case]) -> None:
    trimmer = Trimmer()  # as in a session: trees of other documents are at hand
    unstable: list[str] = []
    n_cases = 0
    for case in cases:
        n_cases += 1
        trimmed = say(begin(case, trimmer), case.said, case.pieces, is_whole=case.is_whole)
        for promise in PROMISES:
            assert promise(case, trimmed), f"not so: {promise.__name__}\n{trimmed} of {case}"
        if not is_stable(case, trimmed):
            unstable.append(f"{trimmed} of {case}")
    assert len(unstable) <= n_cases // N_CASES_TO_ONE_UNSTABLE, "\n".join(unstable)


def begin(case: Case, trimmer: Trimmer) -> Cut:
    return trimmer.at(case.before, case.after, language=case.language, uri=case.path.as_uri())


def say(cut: Cut, said: bytes, pieces: Iterable[int], *, is_whole: bool) -> Trimmed:
    """As the engine does: the model is stopped where the suggestion is finished."""
    for end in pieces:
        if (n_kept := cut.find_end(said[:end])) is not None:
            return cut.trim(said[:n_kept], is_whole=True)
    return cut.trim(said, is_whole=is_whole)


def comes_from_the_model(case: Case, trimmed: Trimmed) -> bool:
    """Nothing is added but blanks: indentation may be written in the way of the file."""
    read = case.said[: trimmed.n_read_bytes]
    return without_blanks(read).endswith(without_blanks(trimmed.middle)) and len(read) <= len(case.said)


def splits_no_character(case: Case, trimmed: Trimmed) -> bool:
    """Both at its beginning, where half a character may stand, and at its end."""
    if not trimmed.middle:
        return True
    try:
        (unfinished_character(case.before) + trimmed.middle).decode()
    except UnicodeDecodeError:
        return False
    return True


def is_neat(case: Case, trimmed: Trimmed) -> bool:
    """It does not end in white space, unless text follows at once; and nothing comes of nothing."""
    has_rest = case.after[:1] not in (b"", b"\n")
    return has_rest or trimmed.middle == trimmed.middle.rstrip(WHITE)


def is_stable(case: Case, trimmed: Trimmed) -> bool:
    """Trimmed again, as a model would say exactly this, it stays as it is; in damaged text nearly always.

    But for what lost its end because it stands there already (8): with `..` behind, `signs...` becomes `signs.`, and a
    model that said `signs.` would have meant something else.
    """
    kept = trimmed.middle
    if not kept or trimmed.rule == 8:
        return True
    again = say(begin(case, Trimmer()), kept, range(1, len(kept) + 1, 7), is_whole=True)
    return again.middle == kept


def breaks_nothing_around(case: Case, trimmed: Trimmed) -> bool:
    """Errors of the syntax outside of what is inserted are no more than before.

    At the very end of a file what is inserted may be unfinished: there its errors take the last line break along.
    """
    kept, start = trimmed.middle, len(case.before) - len(unfinished_character(case.before))
    if not kept:
        return True
    text = case.before + kept + case.after
    end = len(text) - len(case.after)
    is_at_end = not case.after.strip()
    before = count_errors(case.before[:start] + case.after, case.language, missing_until=start + len(case.after) + 1)
    around, until = ((start, len(text)), end) if is_at_end else ((start, end), len(text) + 1)
    return count_errors(text, case.language, around=around, missing_until=until) <= before


def does_not_hang_on_pieces(case: Case, trimmed: Trimmed) -> bool:
    """However the tokens are cut, the same is offered."""
    # both anew: of broken code tree-sitter may give another tree when it knows the one before
    trimmed = say(begin(case, Trimmer()), case.said, case.pieces, is_whole=case.is_whole)
    at_once = say(begin(case, Trimmer()), case.said, [len(case.said)], is_whole=case.is_whole)
    return at_once.middle == trimmed.middle


def without_blanks(text: bytes) -> bytes:
    return text.translate(_BLANKS, b" \t")


PROMISES = (
    comes_from_the_model,
    splits_no_character,
    is_neat,
    breaks_nothing_around,
    does_not_hang_on_pieces,
)
