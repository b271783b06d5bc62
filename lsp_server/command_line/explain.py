"""Completions and byte laws as text for people. Knows nothing of models, files, editors or terminals.

Terms: docs/glossary.md (stem, open tail, cover, missing mass).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from byte_fim.complete import Cover
from byte_fim.distribution import END, MissingMass
from byte_fim.ensemble import DropOut, Share
from byte_fim.model import Float64Array
from byte_fim.utf8 import unfinished_character
from byte_fim.vocab import TokenId, Vocab

N_STEM_TOKENS_SHOWN = 6  # enough to see where the boundary lies
N_COVERS_SHOWN = 10
N_OUTCOMES_SHOWN = 12
N_LINES_BEFORE = 3  # document lines above the cursor's, for orientation
BAR_WIDTH = 30  # characters
LEAST_LOGP_SHOWN = math.log(1e-6)

_SIGNS = {" ": "␣", "\n": "⏎", "\r": "␍", "\t": "⇥"}
_COLOUR_ON, _COLOUR_OFF = "\x1b[32m", "\x1b[0m"


class Evidence(Protocol):
    """What a `Completion` and a `NextByteLaw` both say about the cursor."""

    @property
    def stem_tokens(self) -> Sequence[TokenId]: ...
    @property
    def tail(self) -> bytes: ...
    @property
    def covers(self) -> Sequence[Cover]: ...
    @property
    def n_contexts(self) -> int: ...


def visible(text: bytes) -> str:
    """The bytes as printable text: blanks and line ends as signs, what is no UTF-8 or not printable as escapes."""
    return "".join(map(_visible_character, text.decode("utf-8", "backslashreplace")))


def outcome_label(outcome: int) -> str:
    """A short name for one entry of a byte law: `g`, `␣`, `\\xc3` or END."""
    return "END" if outcome == END else visible(bytes([outcome]))


def render_insertion(prefix: bytes, middle: bytes, suffix: bytes, *, in_colour: bool) -> str:
    """The document's lines around the cursor with the suggestion in place, marked by colour or by ⟦ ⟧."""
    whole = len(prefix) - len(unfinished_character(prefix))
    first_number = max(prefix.count(b"\n") - N_LINES_BEFORE, 0)
    head = prefix[:whole].decode("utf-8", "replace").split("\n")[first_number:]
    shown = (prefix[whole:] + middle).decode("utf-8", "replace").split("\n")
    tail = suffix.decode("utf-8", "replace").split("\n")[:2]
    on, off = (_COLOUR_ON, _COLOUR_OFF) if in_colour else ("⟦", "⟧")
    if in_colour:  # every line by itself, so that a pager or a cut line does not bleed
        marked = "\n".join(f"{on}{line}{off}" if line else "" for line in shown)
    else:
        marked = on + "\n".join(shown) + off
    text = "\n".join(head) + marked + "\n".join(tail)
    numbered = enumerate(text.split("\n"), start=first_number + 1)
    return "\n".join(f"{number:>5} │ {line}".rstrip() for number, line in numbered)


def explain_evidence(evidence: Evidence, vocab: Vocab) -> str:
    """Stem, open tail, and covers with their weights."""
    last = evidence.stem_tokens[-N_STEM_TOKENS_SHOWN:]
    ellipsis = "… " if len(last) < len(evidence.stem_tokens) else ""
    tail = f"{visible(evidence.tail)} ({_count(len(evidence.tail), 'byte')})" if evidence.tail else "empty"
    lines = [
        f"stem       {_count(len(evidence.stem_tokens), 'token')}; the last: {ellipsis}{_spelled(last, vocab)}",
        f"open tail  {tail}",
    ]
    if evidence.covers:
        contexts = _count(evidence.n_contexts, "context")
        lines.append(f"covers     of {contexts}, with their share of the probability at the cursor:")
        lines += _cover_lines(evidence.covers, vocab)
    else:
        lines.append("covers     none were looked for")
    return "\n".join(lines)


class Jointly(Protocol):
    """What several models as one say of themselves."""

    @property
    def shares(self) -> Sequence[Share]: ...
    @property
    def dropped(self) -> Sequence[DropOut]: ...


def explain_members(found: Jointly) -> str:
    """Who counted how much at the cursor, and who dropped out; a line each."""
    lines = [f"member     {share.name}: weight {_percent(share.weight)}" for share in found.shares]
    return "\n".join([*lines, *(f"member     {drop.name} dropped out: {drop.reason}" for drop in found.dropped)])


def explain_missing_mass(missing: MissingMass, *, of: str = "covers") -> str:
    """Both kinds of missing mass, one line."""
    noncanonical = "not looked at" if missing.noncanonical is None else _percent(missing.noncanonical)
    return f"missing    of the {of}: noncanonical {noncanonical}, pruned {_percent(missing.pruned)}"


def explain_numbers(tokens: Mapping[str, int], timings_ms: Mapping[str, float]) -> str:
    """Token counts and times, one line each."""
    counted = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in tokens.items())
    timed = ", ".join(f"{stage} {ms:.0f} ms" for stage, ms in timings_ms.items())
    return f"tokens     {counted}\ntime       {timed}"


def explain_outcomes(logp: Float64Array) -> str:
    """The likeliest next bytes with their probabilities, as a table with bars."""
    lines: list[str] = []
    for outcome in likeliest_outcomes([logp], n=N_OUTCOMES_SHOWN):
        p = math.exp(logp[outcome])
        lines.append(f"  {_percent(p):>10}  {outcome_label(outcome):<5} {'█' * round(p * BAR_WIDTH)}".rstrip())
    return "\n".join(lines)


def likeliest_outcomes(laws: Sequence[Float64Array], *, n: int) -> list[int]:
    """At most `n` outcomes, the likeliest by any of the laws first, without those that no law gives much."""
    best = np.max(np.stack(laws), axis=0)
    order = np.argsort(-best, kind="stable")[:n]
    return [int(outcome) for outcome in order if best[outcome] > LEAST_LOGP_SHOWN]


def _cover_lines(covers: Sequence[Cover], vocab: Vocab) -> Iterable[str]:
    for cover in covers[:N_COVERS_SHOWN]:
        yield f"  {_percent(math.exp(cover.logp)):>10}  {_spelled(cover.tokens, vocab)}"
    rest = covers[N_COVERS_SHOWN:]
    if rest:
        yield f"  {_percent(sum(math.exp(cover.logp) for cover in rest)):>10}  in {len(rest)} more"


def _spelled(tokens: Sequence[TokenId], vocab: Vocab) -> str:
    """Tokens parted by bars; special ids by number, since they have no bytes."""
    parts = (f"<{token}>" if vocab.is_special(token) else visible(vocab.bytes_of(token)) for token in tokens)
    return " | ".join(parts) or "(none)"


def _visible_character(character: str) -> str:
    if character in _SIGNS:
        return _SIGNS[character]
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def _percent(share: float) -> str:
    return "0 %" if share == 0 else f"{100 * share:.3g} %"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
