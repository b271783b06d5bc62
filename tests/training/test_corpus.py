"""The corpus: what is held out stays out, copies are left out, no package drowns the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from build_corpus import add_package
from recipe.archives import IsWanted, Source
from recipe.corpus import Corpus
from recipe.packages import Package
from tests.training.archives import write_tarball

SHORT = "def short():\n" + "    pass\n" * 30
"""Too few long lines to tell what it is like."""
CAPS_BYTES = {"python": 20_000, "js": 20_000}


def code(seed: str, n_functions: int = 12) -> str:
    """Some source that shares no telling line with that of another seed."""
    return "".join(
        f"def {seed}_{n}(value_{seed}):\n    return value_{seed} + other_{n}\n\n" for n in range(n_functions)
    )


def source(*texts: str, folder: str = "src") -> Source:
    """A package with a file for each text."""

    def read_files(is_wanted: IsWanted) -> Iterator[tuple[str, bytes]]:
        paths = ((f"{folder}/file_{number}.py", text.encode()) for number, text in enumerate(texts))
        return (pair for pair in paths if is_wanted(pair[0]))

    return Source("1.0", "MIT", read_files)


def add(corpus: Corpus, name: str, taken: Source, *, is_held: bool = False) -> int:
    """How many bytes of Python were taken."""
    return corpus.add(name, taken, licence="MIT", languages=("python",), is_held=is_held).get("python", 0)


def read(folder: Path, name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


def test_held_out_source_and_its_copies_are_not_trained_on(tmp_path: Path) -> None:
    """Packages copy from one another; half of a held-out file in another package is enough to know it."""
    with Corpus(tmp_path, CAPS_BYTES) as corpus:
        add(corpus, "held", source(code("secret"), SHORT), is_held=True)
        add(corpus, "other", source(code("secret"), code("secret", 10) + code("own", 10), SHORT, code("own", 20)))
    trained = read(tmp_path, "train.jsonl")

    assert [document["package"] for document in read(tmp_path, "held.jsonl")] == ["held", "held"]
    assert [document["text"] for document in trained] == [code("own", 20)]


def test_copies_are_taken_once(tmp_path: Path) -> None:
    """What is met many times is learnt by heart."""
    with Corpus(tmp_path, CAPS_BYTES) as corpus:
        first = add(corpus, "first", source(code("a"), code("a") + "\n\n"))
        second = add(corpus, "second", source(code("a", 11), code("b")))

    assert first in (len(code("a")), len(code("a")) + 2)
    assert second == len(code("b"))


def test_no_package_gives_more_than_its_share(tmp_path: Path) -> None:
    """Nor more tests than a part of it."""
    texts = [code(f"name{n}") for n in range(60)]
    with Corpus(tmp_path, CAPS_BYTES) as corpus:
        n_bytes = add(corpus, "large", source(*texts))
        n_test_bytes = add(corpus, "tested", source(*(text.replace("name", "test") for text in texts), folder="tests"))

    assert 0.9 * CAPS_BYTES["python"] < n_bytes <= CAPS_BYTES["python"]
    assert 0 < n_test_bytes <= 0.15 * CAPS_BYTES["python"]


def test_another_package_does_not_change_which_files_are_taken(tmp_path: Path) -> None:
    """So that the list can grow without everything being another corpus."""
    texts = [code(f"name{n}") for n in range(60)]
    for name, packages in (("alone", ("b",)), ("beside", ("a", "b"))):
        with Corpus(tmp_path / name, CAPS_BYTES) as corpus:
            for package in packages:
                add(corpus, package, source(*(text.replace("name", package) for text in texts)))
    alone, beside = (read(tmp_path / name, "train.jsonl") for name in ("alone", "beside"))

    assert [document for document in beside if document["package"] == "b"] == alone


def test_what_was_taken_is_listed_with_its_licence(tmp_path: Path) -> None:
    """Whoever wants to know what a model is made of reads this list."""
    with Corpus(tmp_path, CAPS_BYTES) as corpus:
        n_bytes = add(corpus, "toy", source(code("a")))
        add(corpus, "empty", source())
    lines = (tmp_path / "sources.tsv").read_text(encoding="utf-8").splitlines()

    assert lines == [
        "package\tversion\tlicence\tlanguage\tsplit\tfiles\tbytes",
        f"toy\t1.0\tMIT\tpython\ttrain\t1\t{n_bytes}",
    ]


@pytest.mark.parametrize("stated", ["GPL-3.0-only", "MIT"])
def test_a_package_whose_licence_is_not_permissive_is_left_out(
    tmp_path: Path, stated: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the package says of itself counts, not what the list says: licences change."""
    package = Package("npm", "toy", "1.0", "MIT", ("js",))
    manifest = json.dumps({"version": "1.0", "license": stated})
    files = {"package/package.json": manifest, "package/index.js": code("a")}
    write_tarball(tmp_path / package.folder / "toy.tgz", files)
    with Corpus(tmp_path / "corpus", CAPS_BYTES) as corpus:
        taken = add_package(corpus, package, tmp_path, is_held=False)

    assert bool(taken) == (stated == "MIT")
    assert (f"licence {stated!r}" in capsys.readouterr().out) == (stated != "MIT")
