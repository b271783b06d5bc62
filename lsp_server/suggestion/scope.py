"""Where the unit ends that the cursor stands in: the innermost block, statement or argument list (rules 22-32).

Goes over what the model has written so far, line by line and bracket by bracket, and says where it is finished as soon
as that is certain. Tokens come from syntax/; indentation decides where a language has no closers. Knows no model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsp_server.suggestion.lines import first_word, line_before, width
from lsp_server.suggestion.place import Place
from lsp_server.suggestion.seams import WHITE
from lsp_server.syntax.tokens import Token

_LEADS = (b"{", b".", b"?", b"&", b"|", b"+", b")", b"]", b"}")  # what begins a line that goes on with the one before
_ATTRIBUTES = (b"@", b"#[", b"[[", b"template")


@dataclass(frozen=True, slots=True)
class End:
    """Where a suggestion ends, and why."""

    n_bytes: int
    reason: str
    rule: int | None


def find_scope_end(
    said: bytes, tokens: Sequence[Token], place: Place, *, is_final: bool, late_from: int | None = None
) -> End | None:
    """Where `said`, which begins at the cursor, leaves its unit; None while that is not certain.

    `tokens` are those of `said`, with offsets in it; they end early where nothing is certain.
    `is_final`: no more comes. `late_from`: where it has become long enough for any whole statement to be the last.
    """
    return _Walk(said, tokens, place, is_final=is_final, late_from=late_from).find_end()


def find_closer_of_other(tokens: Sequence[Token], place: Place) -> int | None:
    """Where these tokens close what is open before the cursor and closed behind it, and open it no more."""
    n_open, found = 0, None
    for token in tokens:
        n_open += token.is_opener - token.is_closer
        if n_open < 0 and found is None and token.is_closer:
            found = token.start
    is_closed = n_open < 0 and bool(place.openers) and place.is_closed_below(0)
    return found if is_closed else None


@dataclass(frozen=True, slots=True)
class _Line:
    """A line break with what follows: the next line that is not blank."""

    break_at: int
    start: int
    """of the next line that is not blank"""
    text: bytes
    """that line, as far as it has come"""
    is_whole: bool
    """its end has come"""


class _Walk:
    def __init__(
        self, said: bytes, tokens: Sequence[Token], place: Place, *, is_final: bool, late_from: int | None
    ) -> None:
        self._said = said
        self._late_from = late_from
        self._tokens = tokens
        self._place = place.for_text(said)
        self._is_final = is_final
        self._open: list[Token] = []
        self._n_foreign = 0  # openers before the cursor that were closed
        self._has_left = False  # the unit's closer has come
        self._statement_start = len(said) - len(said.lstrip(WHITE))
        self._is_reopened = False
        self._at_comments: End | None = None
        self._lines: list[_Line] = []

    def find_end(self) -> End | None:
        """See find_scope_end."""
        first = self._judge_first_line()
        if first is not None:
            return first
        for event in self._events():
            if self._is_unsure_of(event):
                return None
            end = self._at_break(event) if isinstance(event, _Line) else self._at_token(event)
            if end is not None:
                return end
        return None

    def _events(self) -> Iterator[Token | _Line]:
        """Tokens and line breaks outside of them, in their order."""
        said, at = self._said, 0
        horizon = len(said)
        for token in self._tokens:
            if token.kind == "open string":
                horizon = token.start
                break
            yield from self._breaks(at, max(at, token.start))
            yield token
            # text of markup is no more than words between lines
            at = max(at, token.end if token.kind != "text" else max(at, token.start))
        yield from self._breaks(at, horizon)

    def _breaks(self, start: int, end: int) -> Iterator[_Line]:
        said = self._said
        at = said.find(b"\n", start, end)
        while at >= 0:
            if said[:at].strip(WHITE):
                rest = said[at:]
                next_start = at + len(rest) - len(rest.lstrip(WHITE))
                next_start = said.rfind(b"\n", 0, next_start) + 1
                next_end = said.find(b"\n", next_start)
                is_whole = next_end >= 0
                yield _Line(at, next_start, said[next_start : next_end if is_whole else len(said)], is_whole)
                at = said.find(b"\n", max(next_start, at + 1), end)
            else:
                at = said.find(b"\n", at + 1, end)

    def _is_unsure_of(self, event: Token | _Line) -> bool:
        """True for a closer in the midst of a line that may turn out to be part of a pattern or a text: `/[}]/`."""
        if self._is_final or isinstance(event, _Line) or not event.is_closer or event.start < 0:
            return False
        is_at_line_start = not line_before(self._said[: event.start]).strip(WHITE)
        return not is_at_line_start and b"\n" not in self._said[event.end :]

    def _at_token(self, token: Token) -> End | None:
        if token.start < 0:
            return None
        if token.is_opener:
            if self._is_reopened:
                self._is_reopened = False  # the block that was closed just now, which the text below closes again
            else:
                self._open.append(token)
        elif token.is_closer:
            return self._at_closer(token)
        return None

    def _at_closer(self, token: Token) -> End | None:
        """28, 19: a closer that nothing in the suggestion has opened."""
        if self._open:
            if not self._open[-1].is_closed_by(token):
                return self._end_before(token.start, "a bracket is closed that is not open", 28)
            self._open.pop()
            return None
        openers = self._place.openers
        if self._n_foreign >= len(openers):
            return self._end_before(token.start, "a bracket is closed that is not open", 28)
        opener = openers[-1 - self._n_foreign]
        if not opener.is_closed_by(token):
            return self._end_before(token.start, "a bracket is closed that is not open", 28)
        if self._place.is_closed_below(self._n_foreign):
            self._is_reopened = self._goes_on_after(token)
            may_go_on = self._place.may_go_on_after(opener)
            if self._is_reopened or (may_go_on and not self._is_final and not self._is_known_after(token)):
                return None
            return self._unless_repeated(self._end_before(token.start, "what closes it stands below", 19))
        self._n_foreign += 1
        self._has_left = True
        return None

    def _is_known_after(self, token: Token) -> bool:
        """True when what follows a closer on its line has come."""
        rest = self._said[token.end :]
        line = rest.split(b"\n", 1)[0].strip(WHITE)
        return b"\n" in rest or bool(line and first_word(line) != line)

    def _goes_on_after(self, token: Token) -> bool:
        """24: `} else {` goes on with the scope that it closes, unless the text below has it."""
        word = first_word(self._said[token.end :].split(b"\n", 1)[0])
        line = line_before(self._said[: token.start]) + b"."
        return self._is_continued(word, width(line))

    def _at_break(self, line: _Line) -> End | None:
        unit = self._place.unit
        if self._open and unit != "line":
            return None
        if unit == "line" or unit == "rest":
            return End(len(self._said[: line.break_at].rstrip(b"\r")), "end of line", self._place.line_rule)
        word = first_word(line.text)
        is_known = self._is_final or line.is_whole or self._is_word_known(line.text)
        if not line.text.strip(WHITE):
            return None  # nothing follows yet
        if not is_known:
            return None
        columns = width(line.text)
        if word in self._place.continues and not self._is_continued(word, columns):
            return End(self._trim_end(line.break_at), "what goes on stands below", 24)
        if self._has_left:
            is_led_on = self._is_continued(word, columns) or word == b"{"
            return None if is_led_on else End(line.break_at, "end of the block", 22)
        if end := self._at_repetition(line):
            return end
        end = self._leave_by_indentation(line, word)
        end = None if end is None else self._unless_repeated(end)
        self._lines.append(line)
        if end is not None and line.text.lstrip().startswith(self._place.comment_marks):
            return self._at_comment(line, end)
        comment, self._at_comments = self._at_comments, None
        if end is None and self._is_late(line, word):
            return End(self._trim_end(line.break_at), "the last whole statement, since it has become long", 26)
        return comment if end is not None and comment is not None else end

    def _is_late(self, line: _Line, word: bytes) -> bool:
        """26: True where a whole statement ends and the tokens will soon be used up."""
        if self._late_from is None or line.break_at < self._late_from or word in self._place.continues:
            return False
        last = line_before(self._said[: self._trim_end(line.break_at)])
        leads_on = last.lstrip().startswith((*_ATTRIBUTES, *self._place.comment_marks))
        return not leads_on and not line.text.lstrip().startswith(_LEADS) and width(line.text) <= width(last)

    def _at_comment(self, line: _Line, end: End) -> End | None:
        """Comments belong to what follows them: that decides whether the unit ends in front of them."""
        self._at_comments = self._at_comments or end
        behind = self._said[line.start + len(line.text) :]
        return self._at_comments if self._is_final and not behind.strip(WHITE) else None

    def _is_word_known(self, line: bytes) -> bool:
        """True when what comes can make no word of its beginning that matters."""
        begun = line.lstrip(WHITE)
        return not any(word.startswith(begun) for word in (*self._place.continues, *self._place.comment_marks, b"```"))

    def _is_continued(self, word: bytes, columns: int) -> bool:
        """24: `else` and the like go on, unless the text below does it there, or they belong further out."""
        place = self._place
        if word not in place.continues or place.continued_below_columns == columns:
            return False
        is_of_opener = not place.goes_by_indentation and self._n_foreign < len(place.openers)
        return not is_of_opener or columns >= width(place.line_of(place.openers[-1 - self._n_foreign]))

    def _leave_by_indentation(self, line: _Line, word: bytes) -> End | None:
        """22, 32: a line that is less indented than the block, or the next statement."""
        place, columns = self._place, width(line.text)
        if place.goes_by_indentation and columns < place.columns:
            if self._is_continued(word, columns) and columns == place.header_columns and place.may_go_on:
                return None
            return End(self._trim_end(line.break_at), "end of the block", 32 if columns < place.header_columns else 22)
        if place.unit == "statement" and columns <= place.columns:
            if word in place.continues or line.text.lstrip().startswith(_LEADS) or self._is_led(line.break_at):
                return None
            return End(self._trim_end(line.break_at), "end of the statement", 22)
        return None

    def _is_led(self, end: int) -> bool:
        """True when all that was said up to here are comments and attributes: they belong to what follows."""
        for line in self._said[:end].split(b"\n"):
            text = line.strip(WHITE)
            is_attribute = text.startswith(_ATTRIBUTES) or (text[:1] == b"[" and text[-1:] == b"]")
            if text and not is_attribute and not text.startswith(self._place.comment_marks):
                return False
        return True

    def _judge_first_line(self) -> End | None:
        """15, 21: the very first line that is said stands there already."""
        start = self._statement_start
        if not self._place.is_at_line_start(self._said):
            return None
        end = self._said.find(b"\n", start)
        is_whole = end >= 0
        text = self._said[start : end if is_whole else len(self._said)]
        line = _Line(0, start, text, is_whole)
        self._lines.append(line)
        return self._at_repetition(line)

    def _at_repetition(self, line: _Line) -> End | None:
        """15-18: the lines that follow stand below already."""
        said = self._said[line.start :]
        whole = said if self._is_final else said[: said.rfind(b"\n") + 1]
        is_all = self._is_final or self._place.unit in ("line", "rest")
        if self._place.unit in ("line", "rest"):
            whole = whole[: whole.find(b"\n") + 1] or whole  # it is one line
        if not self._place.below.is_said_by(whole, is_final=is_all):
            return None
        return self._end_of_repetition(line)

    def _unless_repeated(self, end: End) -> End:
        """16: the last line before an end may stand below too, though it is too short to tell by itself."""
        line = next((line for line in reversed(self._lines) if line.start < end.n_bytes), None)
        if line is None or not self._place.below.is_said_by(self._said[line.start : end.n_bytes], is_final=True):
            return end
        return self._end_of_repetition(line)

    def _end_of_repetition(self, line: _Line) -> End:
        return End(self._trim_end(line.break_at), "what follows stands below", 16 if line.break_at else 15)

    def _end_before(self, at: int, reason: str, rule: int) -> End:
        return End(self._trim_end(at), reason, rule)

    def _trim_end(self, at: int) -> int:
        return len(self._said[:at].rstrip(WHITE))
