"""Where a text is cut for the model, and cuts that stay in place while the text is typed on. Knows no probabilities.

What is typed behind an anchor is forced as the beginning of the middle (PSM), or simply appended (SPM, plain); the
tokens before stay as they are, and so do their keys and values in the cache (docs/exactness.md, section 7).
"""

from __future__ import annotations

from dataclasses import dataclass

from byte_fim.boundary import find_boundary, line_start
from byte_fim.conditioning import Conditioning
from byte_fim.cover import Covers
from byte_fim.fim import CutPolicy, FimFormat, FindOutline, Hole, Layout, Prompt, fit_hole_with_outline, lay_out
from byte_fim.model import Tokenizing
from byte_fim.sequences import common_beginning
from byte_fim.vocab import Tokens

TYPED_TOKENS = 256  # forced behind a PSM anchor; models are trained on middles of a few lines
_SLACK_SHARE = 1 / 8  # of the room, left free for typing, so that a cut text need not be cut anew at every line
_KEPT = 8  # places between which people go back and forth
_TYPED_AT_ONCE_BYTES = 256  # more than this at one time is not typing on but another text
_LEAST_LEAD_BYTES = 256  # behind text that is skipped; what is shorter may stand in another text too


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """How texts are to be laid out; anchors of one scheme are of no use to another."""

    layout: Layout
    cut: CutPolicy
    conditioning: Conditioning
    n_room_tokens: int
    """for prefix and suffix together"""
    preamble: Tokens = ()
    """what stands in front of them, whatever the layout"""

    @property
    def n_slack_tokens(self) -> int:
        """Room that is left free when a long text is cut."""
        return int(self.n_room_tokens * _SLACK_SHARE)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A cut in a text: what stands before it and after the cursor is laid out for good."""

    scheme: Scheme
    lead: bytes
    """before the cut, as far as it fits"""
    lead_tokens: Tokens
    """with the outline of what did not fit before it"""
    suffix: bytes
    """as far as it fits"""
    suffix_tokens: Tokens
    n_skipped_bytes: int
    """of the prefix, before the lead"""
    is_suffix_whole: bool

    @property
    def n_typed_tokens(self) -> int:
        """Room behind the cut."""
        n_left = self.scheme.n_room_tokens - len(self.lead_tokens) - len(self.suffix_tokens)
        return min(n_left, TYPED_TOKENS) if self.scheme.layout == "psm" else n_left

    @property
    def is_distinct(self) -> bool:
        """True when the lead tells this text from others, as it must where text before it was skipped.

        False behind a line longer than the room: the lead may be empty, which fits anywhere.
        """
        return not self.n_skipped_bytes or len(self.lead) >= _LEAST_LEAD_BYTES

    def find_typed(self, prefix: bytes, suffix: bytes) -> bytes | None:
        """What stands between the cut and the cursor; None when the text is not the one that was cut."""
        if not suffix.startswith(self.suffix) or self.is_suffix_whole != (len(suffix) == len(self.suffix)):
            return None
        if not self.is_distinct:
            return None
        start = self.n_skipped_bytes
        if start and not prefix.startswith(self.lead, start):
            start = prefix.rfind(self.lead, 1)  # what was skipped has changed, which is no matter
        return prefix[start + len(self.lead) :] if start >= 0 and prefix.startswith(self.lead, start) else None


@dataclass(frozen=True, slots=True)
class _Kept:
    """An anchor and what stood behind it last."""

    anchor: Anchor
    typed: bytes
    n_typed_tokens: int
    """settled ones behind the cut"""
    n_first_tokens: int
    """as many when the cut was made"""

    @property
    def is_worn(self) -> bool:
        """True when most of the room that was free at first is used up."""
        n_free_at_first = self.anchor.n_typed_tokens - self.n_first_tokens
        return self.n_typed_tokens - self.n_first_tokens > n_free_at_first // 2


class Anchors:
    """The anchors of one model, least recently used dropped first, each with what stood behind it last."""

    def __init__(self, find_outline: FindOutline = lambda skipped, kept, n_bytes: b"") -> None:
        """`find_outline` says what of a text that does not fit stands in its place, from one anchor to the next."""
        self._find_outline = find_outline
        self._kept: list[_Kept] = []

    def lay_out(self, model: Tokenizing, fim: FimFormat, prefix: bytes, suffix: bytes, scheme: Scheme) -> Prompt:
        """The prompt at an anchor that fits, else at a new one. Raises NoFimTokens."""
        if scheme.conditioning != "exact":
            anchor, tail = _cut_as_it_stands(model, prefix, suffix, scheme, self._find_outline)
            return _lay_out(fim, anchor, (), tail)
        found = self._take_fitting(model, fim, prefix, suffix, scheme)
        if found is None:
            anchor, typed = _drop_anchor(model, prefix, suffix, scheme, self._find_outline)
            prompt, n_tokens = _force(model, fim, anchor, typed)
            kept = _Kept(anchor, typed, n_tokens, n_tokens)
        else:
            kept, prompt = found
        of_use = (earlier for earlier in self._kept if earlier.anchor.is_distinct)
        self._kept = [*of_use, kept][-_KEPT:]
        return prompt

    def _take_fitting(
        self, model: Tokenizing, fim: FimFormat, prefix: bytes, suffix: bytes, scheme: Scheme
    ) -> tuple[_Kept, Prompt] | None:
        """Takes out the latest anchor that fits and still has room, with the text as it is now behind it."""
        for i in range(len(self._kept) - 1, -1, -1):
            earlier = self._kept[i]
            anchor = earlier.anchor
            typed = anchor.find_typed(prefix, suffix) if anchor.scheme == scheme else None
            if typed is None or not _goes_on(earlier.typed, typed):
                continue
            prompt, n_tokens = _force(model, fim, anchor, typed)
            if n_tokens <= anchor.n_typed_tokens:
                del self._kept[i]
                return _Kept(anchor, typed, n_tokens, earlier.n_first_tokens), prompt
        return None

    def is_worn(self, scheme: Scheme) -> bool:
        """True when so much was typed behind the anchor used last that a new one is better laid out while nobody waits.

        Anchors of another scheme are none of its business: then False.
        """
        return bool(self._kept) and self._kept[-1].anchor.scheme == scheme and self._kept[-1].is_worn

    def adopt(self, others: Anchors) -> None:
        """Takes over anchors that were laid out elsewhere, as the most recently used."""
        self._kept = [*self._kept, *others._kept][-_KEPT:]


def _goes_on(earlier: bytes, typed: bytes) -> bool:
    """True when only the end differs, and not by much: something was typed or deleted there."""
    n_common = common_beginning(earlier, typed)
    return max(len(earlier), len(typed)) - n_common <= _TYPED_AT_ONCE_BYTES


def _force(model: Tokenizing, fim: FimFormat, anchor: Anchor, typed: bytes) -> tuple[Prompt, int]:
    """The prompt with what was typed behind the anchor, and how many tokens of it are settled."""
    boundary = find_boundary(Covers.of(model).canonical, typed)
    tokens = tuple(model.tokenize(typed[:boundary]))
    return _lay_out(fim, anchor, tokens, typed[boundary:]), len(tokens)


def _lay_out(fim: FimFormat, anchor: Anchor, typed: Tokens, tail: bytes) -> Prompt:
    scheme = anchor.scheme
    return lay_out(
        fim,
        scheme.layout,
        preamble=scheme.preamble,
        lead=anchor.lead_tokens,
        suffix=anchor.suffix_tokens,
        typed=typed,
        tail=tail,
    )


def _drop_anchor(
    model: Tokenizing, prefix: bytes, suffix: bytes, scheme: Scheme, find_outline: FindOutline
) -> tuple[Anchor, bytes]:
    """A new anchor where the policy wants it, and what stands behind it."""
    hole = _fit(model, prefix, suffix, scheme, find_outline)
    canonical = Covers.of(model).canonical
    cut = find_boundary(canonical, hole.prefix, latest=line_start(hole.prefix))
    if scheme.layout == "psm":
        if scheme.cut == "cursor":
            cut = len(hole.prefix)
        elif scheme.cut == "word" or len(model.tokenize(hole.prefix[cut:])) > TYPED_TOKENS // 2:
            cut = find_boundary(canonical, hole.prefix)
    return _anchor_at(model, cut, hole, prefix, suffix, scheme), hole.prefix[cut:]


def _cut_as_it_stands(
    model: Tokenizing, prefix: bytes, suffix: bytes, scheme: Scheme, find_outline: FindOutline
) -> tuple[Anchor, bytes]:
    """At the cursor; for healing, before the last token."""
    hole = _fit(model, prefix, suffix, scheme, find_outline)
    cut = len(hole.prefix)
    if scheme.conditioning == "healing" and hole.prefix:
        cut = max(0, cut - len(model.vocab.bytes_of(hole.prefix_tokens[-1])))  # a token may reach into the outline
    return _anchor_at(model, cut, hole, prefix, suffix, scheme), hole.prefix[cut:]


def _fit(model: Tokenizing, prefix: bytes, suffix: bytes, scheme: Scheme, find_outline: FindOutline) -> Hole:
    after = b"" if scheme.layout == "plain" else suffix
    n_tokens = scheme.n_room_tokens - scheme.n_slack_tokens
    return fit_hole_with_outline(model.tokenize, prefix, after, n_tokens=n_tokens, find_outline=find_outline)


def _anchor_at(model: Tokenizing, cut: int, hole: Hole, prefix: bytes, suffix: bytes, scheme: Scheme) -> Anchor:
    return Anchor(
        scheme=scheme,
        lead=hole.prefix[:cut],
        lead_tokens=_tokens_before(model, hole, cut),
        suffix=hole.suffix,
        suffix_tokens=hole.suffix_tokens,
        n_skipped_bytes=len(prefix) - len(hole.prefix),
        is_suffix_whole=len(suffix) == len(hole.suffix),
    )


def _tokens_before(model: Tokenizing, hole: Hole, cut: int) -> Tokens:
    """Tokens of outline and prefix up to `cut`: of the encoding at hand when a token ends there, else encoded anew."""
    n_tokens, offset = len(hole.prefix_tokens), len(hole.prefix)
    while offset > cut and n_tokens:
        n_tokens -= 1
        offset -= len(model.vocab.bytes_of(hole.prefix_tokens[n_tokens]))
    is_border = model.vocab.decode(hole.prefix_tokens[n_tokens:]) == hole.prefix[cut:]
    return hole.prefix_tokens[:n_tokens] if is_border else tuple(model.tokenize(hole.outline + hole.prefix[:cut]))
