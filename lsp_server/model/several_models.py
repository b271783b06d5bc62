"""Several models asked as one, byte by byte, with what outlives a request: anchors, and who has failed how often.

What was said by four fifths of the request's time is offered. A member that fails, or uses up its part of that time
(time_shares.py), drops out of the request; after three requests in a row it is asked no more until it is loaded again.
Definitions: docs/exactness.md, section 12.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from byte_fim.anchor import Anchors
from byte_fim.ensemble import Adaptation, DropOut, EnsembleCompletion, EnsembleOptions, Kind, Member, complete_ensemble
from byte_fim.generate import FindEnd, ShouldStop
from byte_fim.model import DecodeCounts, TokenModel
from lsp_server.context.chunks import NONE_CHOSEN, OFF, SHOWN
from lsp_server.context.outline import find_outline
from lsp_server.context.preambles import Preambles, Shown
from lsp_server.documents.request import CompletionRequest
from lsp_server.model import project_words
from lsp_server.model.loading import LoadedModel
from lsp_server.model.loading_several import LoadedEnsemble
from lsp_server.model.project_words import ProjectWords
from lsp_server.model.speaking import Said
from lsp_server.model.time_shares import CallAfter, TimeShares
from lsp_server.settings import EnsembleChoice, Settings
from lsp_server.suggestion.answer import Answer

BYTES_PER_TOKEN = 4  # of code, about: the budget of an ensemble is in bytes
MAX_FAILURES = 3  # requests in a row
TIME_SHARE = 0.8  # of setting deadline_ms: bytes are slow to come, and some of them are better than none
PRUNE = 1e-2  # of the members' laws: the same texts as at 1e-3, with two thirds of the decode calls
_REMEDY = "choose a smaller model, or restart the model to try again."
KINDS: Mapping[EnsembleChoice, Kind] = {"mixture": "arithmetic", "product": "geometric"}


def options_of(settings: Settings, *, has_weights: bool) -> EnsembleOptions:
    """How an ensemble completes under these settings; weights that are not fixed follow what is said."""
    return EnsembleOptions(
        kind=KINDS[settings.ensemble],
        adaptation=None if has_weights else Adaptation(),
        max_bytes=settings.max_tokens * BYTES_PER_TOKEN,
    )


def member_weights(settings: Settings, *, n_models: int) -> Sequence[float]:
    """(n_models,) what each model counts at first; with the project's words, which get the rest, they sum to one."""
    # for a moment, while other models are loaded, there may be another number of them
    relative = settings.weights if len(settings.weights) == n_models else (1.0,) * n_models
    all_models = 1 - project_words.SHARE if settings.project_words else 1.0
    return [all_models * weight / sum(relative) for weight in relative]


def member_of(loaded: LoadedModel, settings: Settings, *, weight: float = 1.0) -> Member:
    """A loaded model as a member; one without FIM tokens goes on from left to right, whatever the layout."""
    return Member(
        name=loaded.name,
        model=loaded.model,
        fim=loaded.fim,
        layout=settings.layout if settings.layout != "auto" and loaded.fim.is_complete else loaded.layout,
        cut=loaded.cut,
        weight=weight,
        prune=PRUNE,
        anchors=Anchors(find_outline),
    )


@dataclass(slots=True)
class _Colleague:
    """One of the models, through all requests."""

    loaded: LoadedModel
    model: TokenModel
    """which keeps to its part of the time"""
    preambles: Preambles
    place: int
    """which of the settings' models it is"""
    anchors: Anchors = field(default_factory=lambda: Anchors(find_outline))
    n_failures: int = 0
    """requests in a row"""
    why_out: str = ""
    """empty: it takes part"""


class SeveralModels:
    """A `Speaker` for models that complete as one."""

    def __init__(self, loaded: LoadedEnsemble, *, call_after: CallAfter, clock: Callable[[], float]) -> None:
        self.name = loaded.name
        self.uses_devices = any(each.uses_devices for each in loaded.models)
        self._shares = TimeShares(loaded.models, call_after=call_after, clock=clock)
        places = loaded.places or range(len(loaded.models))
        self._all = [
            _Colleague(each, model, Preambles(each.model, each.fim), place)
            for each, model, place in zip(loaded.models, self._shares.models, places, strict=True)
        ]
        self._clock = clock
        self._words = ProjectWords() if loaded.has_words else None
        self._missing = loaded.missing
        self._n_wanted = len(self._all) + len(loaded.missing)

    def most_steps(self, settings: Settings) -> int:
        """Bytes."""
        return settings.max_tokens * BYTES_PER_TOKEN

    def say(self, asked: CompletionRequest, settings: Settings, *, should_stop: ShouldStop, find_end: FindEnd) -> Said:
        """See Speaker."""
        dropped = self._who_is_out()
        taking_part = [i for i, each in enumerate(self._all) if not each.why_out]
        members, tell_files = self._members(asked, settings)
        time_s = TIME_SHARE * settings.deadline_ms / 1000
        end_s = self._clock() + time_s

        def stop() -> Literal["deadline", "cancelled"] | None:
            return should_stop() or ("deadline" if self._clock() >= end_s else None)

        looked_up = self._words.counts if self._words else DecodeCounts()
        self._shares.begin(taking_part, time_s=time_s)
        try:
            found = self._ask(asked, settings, members, stop, find_end)
        finally:
            self._shares.end()
        if self._words is not None:  # to look words up is no evaluation
            found = replace(found, counts=found.counts.since(self._words.counts.since(looked_up)))
        self._require_a_model(found)
        notice = self._learn_from(found)

        def add_to(answer: Answer) -> Answer:
            shares = tuple((share.name, share.weight) for share in found.shares)
            who_dropped = tuple((drop.name, drop.reason) for drop in (*dropped, *found.dropped))
            return replace(tell_files(answer), members=shares, dropped=who_dropped)

        n_bytes = self.most_steps(settings)
        models = members[: len(taking_part)]  # words are laid out anew in no time
        is_worn = any(member.anchors.is_worn(member.scheme(n_bytes)) for member in models)
        return Said(completion=found, add_to=add_to, is_worn=is_worn, notice=notice)

    def lay_out_anew(self, asked: CompletionRequest, settings: Settings, *, should_stop: ShouldStop) -> None:
        """See Speaker."""
        members, _ = self._members(asked, settings)
        fresh = [replace(member, anchors=Anchors(find_outline)) for member in members]
        self._ask(asked, settings, fresh, should_stop, lambda middle: 0)  # finished once the prompts are evaluated
        for member, new in zip(members, fresh, strict=True):
            member.anchors.adopt(new.anchors)

    def set_abort(self, is_set: bool) -> None:
        """See Speaker."""
        self._shares.set_abort(is_set)

    def memory(self) -> Mapping[str, int]:
        """See Speaker. The sums."""
        total: Counter[str] = Counter()
        for each in self._all:
            total.update(each.loaded.memory())
        return dict(total)

    def close(self) -> None:
        """See Speaker."""
        for each in self._all:
            each.loaded.close()

    def _ask(
        self,
        asked: CompletionRequest,
        settings: Settings,
        members: Sequence[Member],
        should_stop: ShouldStop,
        find_end: FindEnd,
    ) -> EnsembleCompletion:
        options = options_of(settings, has_weights=len(settings.weights) == self._n_wanted)
        return complete_ensemble(
            members, asked.prefix, asked.suffix, options=options, should_stop=should_stop, find_end=find_end
        )

    def _members(self, asked: CompletionRequest, settings: Settings) -> tuple[list[Member], Callable[[Answer], Answer]]:
        """Who takes part; and an answer with what is told of other files."""
        weights = member_weights(settings, n_models=self._n_wanted)
        members, shown = list[Member](), list[Shown]()
        n_bytes = self.most_steps(settings)
        for each in self._all:
            if each.why_out:
                continue
            member = member_of(each.loaded, settings, weight=weights[each.place])
            member = replace(member, model=each.model, anchors=each.anchors)
            if settings.context_files:
                shown.append(each.preambles.of(asked, n_room_tokens=member.scheme(n_bytes).n_room_tokens))
                member = replace(member, preamble=shown[-1].preamble.tokens)
            members.append(member)
        best = next((each for each in shown if each.preamble.files), shown[0] if shown else Shown(reason=OFF))
        if self._words is None:
            return members, best.add_to
        if not settings.context_files:
            asked = replace(asked, context=())
        members.append(self._words.member(asked, weight=project_words.SHARE))
        return members, partial(_add_read, asked, best) if settings.context_files else best.add_to

    def _require_a_model(self, found: EnsembleCompletion) -> None:
        """Raises the error of one when all models have dropped out: what is left knows words and no code."""
        failed = {drop.name: drop.error for drop in found.dropped if drop.error}
        if all(each.why_out or each.loaded.name in failed for each in self._all):
            raise next(error for error in failed.values() if error)

    def _who_is_out(self) -> list[DropOut]:
        """Since an earlier request."""
        return [*self._missing, *(DropOut(each.loaded.name, each.why_out) for each in self._all if each.why_out)]

    def _learn_from(self, found: EnsembleCompletion) -> str:
        """Takes note of who failed; what the user is told of it."""
        failed = {drop.name: drop.reason for drop in found.dropped if drop.error}
        is_whole = found.alternatives[0].stop_reason != "cancelled"
        notices: list[str] = []
        for each in self._all:
            if (reason := failed.get(each.loaded.name)) is not None:
                each.n_failures += 1
                if each.n_failures == MAX_FAILURES and not each.why_out:
                    each.why_out = f"dropped out {MAX_FAILURES} times in a row: {reason}"
                    notices.append(f"{each.loaded.name} completes no longer: {each.why_out}; {_REMEDY}")
            elif is_whole:
                each.n_failures = 0
        return " ".join(notices)


def _add_read(asked: CompletionRequest, shown: Shown, answer: Answer) -> Answer:
    """The answer, with all files that the words are learnt from."""
    files = tuple(chunk.path for chunk in asked.context)
    return replace(shown.add_to(answer), context_files=files, context_reason=SHOWN if files else NONE_CHOSEN)
