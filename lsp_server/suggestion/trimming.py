"""Where a suggestion ends and what is cut from it: one place for all rules of docs/rules.md, in their order.

While the model writes, `Cut.find_end` says when it may stop; of what it wrote, `Cut.trim` keeps what may be offered.
The unit that the cursor stands in decides (place.py, scope.py), then what stands there already (seams.py), then whether
the document stays whole (wholeness.py). Knows no model and no editor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from byte_fim.utf8 import unfinished_character, whole_characters
from lsp_server.documents.request import CompletionRequest
from lsp_server.suggestion.checkpoints import find_checkpoints
from lsp_server.suggestion.degenerate import find_artefact, find_loop
from lsp_server.suggestion.edges import Edges, Trimmed
from lsp_server.suggestion.place import Place, find_place
from lsp_server.suggestion.scope import End, find_closer_of_other, find_scope_end
from lsp_server.suggestion.seams import (
    BLANKS,
    LINE_BREAK,
    WHITE,
    count_repeated_tail,
    rest_of_line,
)
from lsp_server.suggestion.whitespace import (
    Style,
    as_in_file,
    indentation_style,
    without_trailing_blanks,
)
from lsp_server.suggestion.wholeness import Wholeness, last_whole_statement
from lsp_server.syntax.around_cursor import AroundCursor, ParsedAround, PlainAround
from lsp_server.syntax.grammars import find_grammar
from lsp_server.syntax.items import Items, Part
from lsp_server.syntax.trees import Trees
from lsp_server.syntax.window import may_be_parsed, window

ALL = "all that came"  # the reason when nothing but blanks was cut

_BROKEN_LINE = "a line break came in front of text", 10
_NEAR_BYTES = 16_384  # evidence of how a file is indented
_LATE = 0.5  # share of the tokens that a suggestion may have, from which on it ends at the next whole statement


class Trimmer:
    """Trims suggestions; keeps the syntax trees of the documents it was asked about last."""

    def __init__(self) -> None:
        self._trees = Trees()
        self._items = Items()

    def of(self, request: CompletionRequest, *, max_tokens: int | None = None) -> Cut:
        """What is to be cut where an editor asks. See `at`."""
        return self.at(
            request.prefix,
            request.suffix,
            language=request.language,
            uri=request.uri,
            above=request.above,
            below=request.below,
            paths=[chunk.path for chunk in request.context],
            max_tokens=max_tokens,
        )

    def at(
        self,
        prefix: bytes,
        suffix: bytes,
        *,
        language: str = "",
        uri: str = "",
        above: bytes = b"",
        below: bytes = b"",
        paths: Sequence[str] = (),
        max_tokens: int | None = None,
    ) -> Cut:
        """What is to be cut at a cursor; `above` and `below`: the document beyond prefix and suffix, with `\\n` breaks.

        `paths`: of the other files that the model was shown. `max_tokens`: how many the suggestion may have.
        """
        partial = unfinished_character(prefix)
        grammar = find_grammar(language)
        before, after = window(above + prefix[: len(prefix) - len(partial)], suffix + below)
        around: AroundCursor = PlainAround(before, after)
        whole: AroundCursor | None = None
        if grammar is not None and may_be_parsed(before, after):
            part = self._items.around(uri, grammar, before, after)
            if part is not None:
                around = ParsedAround(self._trees, uri, grammar, part)
                if len(part.before) < len(before) or len(part.after) < len(after):
                    everything = Part(before, after, part.is_at_end)
                    whole = ParsedAround(self._trees, f"all of {uri}", grammar, everything)
        late = None if max_tokens is None else round(max_tokens * _LATE)
        return Cut(around, before, after, whole=whole, partial=partial, language=language, paths=paths, late=late)


class Cut:
    """What is cut at one cursor."""

    def __init__(
        self,
        around: AroundCursor,
        before: bytes,
        after: bytes,
        *,
        whole: AroundCursor | None,
        partial: bytes,
        language: str,
        paths: Sequence[str],
        late: int | None,
    ) -> None:
        """`around`: as much of the document as syntax needs; `before` and `after`: more of it, without `partial`.

        `whole`: these to syntax, where `around` is only a part of them. `late`: tokens after which any whole statement
        may be the last; None: none is late.
        """
        self._around = around
        self._wholeness = Wholeness(around, whole or around, partial, is_before_text=bool(rest_of_line(after)))
        self._partial = partial
        self._language = language
        self._paths = paths
        self._prefix = before + partial
        self._suffix = after
        self._late = late
        self._begin()

    def _begin(self) -> None:
        """Forget what was looked at."""
        self._looked_at = b""
        self._n_looks = 0
        self._late_from: int | None = None
        self._end: End | None = None

    def find_end(self, middle: bytes) -> int | None:
        """How many bytes to keep once the suggestion is finished; None while it is not. Asked after each token.

        What is said after the place where that is certain changes nothing, in however large pieces it comes.
        """
        if not middle.startswith(self._looked_at):
            self._begin()
        known = len(self._looked_at)
        self._looked_at = middle
        self._n_looks += 1
        if self._late_from is None and self._late is not None and self._n_looks > self._late:
            self._late_from = known
        if self._end is None:
            for at, is_of_scope in find_checkpoints(middle, known):
                self._end = self._find_end(middle[:at], is_final=False, is_of_scope=is_of_scope)
                if self._end is not None:
                    break
        return None if self._end is None else self._end.n_bytes

    def trim(self, middle: bytes, *, is_whole: bool) -> Trimmed:
        """The middle as it may be offered; empty when there is nothing worth offering.

        `is_whole`: the model has ended it, or `find_end` has; otherwise it was cut off somewhere.
        """
        kept = whole_characters(self._partial + middle)[len(self._partial) :]
        is_known = self._looked_at.startswith(middle)  # and not another alternative of the same length
        is_end = is_known and self._end and self._end.n_bytes == len(middle) and self._end.rule != 28
        end = self._end if is_end else None
        if end is None and self.find_end(middle) is not None:
            end = self._end
        if not kept and end is None:
            return Trimmed(b"", "no whole character came", 6)
        end = end or self._find_end(kept, is_final=True)
        if end is not None and end.rule == 28 and 0 < end.n_bytes < len(kept):
            return self._trim_again(middle[: end.n_bytes], end.reason, end.rule)
        if end is None and not is_whole:
            end = self._fall_back(kept)
        if end is not None:
            kept = kept[: end.n_bytes]
        if not kept.strip(WHITE):
            return Trimmed(b"", *self._why_blank(kept, end))
        n_head, head_reason, head_rule = self._edges.find_head(kept)
        if head_rule == 35 or n_head >= len(kept):
            return Trimmed(b"", head_reason, head_rule)
        cut = self._edges.cut_right(kept[n_head:], Trimmed(b"", end.reason, end.rule) if end else Trimmed(b"", ALL))
        if not cut.middle.strip(WHITE):
            return Trimmed(b"", cut.reason, cut.rule)
        if why_not := self._edges.find_why_not(cut.middle):
            return Trimmed(b"", *why_not)
        if n_head and cut.rule is None:
            cut = replace(cut, reason=head_reason, rule=head_rule)
        return self._finish(middle, cut, n_head)

    @cached_property
    def _edges(self) -> Edges:
        """`partial` is of a character: with it nothing is at the start of a line, and no word is begun."""
        return Edges(
            self._prefix,
            self._suffix,
            place=self._place,
            is_in_string=self._around.situation.in_string,
            is_in_character=bool(self._partial),
            style=self._style,
            paths=self._paths,
        )

    @cached_property
    def _place(self) -> Place:
        return find_place(self._around)

    def _find_end(self, middle: bytes, *, is_final: bool, is_of_scope: bool = True) -> End | None:
        is_in_text = self._place.unit == "line" and not rest_of_line(self._suffix)
        artefact = find_artefact(middle, language=self._language, before=self._prefix, is_in_text=is_in_text)
        loop = find_loop(middle, is_whole=is_final)
        ends = (
            self._find_scope_end(middle, is_final=is_final) if is_of_scope else None,
            None if artefact is None else End(artefact, "what belongs to the prompt only came", 41),
            None if loop is None else End(loop, "it repeats itself", 40),
        )
        return min((end for end in ends if end is not None), key=lambda end: end.n_bytes, default=None)

    def _find_scope_end(self, middle: bytes, *, is_final: bool) -> End | None:
        if rest_of_line(self._suffix):
            return self._find_end_on_line(middle)
        if not middle.strip(WHITE):
            return None
        n_dropped = self._edges.find_head(middle)[0]
        said = middle[n_dropped:]
        # in a string or a comment nothing is code
        tokens = (
            ()
            if self._around.situation.in_string or self._around.situation.in_comment
            else self._around.tokens_of(said)
        )
        late_from = None if self._late_from is None else self._late_from - n_dropped
        end = find_scope_end(said, tokens, self._place, is_final=is_final, late_from=late_from)
        return None if end is None else replace(end, n_bytes=n_dropped + end.n_bytes)

    def _find_end_on_line(self, middle: bytes) -> End | None:
        """9, 10: never more than the line, and nothing that closes what the rest of it closes."""
        broken = LINE_BREAK.search(middle)
        line = middle[: broken.start()] if broken else middle
        rest = rest_of_line(self._suffix).strip(BLANKS)
        is_repeated = rest[:1] in b")]}" or count_repeated_tail(line.rstrip(WHITE), rest) > 0  # see _cut_right
        if not is_repeated and not self._around.situation.in_string:
            closer = find_closer_of_other(self._around.tokens_of(line), self._place)
            if closer is not None:
                return End(closer, "what follows stands there already", 9)
        return End(len(line), "end of line", 10) if broken else None

    def _fall_back(self, kept: bytes) -> End | None:
        """26: the tokens were used up."""
        n = last_whole_statement(kept, self._around.tokens_of(kept))
        return None if n is None else End(n, "back to the last whole statement", 26)

    def _why_blank(self, kept: bytes, end: End | None) -> tuple[str, int | None]:
        if rest_of_line(self._suffix) and end is not None and end.rule == 10:
            return _BROKEN_LINE
        return (end.reason, end.rule) if end is not None and end.rule else ("only blanks came", 39)

    def _finish(self, middle: bytes, cut: Trimmed, n_head: int) -> Trimmed:
        """27, 36, 37: what leaves the document whole, in the white space of the file."""
        tokens = self._around.tokens_of(self._partial + cut.middle)
        sound = self._wholeness.find_sound(cut.middle, tokens)
        if not sound:
            return Trimmed(b"", "it would break what stands around it", 27)
        *parts, kept = sound
        if kept < len(cut.middle):
            return self._trim_again(middle[: n_head + kept], "what came behind would break what stands around it", 27)
        protected = [(token.start, token.end) for token in tokens if token.kind in ("string", "open string")]
        fitted = [self._fit(cut.middle[:n], protected) for n in (*parts, kept)]
        if rest_of_line(self._suffix):
            return replace(cut, n_read_bytes=n_head + cut.n_read_bytes)
        return replace(
            cut,
            middle=fitted[-1],
            n_read_bytes=n_head + cut.n_read_bytes,
            parts=tuple((len(part), n_head + n) for part, n in zip(fitted, parts, strict=False)),
        )

    def _trim_again(self, shorter: bytes, reason: str, rule: int) -> Trimmed:
        """What is left when something broken was cut off may say what stands there already, or nothing."""
        self._begin()
        trimmed = self.trim(shorter, is_whole=True)
        return replace(trimmed, reason=reason, rule=rule) if trimmed.middle else trimmed

    def _fit(self, middle: bytes, protected: Sequence[tuple[int, int]]) -> bytes:
        """In the white space of the file."""
        tidy = without_trailing_blanks(middle.replace(b"\r\n", b"\n"), protected=protected)
        return as_in_file(tidy.text, self._style, before=self._prefix, protected=tidy.moved(protected)).text

    @cached_property
    def _style(self) -> Style | None:
        return indentation_style(self._prefix[-_NEAR_BYTES:] + self._suffix[:_NEAR_BYTES])
