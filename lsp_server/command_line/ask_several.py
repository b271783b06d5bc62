"""The questions of `bytefim complete` and `next-byte`, put to several models as one. Knows no arguments and no output.

Definitions: docs/exactness.md, section 12.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from byte_fim.ensemble import (
    DropOut,
    EnsembleCompletion,
    EnsembleOptions,
    EnsembleState,
    Member,
    Share,
    complete_ensemble,
)
from byte_fim.ensemble.complete import done_since
from byte_fim.generate import FindEnd
from byte_fim.next_byte import NextByteLaw
from byte_fim.state import DEFAULT_PRUNE
from lsp_server.command_line.cursor import Cursor
from lsp_server.model.loading import LoadedModel
from lsp_server.model.several_models import member_of, options_of
from lsp_server.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class JointLaw(NextByteLaw):
    """A law, with who made it. It has no covers; tokens are those of the first member that counts."""

    shares: tuple[Share, ...]
    dropped: tuple[DropOut, ...]


def joint_options(settings: Settings, **how: float) -> EnsembleOptions:
    """How models complete together; `how` are further options. Weights in the settings stay as they are."""
    return replace(options_of(settings, has_weights=bool(settings.weights)), **how)


def complete_together(
    models: Sequence[LoadedModel], cursor: Cursor, settings: Settings, *, options: EnsembleOptions, find_end: FindEnd
) -> EnsembleCompletion:
    """The middle that the models say together. Raises ModelError when none can."""
    members = _members(models, settings)
    return complete_ensemble(members, cursor.prefix, cursor.suffix, options=options, find_end=find_end)


def law_together(models: Sequence[LoadedModel], prefix: bytes, suffix: bytes, settings: Settings) -> JointLaw:
    """The law of the byte after the prefix. Raises ModelError when no model has one."""
    members = [replace(member, prune=DEFAULT_PRUNE) for member in _members(models, settings)]
    options = joint_options(settings)
    before = [member.model.counts for member in members]
    state = EnsembleState.start(members, prefix, suffix, kind=options.kind, adaptation=options.adaptation)
    law = state.byte_law()
    first = state.live[0].text if state.live else None
    shares = zip(state.live, state.weights, strict=True)
    return JointLaw(
        distribution=law,
        cover_missing_mass=state.missing_mass,
        covers=(),
        n_contexts=sum(member.n_contexts for member in state.live),
        counts=done_since(members, before),
        stem_tokens=first.stem if first else (),
        tail=first.tail if first else b"",
        shares=tuple(Share(each.member.name, float(weight)) for each, weight in shares),
        dropped=state.dropped,
    )


def _members(models: Sequence[LoadedModel], settings: Settings) -> list[Member]:
    weights = settings.weights or (1.0,) * len(models)
    return [member_of(each, settings, weight=weight) for each, weight in zip(models, weights, strict=True)]
