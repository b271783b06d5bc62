"""What may go wrong with a model, sorted by who must act. Imports nothing: whoever only tells of it stays light."""

from __future__ import annotations


class ModelError(Exception):
    """Something about a model or its file; the message is one sentence with the remedy."""


class BadModelFile(ModelError):
    """The file cannot be used as a model; its owner must act."""


class OutOfMemory(BadModelFile):
    """Memory does not suffice to load it this way; with a smaller context or coarser weights it might."""


class UnsupportedVocabulary(BadModelFile):
    """The file's tokenizer is of a kind for which exactness is not known."""


class ModelFailed(ModelError):
    """The runtime failed while evaluating; what it had cached is dropped."""


class ContextTooLong(ModelError):
    """More tokens than the model's context holds."""


class DecodeAborted(Exception):
    """`should_stop` ended an evaluation; nothing is broken."""
