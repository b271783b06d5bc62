"""Builds the corpus out of what `fetch_corpus.py` fetched: cleaned source files, one JSON object a line.

    build_corpus.py --downloads work/downloads --out work/corpus
    build_corpus.py --folder ~/my/project --out work/own                     one's own code, alone

Writes train.jsonl, held.jsonl and sources.tsv (recipe/corpus.py). Packages without a permissive licence are left out
and named. Knows nothing of tokens.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from recipe.archives import find_source, read_folder
from recipe.corpus import CAPS_BYTES, Corpus
from recipe.licences import is_permissive
from recipe.packages import HELD_OUT, PACKAGES, Package, held_out_first, read_held_out, read_packages

OWN = "own"
"""What sources.tsv calls the licence of a folder: whoever names it knows that he may."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--downloads", type=Path, help="where fetch_corpus.py put the packages")
    parser.add_argument("--packages", type=Path, default=PACKAGES)
    parser.add_argument("--held-out", type=Path, default=HELD_OUT)
    parser.add_argument("--folder", type=Path, action="append", default=[], help="source of one's own; may be repeated")
    parser.add_argument("--cap", action="append", default=[], type=_read_cap, metavar="LANGUAGE=MB", help="a package's")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if not options.downloads and not options.folder:
        parser.error("what of? --downloads or --folder")
    total_bytes: Counter[str] = Counter()
    with Corpus(options.out, {**CAPS_BYTES, **dict(options.cap)}) as corpus:
        if options.downloads:
            held_out = read_held_out(options.held_out)
            for package, is_held in held_out_first(read_packages(options.packages), held_out):
                taken_bytes = add_package(corpus, package, options.downloads, is_held=is_held)
                total_bytes.update({} if is_held else taken_bytes)
        for folder in options.folder:
            source = read_folder(folder)
            name = folder.resolve().name
            taken_bytes = corpus.add(name, source, licence=OWN, languages=tuple(CAPS_BYTES), is_held=False)
            print(f"{name}: {_megabytes(taken_bytes)}", flush=True)
            total_bytes.update(taken_bytes)
    print(f"to train on: {_megabytes(total_bytes)}, {total_bytes.total() / 1e6:.1f} MB in all")


def add_package(corpus: Corpus, package: Package, downloads: Path, *, is_held: bool) -> dict[str, int]:
    """Takes a package into the corpus if it is there and its licence permits; says what came of it."""
    told = f"{package.registry} {package.name}"
    source = find_source(package, downloads)
    if source is None:
        print(f"{told}: not there, left out", flush=True)
        return {}
    licence = source.licence or package.licence
    if not is_permissive(licence):
        print(f"{told}: licence {licence!r} is not known to be permissive, left out", flush=True)
        return {}
    taken_bytes = corpus.add(package.name, source, licence=licence, languages=package.languages, is_held=is_held)
    print(f"{told} {source.version}{', held out' * is_held}: {_megabytes(taken_bytes)}", flush=True)
    return taken_bytes


def _megabytes(n_bytes: dict[str, int]) -> str:
    return ", ".join(f"{language} {n / 1e6:.2f} MB" for language, n in n_bytes.items()) or "nothing"


def _read_cap(text: str) -> tuple[str, int]:
    language, _, megabytes = text.partition("=")
    if language not in CAPS_BYTES:
        raise ValueError(f"{language} is none of {', '.join(CAPS_BYTES)}")
    return language, int(float(megabytes) * 1e6)


if __name__ == "__main__":
    main()
