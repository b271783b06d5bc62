"""The whole recipe at toy size, in minutes: this repository's own source becomes two models, which are then asked.

    .venv-training/bin/python models/training/rehearse.py --bytefim-python .venv/bin/python

For both kinds of tokenizer: corpus, tokenizer, shards, a run that is stopped, resumed and decayed, GGUF files, and
their comparison with the checkpoint. Nothing should be tried for the first time where minutes are dear. What the models
say is nonsense; that they load and complete is not.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SOURCES = ("byte_fim", "lsp_server")
ASKED_FILE, ASKED_OFFSET_BYTES = ROOT / "byte_fim/utf8.py", 400
N_STEPS = 2
N_STEP_TOKENS = 1024


@dataclass(frozen=True, slots=True)
class Toy:
    """One of the two kinds."""

    kind: str
    file: str
    n_tokens: int
    pad_id: int


TOYS = (Toy("bpe", "tokenizer.json", 512, 512 - 3), Toy("sentencepiece", "spm.model", 512, 5))
SHAPE = ("--width", "64", "--n-layers", "2", "--n-heads", "2", "--n-hidden", "128", "--longest-context-tokens", "256")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bytefim-python", type=Path, default=ROOT / ".venv/bin/python", help="which has bytefim")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    began_s = time.monotonic()
    with TemporaryDirectory() as folder:
        work = Path(folder)
        folders = [part for name in SOURCES for part in ("--folder", str(ROOT / name))]
        _run("build_corpus.py", *folders, "--out", work / "corpus")
        for toy in TOYS:
            rehearse(toy, work, bytefim_python=options.bytefim_python.absolute(), device=options.device)
    print(f"== all of it worked, {time.monotonic() - began_s:.0f} s")


def rehearse(toy: Toy, work: Path, *, bytefim_python: Path, device: str) -> None:
    """From the corpus to a completion. Raises CalledProcessError where a command fails."""
    corpus, tokenizer, out = work / "corpus/train.jsonl", work / toy.file, work / toy.kind
    run, shards = out / "run", out / "shards"
    _run("train_tokenizer.py", "--corpus", corpus, "--out", tokenizer, "--kind", toy.kind, "--n-tokens", toy.n_tokens)
    to_shards = ("--corpus", corpus, "--tokenizer", tokenizer, "--out", shards, "--n-shards", 2)
    _run("make_shards.py", *to_shards, "--name", "a", "--part", "0:0.8", "--n-context-tokens", 128)
    _run("make_shards.py", *to_shards, "--name", "b", "--part", "0.8:1", "--n-context-tokens", 256)
    train = ("train.py", "--out", run, "--pad-id", toy.pad_id, "--device", device, "--no-compile")
    train += ("--tokens-per-step", N_STEP_TOKENS, "--tokens-per-pass", N_STEP_TOKENS // 2)
    first = (*train, "--shards", shards / "a.*.bin", "--n-context-tokens", 128, "--minutes", 0)
    _run(*first, "--n-vocabulary", toy.n_tokens, *SHAPE)  # one step, then out of time
    _run(*first, "--resume", run / "last.pt")
    last = ("--shards", shards / "b.*.bin", "--n-context-tokens", 256, "--decay-tokens", N_STEPS * N_STEP_TOKENS)
    _run(*train, *last, "--resume", run / "last.pt")
    to_gguf = ("--checkpoint", run / "final.pt", "--tokenizer", tokenizer)
    _run("export_gguf.py", *to_gguf, "--out", out, "--name", "toy")
    _run("check_gguf.py", "expect", *to_gguf, "--corpus", corpus, "--out", out / "expected.npz")
    for gguf in (out / "toy-f16.gguf", out / "toy-q8_0.gguf"):
        _run("check_gguf.py", "compare", "--expected", out / "expected.npz", gguf, python=bytefim_python)
        asked = ("complete", ASKED_FILE, "--offset", ASKED_OFFSET_BYTES, "--model", gguf, "--max-tokens", 8, "--json")
        _run_command(bytefim_python, "-m", "lsp_server", *asked, cwd=ROOT)


def _run(script: str, *arguments: object, python: Path = Path(sys.executable)) -> None:
    _run_command(python, HERE / script, *arguments, cwd=HERE)


def _run_command(*command: object, cwd: Path) -> None:
    words: Sequence[str] = [str(word) for word in command]
    print("==", *words[1:], flush=True)
    subprocess.run(words, cwd=cwd, check=True)


if __name__ == "__main__":
    main()
