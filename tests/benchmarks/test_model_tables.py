"""The tables of a model's card: what they say, where they stand, and that they can be made at all."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from benchmarks.card import BEGIN, END, BadCard, write_card
from benchmarks.infill import Score
from benchmarks.midtoken import Outcome
from benchmarks.model_tables import (
    FULL,
    Bits,
    Counts,
    Figures,
    choose_texts,
    command,
    in_proportion,
    measure,
    write_tables,
)
from benchmarks.ways import Way
from byte_fim.backends.llama_cpp import LlamaCppModel
from lsp_server.model.loading import LoadedModel

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "model_tables.md"
CARDS = Path(__file__).resolve().parents[2] / "models" / "cards"
TEXT = b"def add(a, b):\n    if a > b:\n        return a + b\n    return b  # the sum of both\n" * 6

EXACT, HEALING, NAIVE = (Way("spm", "anchor", how) for how in ("exact", "healing", "naive"))
WITHOUT = Way("spm", "anchor", has_suffix=False)
PSM = Way("psm", "cursor")


def outcomes(exact: str) -> list[Outcome]:
    """One per letter: `x` right, `b` only begins so, `-` wrong and ended by the model."""
    kinds = ["inside identifier", "after a space"]
    return [
        Outcome(kinds[i % 2], is_exact=c == "x", begins_right=c in "xb", ended_itself=c == "-")
        for i, c in enumerate(exact)
    ]


def scores(exact: str) -> list[Score]:
    return [Score(c == "x", c in "xb", 1.0 if c == "x" else 0.25, c == "-", c == "x") for c in exact]


def test_the_tables_are_as_they_were() -> None:
    """What stands in cards is compared by people; `golden/model_tables.md` is what this made when it was looked at."""
    lines = {EXACT: "xxb-", HEALING: "xbb-", NAIVE: "bb--", WITHOUT: "xb--"}
    figures = Figures(
        way=EXACT,
        window_tokens=1024,
        bits={"python": Bits(6, 100_000, 0.78449), "typescript": Bits(5, 99_000, 1.0)},
        lines={
            "python": {way: outcomes(of) for way, of in {**lines, PSM: "----"}.items()},
            "typescript": {way: outcomes(of) for way, of in lines.items()},
        },
        spans={way: outcomes(of) for way, of in ((EXACT, "xb-"), (HEALING, "bb-"), (NAIVE, "b--"))},
        tasks={way: scores(of) for way, of in ((EXACT, "xb-"), (HEALING, "bb-"), (NAIVE, "b--"))},
    )
    tables = write_tables(figures, command=command(["--model", "/home/me/x.gguf"]), seed=1, day=date(2030, 1, 2))

    assert tables == GOLDEN.read_text(encoding="utf-8")


def test_what_is_measured_makes_tables(tiny: LlamaCppModel, tmp_path: Path) -> None:
    """End to end with the embedded model, as little of each as there can be."""
    path = tmp_path / "a.py"
    path.write_bytes(TEXT)
    loaded = LoadedModel(
        name="tiny",
        path=path,
        model=tiny,
        fim=tiny.fim,
        layout="spm",
        cut="anchor",
        set_abort=lambda is_set: None,
        facts={},
    )
    figures = measure(loaded, Counts(200, 2, 1, 1), {"python": [path]}, seed=1)

    assert figures.bits["python"].n_bytes == 200
    assert len(figures.lines["python"]) == 8
    assert [str(way) for way in figures.tasks] == ["spm exact", "spm healing", "spm naive"]
    assert "| HumanEval, naive | 1 |" in write_tables(figures, command="x", seed=1, day=date(2030, 1, 2))


def test_every_package_has_an_equal_share_of_the_text(tmp_path: Path) -> None:
    """Else the largest package would be the figure."""
    for name, n_files in (("large", 5), ("small", 2)):
        for i in range(n_files):
            path = tmp_path / name / "src" / f"{i}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes([65 + i]) * 100)
    paths = sorted(tmp_path.rglob("*.py"))

    assert [sum(map(len, texts)) for texts in choose_texts(paths, 300, seed=1)] == [150, 150]
    assert [sum(map(len, texts)) for texts in choose_texts(paths, 1000, seed=1)] == [500, 200]
    assert choose_texts(paths, 300, seed=1) == choose_texts(paths, 300, seed=1) != choose_texts(paths, 300, seed=3)


def test_less_of_one_is_less_of_all() -> None:
    """`--limit` must bound the whole run."""
    assert in_proportion(FULL, FULL.n_cursors) == FULL
    assert in_proportion(FULL, 21) == Counts(16_000, 21, 10, 16)


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    """The rest of a card is written by people; writing twice is writing once."""
    card = tmp_path / "x.md"
    card.write_text(f"# x\n\n{BEGIN}\nold\n{END}\n\n## Limits\n", encoding="utf-8")
    for _ in range(2):
        write_card(card, "| new |\n")

    assert card.read_text(encoding="utf-8") == f"# x\n\n{BEGIN}\n| new |\n{END}\n\n## Limits\n"


def test_a_card_without_a_place_is_left_alone(tmp_path: Path) -> None:
    """And says so in words that tell what to do."""
    card = tmp_path / "x.md"
    card.write_text(f"# x\n{BEGIN}\n", encoding="utf-8")

    with pytest.raises(BadCard, match="put these two lines"):
        write_card(card, "new\n")
    with pytest.raises(BadCard, match="cannot be read"):
        write_card(tmp_path / "none.md", "new\n")
    assert card.read_text(encoding="utf-8") == f"# x\n{BEGIN}\n"


def test_the_card_of_the_default_has_a_place() -> None:
    """Its tables are to be made anew with every new file."""
    text = (CARDS / "bytefim-tiny.md").read_text(encoding="utf-8")

    assert text.index(BEGIN) < text.index(END)
