"""Does a GGUF file say what its checkpoint says? Compares token ids and next-token probabilities.

    check_gguf.py expect --checkpoint work/run/final.pt --tokenizer work/tokenizer.json \\
        --corpus work/corpus/held.jsonl --out work/expected.npz            where torch is installed
    check_gguf.py compare --expected work/expected.npz my-model-f16.gguf   where bytefim is installed

`compare` loads the file as bytefim does; it ends with status 1 when a token differs or probabilities differ by more
than rounding. Knows nothing of how good a model is.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

N_SNIPPETS = 6000
N_SEQUENCES = 6
N_SEQUENCE_TOKENS = 256
MOST_DIVERGENCE_NATS = 5e-3
"""Mean over positions. F16 gives some 1e-7, Q8_0 some 1e-4; a wrong weight or a wrong rotation gives far more."""
_SEED = 5
_STRANGE = "abc XYZ_019\t\n\r '\"(){}[]=+-*/#.,:;é中😀\u00a0\u0301\u200bßǅ٠'ll 'T"
"""Characters at which the two sides may split words differently."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    expect = commands.add_parser("expect", help="write down what the checkpoint says")
    expect.add_argument("--checkpoint", type=Path, required=True)
    expect.add_argument("--tokenizer", type=Path, required=True)
    expect.add_argument("--corpus", type=Path, required=True, help="a file that build_corpus.py wrote")
    expect.add_argument("--out", type=Path, required=True, help="*.npz")
    expect.set_defaults(run=_expect)
    compare = commands.add_parser("compare", help="load a GGUF file and compare")
    compare.add_argument("--expected", type=Path, required=True)
    compare.add_argument("gguf", type=Path)
    compare.set_defaults(run=_compare)
    options = parser.parse_args()
    return options.run(options)


def _expect(options: argparse.Namespace) -> int:
    import torch

    from recipe.checkpoint import read_checkpoint
    from recipe.tokenizer import read_tokenizer

    tokenizer = read_tokenizer(options.tokenizer)
    with options.corpus.open(encoding="utf-8") as lines:
        snippets = list(_snippets([json.loads(line)["text"] for line in lines]))
    tokens = [tokenizer.encode(snippet) for snippet in snippets]
    model = read_checkpoint(options.checkpoint).make_model().eval()
    flat = [token for some in tokens for token in some]
    sequences = np.array(flat[: N_SEQUENCES * N_SEQUENCE_TOKENS]).reshape(N_SEQUENCES, N_SEQUENCE_TOKENS)
    with torch.no_grad():
        logp = torch.log_softmax(model(torch.from_numpy(sequences)).double(), dim=-1).numpy()
    cases = json.dumps({"snippets": snippets, "tokens": tokens})
    np.savez_compressed(options.out, cases=np.array(cases), sequences=sequences, logp=logp.astype(np.float32))
    print(f"{options.out}: {len(snippets)} snippets, {N_SEQUENCES} sequences of {N_SEQUENCE_TOKENS} tokens")
    return 0


def _snippets(texts: list[str]) -> Iterator[str]:
    rng = Random(_SEED)
    for number in range(N_SNIPPETS):
        if number % 4 == 3:
            yield "".join(rng.choice(_STRANGE) for _ in range(rng.randint(1, 60)))
        else:
            text = rng.choice(texts)
            start = rng.randrange(len(text))
            yield text[start : start + rng.randint(1, 400)]


def _compare(options: argparse.Namespace) -> int:
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    from lsp_server.model.loading import load_model

    expected = np.load(options.expected)
    model = load_model(str(options.gguf)).model
    cases = json.loads(str(expected["cases"]))
    pairs = list(zip(cases["snippets"], cases["tokens"], strict=True))
    wrong = [(text, tokens) for text, tokens in pairs if model.tokenize(text.encode()) != tokens]
    for text, tokens in wrong[:5]:
        print(f"{text[:60]!r}: {model.tokenize(text.encode())[:20]} instead of {tokens[:20]}")
    print(f"tokens: {len(pairs) - len(wrong)} of {len(pairs)} snippets alike")
    n_alike, divergences = 0, []
    for sequence, logp in zip(expected["sequences"].tolist(), expected["logp"], strict=True):
        got = model.next_token_logprobs([sequence[: end + 1] for end in range(len(sequence))])
        n_alike += int((got.argmax(-1) == logp.argmax(-1)).sum())
        divergences.append(_divergence_nats(logp.astype(np.float64), got))
    divergence_nats = float(np.mean(divergences))
    print(f"likeliest token: {n_alike} of {expected['sequences'].size} positions alike")
    print(f"mean divergence: {divergence_nats:.2e} nats")
    return 1 if wrong or not divergence_nats <= MOST_DIVERGENCE_NATS else 0


def _divergence_nats(logp: NDArray[np.float64], other_logp: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n_positions,) of the second distribution from the first; both (n_positions, n_vocabulary)."""
    return (np.exp(logp) * (logp - other_logp)).sum(-1)


if __name__ == "__main__":
    sys.exit(main())
