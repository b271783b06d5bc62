"""What a model's file can do for code completion, said before it is used: facts from its header, and what it showed.

The figures come from the self-test, which runs once per file in a throw-away process and is remembered. How they are
read: the first way within one hole of the best is taken, in the order of `WAYS`. Knows neither prompts nor the editor.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from byte_fim.errors import BadModelFile, ModelError
from lsp_server.model.load_params import AS_IT_IS, LoadParams
from lsp_server.model.self_test import CHILD_COMMAND, PREFIX_FIRST, SUFFIX_FIRST, WAYS, Measurement, Score, Way
from lsp_server.model.trial import LEAST_TIMEOUT_S, TIMEOUT_S_PER_BYTE, TrialOutcome, try_model
from lsp_server.store.entries import ModelFamily
from lsp_server.store.file import key_of, require_model_file
from lsp_server.store.usable import find_memory_warning, require_whole
from lsp_server.system.child_process import ChildDied, ask_child
from lsp_server.system.findings import Findings, find_cache_file
from lsp_server.system.memory import find_memory

CACHE_FILE = "self-tests.json"
AT_START_LIMIT_S = 2.0
"""For the self-test of an unknown model while somebody waits for his first suggestion."""
ASKED_LIMIT_S = 15.0
"""For whoever asks what a model can do: an idle laptop asks one of 7 billion parameters a few holes in it."""
_HOLES = 1  # raise it with every change of the holes: earlier figures are then of no use
_MARGIN_HOLES = 1  # what is no better than this is chance
_ENOUGH_HOLES = 8  # to say that a model fills none
_CONTEXT_LIMIT_TOKENS = 4096  # as the adapter takes where nothing else is set


SelfTest = Callable[[Path, LoadParams, ModelFamily | None], Measurement | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a file can do."""

    reason: str = ""
    """Why it cannot be used, as a sentence with the remedy; empty when it can."""
    way: Way = WAYS[0]
    """how it is asked best"""
    measurement: Measurement | None = None
    """None: it could not be measured"""
    architecture: str = ""
    n_trained_tokens: int = 0
    """the longest context of its training; 0 when the file does not say"""
    is_chat: bool = False
    """it comes with a template for conversations"""
    warning: str | None = None
    """a sentence about memory"""

    @property
    def is_usable(self) -> bool:
        """False: there is a reason why not."""
        return not self.reason

    @property
    def line(self) -> str:
        """The verdict for people."""
        if self.reason:
            return f"not usable: {self.reason}"
        found = self.measurement
        if found is None or not found.n_holes:
            return f"not measured, because the model is too slow for that ({self.way} is assumed)"
        chat = "it is a chat model, " if self.is_chat else ""
        if len(found.scores) == 1:
            return f"plain completion only: {chat}it has no fill-in-the-middle tokens ({_told(found, found.scores[0])})"
        best = _score_of(found, self.way)
        if not max(score.n_right for score in found.scores) and found.n_holes >= _ENOUGH_HOLES:
            return f"hardly of use: {chat}none of {found.n_holes} small holes filled, in whatever layout"
        if self.way.layout == "plain":
            others = max((score for score in found.scores if score is not best), key=lambda score: score.n_right)
            return (
                "plain completion only: it has fill-in-the-middle tokens, but does worse with them"
                f" ({_told(found, best)}; {_told(found, others)})"
            )
        told = f"({_told(found, best)}, ends by itself {_percent(best.n_ended, found)}; {_holes(found)})"
        plain = found.scores[-1]
        if best.n_right <= plain.n_right + _MARGIN_HOLES:
            return f"FIM weak, hardly better than without the suffix {told}"
        return f"FIM ok {told}"

    def as_json(self) -> dict[str, object]:
        """All of it, for scripts. `exact_match` and `ends_by_itself` are shares of `n_holes`."""
        found = self.measurement
        return {
            "is_usable": self.is_usable,
            "line": self.line,
            "reason": self.reason or None,
            "layout": self.way.layout,
            "cut": self.way.cut,
            "architecture": self.architecture,
            "n_trained_tokens": self.n_trained_tokens,
            "is_chat": self.is_chat,
            "warning": self.warning,
            "n_holes": found.n_holes if found else 0,
            "ways": _list_ways(found) if found and found.n_holes else [],
        }


def find_verdict(
    path: Path,
    tell: Callable[[str], None] = lambda message: None,
    *,
    params: LoadParams = AS_IT_IS,
    family: ModelFamily | None = None,
    trial: Callable[[Path, LoadParams], TrialOutcome] = try_model,
    command: Sequence[str] = CHILD_COMMAND,
    cache_file: Path | None = None,
) -> Verdict:
    """The verdict about any file, bad ones included; never raises. Takes 20 s at most once the model is loaded.

    `tell` hears what is being done, for people. What is known of the model's `family` is
    not chosen by what is measured.
    """
    try:
        require_model_file(path)
        tell("checking that the model runs on this machine")
        tried = trial(path, params)
        tell("asking the model to fill small holes in code")
        found = measure_once(path, tried.params, family, limit_s=ASKED_LIMIT_S, command=command, cache_file=cache_file)
        header = require_whole(path)
    except ModelError as error:
        return Verdict(reason=str(error))
    n_trained_tokens = header.find_count("{arch}.context_length")
    n_context_tokens = tried.params.n_context_tokens or min(n_trained_tokens, _CONTEXT_LIMIT_TOKENS)
    return Verdict(
        way=known_way(family) or choose_way(found),
        measurement=found,
        architecture=header.architecture,
        n_trained_tokens=n_trained_tokens,
        is_chat=bool(header.find_text("tokenizer.chat_template")),
        warning=find_memory_warning(header, memory=find_memory(), n_context_tokens=n_context_tokens),
    )


def measure_once(
    path: Path,
    params: LoadParams,
    family: ModelFamily | None = None,
    *,
    limit_s: float = AT_START_LIMIT_S,
    command: Sequence[str] = CHILD_COMMAND,
    cache_file: Path | None = None,
) -> Measurement | None:
    """What the self-test found for the file, now or earlier; None when it failed. Raises BadModelFile.

    Who asks for longer than a start may take gets all holes, as far as there is time, even where some were measured.
    """
    findings = Findings(cache_file or find_cache_file(CACHE_FILE), "measured")
    fim_texts = fim_texts_of(family)
    order = SUFFIX_FIRST if family and family.suffix_first else PREFIX_FIRST
    key = key_of(path, _HOLES, fim_texts, order, params.identify_loras())
    known = Measurement.from_json(findings.find(key))
    if known is not None and (known.is_whole or limit_s <= AT_START_LIMIT_S):
        return known
    timeout_s = LEAST_TIMEOUT_S + path.stat().st_size * TIMEOUT_S_PER_BYTE + 2 * limit_s
    asked = [*command, str(path), json.dumps(asdict(params)), str(limit_s), order, *fim_texts]
    try:
        said = ask_child(asked, timeout_s=timeout_s)
    except ChildDied:
        return known  # the trial has survived, so the model works; what suits it stays a guess
    found = Measurement.from_json(said)
    if found is None:
        raise BadModelFile(str(said.get("reason")))
    if known is None or found.n_holes > known.n_holes:
        findings.keep(key, asdict(found))
        return found
    return known


def known_way(family: ModelFamily | None) -> Way | None:
    """How a model of the family is asked; None where that is not certain."""
    if family is None or not family.is_certain:
        return None
    return Way(family.layout, family.cut) if family.layout == "psm" else Way(family.layout)


def fim_texts_of(family: ModelFamily | None) -> Sequence[str]:
    """How the family's vocabulary spells prefix, suffix and middle; empty where llama.cpp finds them by itself."""
    return (family and family.fim_texts) or ()


def choose_way(found: Measurement | None) -> Way:
    """How a model is asked that showed this; what suits most models where it showed nothing."""
    if found is None:
        return WAYS[0]
    most = max(score.n_right for score in found.scores)
    return next(score.way for score in found.scores if score.n_right >= most - _MARGIN_HOLES)


def _list_ways(found: Measurement) -> list[dict[str, object]]:
    return [
        {
            "layout": score.way.layout,
            "cut": score.way.cut,
            "exact_match": score.n_right / found.n_holes,
            "ends_by_itself": score.n_ended / found.n_holes,
        }
        for score in found.scores
    ]


def _score_of(found: Measurement, way: Way) -> Score:
    return next(score for score in found.scores if score.way == way)


def _told(found: Measurement, score: Score) -> str:
    return f"{score.way}, exact match {_percent(score.n_right, found)}"


def _percent(n: int, found: Measurement) -> str:
    return f"{100 * n / found.n_holes:.0f} %"


def _holes(found: Measurement) -> str:
    return f"{found.n_holes} holes" if found.is_whole else f"only {found.n_holes} holes, the model is slow"
