"""Is the completion right at every byte of a word? Held-out identifiers, every cut, exact beside healing and naive.

An identifier counts when the greedy completion from its start (exact) produces it: the model then knows the word, and
what is lost inside it is the tool's fault. Held-out source is fetched once by pip into the user's cache (packages in
models/training/HELDOUT.txt), or name a folder.
"""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from held_out import fetch_held_out
from report import finish, make_parser, show_table

from byte_fim.complete import CompleteOptions, complete
from byte_fim.conditioning import Conditioning
from lsp_server.model.loading import LoadedModel, load_model

WAYS: tuple[Conditioning, ...] = ("exact", "healing", "naive")
N_TOKENS = 10
IDENTIFIER = re.compile(rb"(?<![A-Za-z0-9_])[A-Za-z_][A-Za-z0-9_]{3,}")
WORD = re.compile(rb"[A-Za-z0-9_]*")
WINDOW_BYTES = (1500, 300)


def main() -> None:
    parser = make_parser(__doc__ or "", limit=200)
    parser.add_argument("folder", nargs="?", type=Path, help="Python source that the model has not seen")
    arguments = parser.parse_args()
    loaded = load_model(arguments.model)
    files = sorted((arguments.folder or fetch_held_out()).rglob("*.py"))
    chooser = random.Random(arguments.seed)
    right = dict.fromkeys(WAYS, 0)
    n_cuts = n_words = n_tried = 0
    failures: list[str] = []
    while n_words < arguments.limit and n_tried < 50 * arguments.limit:
        text = chooser.choice(files).read_bytes()
        places = list(IDENTIFIER.finditer(text))
        if not places:
            continue
        place = chooser.choice(places)
        n_tried += 1
        if not is_known(loaded, text, place):
            continue
        n_words += 1
        n_cuts += len(place[0]) - 1
        for way in WAYS:
            for cut in range(1, len(place[0])):
                found = word_at(loaded, text, place.start() + cut, place.end(), way)
                right[way] += found == place[0][cut:]
                if way == "exact" and found != place[0][cut:]:
                    failures.append(f"{place[0][:cut].decode()}|{place[0][cut:].decode()}: {found.decode()!r}")
    share = {way: right[way] / max(1, n_cuts) for way in WAYS}
    if not arguments.json:
        show_table(
            ["conditioning", "cuts", "exactly the remainder"], [[way, n_cuts, f"{share[way]:.1%}"] for way in WAYS]
        )
        print("exact failed at:", *failures or ["no cut"], sep="\n  ")
    finish({"identifiers": n_words, "tried": n_tried, "cuts": n_cuts, **share})


def is_known(loaded: LoadedModel, text: bytes, place: re.Match[bytes]) -> bool:
    """The completion from the word's start is the word, and goes on after it."""
    return word_at(loaded, text, place.start(), place.end(), "exact", whole=False) == place[0]


def word_at(loaded: LoadedModel, text: bytes, offset: int, end: int, way: Conditioning, *, whole: bool = True) -> bytes:
    """The identifier characters that the completion begins with. The rest of the word's own line is hidden from
    the model.
    """
    line_end = text.find(b"\n", end)
    prefix, suffix = text[:offset][-WINDOW_BYTES[0] :], text[line_end:][: WINDOW_BYTES[1]] if line_end >= 0 else b""
    options = CompleteOptions(layout=loaded.layout, cut=loaded.cut, conditioning=way, max_tokens=N_TOKENS)
    middle = (
        complete(loaded.model, loaded.fim, prefix, suffix, options=options, find_end=end_of_word).alternatives[0].middle
    )
    match = WORD.match(middle)
    word = match[0] if match else b""
    return word if whole or len(word) < len(middle) else b""


def end_of_word(middle: bytes) -> int | None:
    """Generation may stop one byte after the word."""
    match = WORD.match(middle)
    return None if not middle or match is None or match.end() == len(middle) else match.end() + 1


if __name__ == "__main__":
    main()
