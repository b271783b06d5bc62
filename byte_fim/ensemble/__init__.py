"""Several models as one: the byte law of an ensemble, whatever the vocabularies of its members.

Knows no files, threads or clocks; how members are evaluated side by side is passed in. Definitions:
docs/exactness.md, section 12.
"""

from byte_fim.ensemble.blend import Kind
from byte_fim.ensemble.complete import EnsembleCompletion, EnsembleOptions, Share, complete_ensemble
from byte_fim.ensemble.member import Member
from byte_fim.ensemble.state import DropOut, EnsembleState, Parallel
from byte_fim.ensemble.weights import Adaptation

__all__ = [
    "Adaptation",
    "DropOut",
    "EnsembleCompletion",
    "EnsembleOptions",
    "EnsembleState",
    "Kind",
    "Member",
    "Parallel",
    "Share",
    "complete_ensemble",
]
