"""Other files of a repository in front of a prompt, in the order and with the marks that models are trained on.

Knows neither where files come from nor which are worth showing. The form: docs/exactness.md, section 7.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from byte_fim.fim import FimFormat, keep_start
from byte_fim.vocab import TokenId, Tokens

_FEWEST_LINES = 4  # what is left of a file that hardly fits says nothing


@dataclass(frozen=True, slots=True)
class OtherFile:
    """A file, or some lines of it."""

    path: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class Preamble:
    """What stands in front of a prompt."""

    tokens: Tokens = ()
    files: tuple[OtherFile, ...] = ()
    """as shown, in the order in which they stand there"""


def show_files(
    tokenize: Callable[[bytes], list[TokenId]],
    fim: FimFormat,
    files: Sequence[OtherFile],
    *,
    repository: bytes,
    path: bytes,
    n_tokens: int,
) -> Preamble:
    """As many of the files, the best first, as fit in `n_tokens`; the best stands last, nearest to the cursor.

    `path` is that of the file to be completed, whose text follows. The last file that fits is cut at the end of a line.
    Empty when nothing fits, or when the model does not know files.
    """
    if fim.repository_id is None or fim.file_id is None:
        return Preamble()
    head = (fim.repository_id, *tokenize(_line(repository)))
    own = (fim.file_id, *tokenize(_line(path)))
    n_left = n_tokens - len(head) - len(own)
    shown: list[tuple[OtherFile, Tokens]] = []
    for file in files:
        name = (fim.file_id, *tokenize(_line(file.path)))
        text, tokens = keep_start(tokenize, _line(file.text), max(0, n_left - len(name)), 1)
        if text != _line(file.text) and text.count(b"\n") < _FEWEST_LINES:
            break
        shown.insert(0, (OtherFile(file.path, text), (*name, *tokens)))
        n_left -= len(name) + len(tokens)
    if not shown:
        return Preamble()
    return Preamble(
        head + tuple(token for _, tokens in shown for token in tokens) + own, tuple(file for file, _ in shown)
    )


def _line(text: bytes) -> bytes:
    return text if text.endswith(b"\n") else text + b"\n"
