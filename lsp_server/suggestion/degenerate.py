"""What a model says when it has nothing more to say: loops, marks of its prompt, its own words once more (rules 40-43).

Pure functions on bytes that find where to cut. What they find in a text they find in every longer one, so it does not
matter after how many tokens they are asked. Knows no syntax, no model and no editor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from byte_fim.utf8 import unfinished_character
from lsp_server.suggestion.seams import BLANKS, WHITE

LONGEST_PERIOD_BYTES = 120  # within a line: a sentence that is said again and again
LONGEST_RULE_CHARACTERS = 120  # `----` and rows of zeros fill a line, and lines are up to 120 long
FEWEST_WORD_PERIODS = 5  # `abcabcabcabcabc`; hexadecimal numbers say `deadbeef` four times
FEWEST_WORD_CHARACTERS = 20  # `0x0f0f0f0f0f0f0f0f`, `lalala` and the like are shorter
FEWEST_PERIODS = 4  # of several words: three are said in a signature, `Optional[int], Optional[int], Optional[int]`
FEWEST_CHARACTERS = 64  # `%s, %s, %s, %s` of a dozen columns is shorter
FEWEST_EQUAL_BLOCKS = 3  # two equal lines are common, three are not
MOST_LINES_OF_A_BLOCK = 6  # longer ones seldom come a third time before the tokens are used up
FEWEST_EQUAL_ROWS = 10  # lines without a letter, or that only close: a table of zeros, a board of eight, `#endif`
FEWEST_REPEATED_BYTES = 64  # rule 43
MARKDOWN_LIKE = frozenset(
    ("", "asciidoc", "djot", "gfm", "juliamarkdown", "markdown", "mdx", "pandoc", "plaintext", "quarto", "rmd", "typst")
)
"""languages in which a line of ``` is text; in one that is unknown it may be"""

_NONE_EQUAL = [0] * MOST_LINES_OF_A_BLOCK  # by size of block: lines in a row that stand so many lines before, too
_LEAST_PERIODS = min(FEWEST_PERIODS, FEWEST_WORD_PERIODS)
_LONGEST_RUN_BYTES = FEWEST_WORD_PERIODS * LONGEST_PERIOD_BYTES  # no loop needs more to be certain
_PROBE_BYTES = 8
_STRIDE_BYTES = 8  # less than the shortest loop, so that a probe lies within each
_MOST_PROBED = 4  # `0, 0, 0, 1, 0, 0, 0, 1`: the first place where the probe recurs need not be the period
_DATA = re.compile(rb"(?=.*\d)[\\\s\da-fA-FxX,;.:+\-_'\"()\[\]{}&#]*", re.DOTALL)  # `0x00, `, `\x00`, `1.0f, `
_CLOSER = re.compile(rb"\s*(?:#\s*endif|</[\w.:-]+>|end|fi|done|esac)\W*")

_TOKEN = re.compile(
    rb"<(?:\|[A-Za-z][A-Za-z0-9_:-]{1,30}\|"  # <|fim_middle|>, <|endoftext|>, <|im_end|>
    rb"|\xef\xbd\x9c[^\s<>]{2,40}\xef\xbd\x9c"  # the same with wide bars
    rb"|fim[_-](?:prefix|middle|suffix|pad)|file_sep|repo_name|reponame|gh_stars|(?:start|end)_of_turn"
    rb"|\[fim-(?:prefix|middle|suffix)\]"
    rb"|(?<!\S<)(?:PRE|SUF|MID|EOT))>"  # but not `cat <<EOT>file`, `Map<MID>`, `"<PRE>"`
)
_TAGS = (b"<PRE>",)  # HTML has it too
_WITH_TAGS = frozenset(
    ("", "astro", "handlebars", "html", "javascriptreact", "markdown", "php", "svelte", "typescriptreact", "vue", "xml")
)
_FENCE = re.compile(rb"^[ \t]*```", re.MULTILINE)
_TEXT_MARKS = ((b'"""', b'"""'), (b"'''", b"'''"), (b"/*", b"*/"), (b"<!--", b"-->"))
_COMMENT = re.compile(rb"(?:/\*+|<!--|//+|#+|--+|;+|%+)[ \t]*(?:(?:file(?:name)?|path)[ \t]*:?[ \t]*)?", re.IGNORECASE)
_COMMENT_END = re.compile(rb"[ \t]*(?:\*/|-->)?[ \t]*\Z")


def find_loop(middle: bytes, *, is_whole: bool = False) -> int | None:
    """40: how many bytes to keep where the middle begins to repeat itself: up to the end of the first period.

    `x = abcabcabcabcabcabcabc`: 7; three equal lines, or three times the same two to six: up to the end of the first
    of them. Not `# -----`, `0, 0, 0, 0`, `))))`, blanks, rows of zeros, as far as the constants above go. The loop
    that is certain first counts. `is_whole`: no more comes, and the last line is one even without its line break.

    Cost: linear; some 100 us for 4 kB.
    """
    found: int | None = None
    while (first := min((*_loops_of_lines(middle, is_whole), *_loops_within_lines(middle)), default=None)) is not None:
        found = first[1]
        middle = middle[:found]
    return found


def _loops_of_lines(text: bytes, is_whole: bool) -> Iterator[tuple[int, int]]:
    """The first loop of whole lines: where it is certain, and where its first period ends."""
    lines: list[bytes] = []  # without those that are blank
    ends: list[int] = []
    n_equal = _NONE_EQUAL
    at = 0
    while (end := text.find(b"\n", at)) >= 0 or (is_whole and at < len(text)):
        end = len(text) if end < 0 else end
        line, at = text[at:end].rstrip(BLANKS), end + 1
        if not line:
            continue
        if lines and lines[0].lstrip(BLANKS) == line.lstrip(BLANKS):
            lines[0] = line  # its indentation may stand in the document
        earlier = lines[: -MOST_LINES_OF_A_BLOCK - 1 : -1]
        lines.append(line)
        ends.append(end)
        if line not in earlier:
            n_equal = _NONE_EQUAL
            continue
        n_equal = [n + 1 if other == line else 0 for n, other in zip(n_equal, earlier, strict=False)]
        n_equal += _NONE_EQUAL[len(n_equal) :]
        for size, n in enumerate(n_equal, 1):
            is_loop = n >= (FEWEST_EQUAL_BLOCKS - 1) * size
            if is_loop and (n >= (FEWEST_EQUAL_ROWS - 1) * size or any(map(_says_something, lines[-size:]))):
                yield min(at, len(text)), ends[-1 - n]
                return


def _says_something(line: bytes) -> bool:
    return _has_letters(line) and not _CLOSER.fullmatch(line)


def _loops_within_lines(text: bytes) -> Iterator[tuple[int, int]]:
    """Loops within a line, the one that is certain first among them: where each is, and where its first period ends."""
    certain, line_end = len(text), -1
    passed: dict[int, int] = {}  # by period: where the last run ended that was too short
    for at in range(0, len(text) - _PROBE_BYTES, _STRIDE_BYTES):
        if at >= certain:
            return
        if at > line_end:
            found = text.find(b"\n", at)
            line_end = len(text) if found < 0 else found
        probe = text[at : at + _PROBE_BYTES]
        farthest = min(at + LONGEST_PERIOD_BYTES + _PROBE_BYTES, line_end)
        again = at
        for _ in range(_MOST_PROBED):
            again = text.find(probe, again + 1, farthest)
            if again < 0:
                break
            n_period = again - at
            if passed.get(n_period, 0) > at:
                continue
            start, end = _run_at(text, at, n_period)
            passed[n_period] = end
            period = text[start : start + n_period]
            if end - start >= max(_LEAST_PERIODS * n_period, FEWEST_WORD_CHARACTERS) and _is_loop(period, end - start):
                found_at = max(start + _fewest_bytes(period), again + _PROBE_BYTES)
                certain = min(certain, found_at)
                keep = start + n_period
                yield found_at, keep - len(unfinished_character(text[:keep]))


def _run_at(text: bytes, at: int, n_period: int) -> tuple[int, int]:
    """Where the text around `at` begins and ends that has this period; the end as far as it matters."""
    start, end = at, at + n_period
    while start > 0 and text[start - 1] == text[start - 1 + n_period]:
        start -= 1
    farthest = min(len(text), start + _LONGEST_RUN_BYTES)
    while end < farthest and text[end] == text[end - n_period]:
        end += 1
    return start, end


def _is_loop(period: bytes, n_bytes: int) -> bool:
    """False for what is too short, and for what has a shorter period."""
    return (2 * period).find(period, 1) == len(period) and n_bytes >= _fewest_bytes(period)


def _fewest_bytes(period: bytes) -> int:
    """How long text with this period must be to be a loop."""
    n_characters = sum(byte & 0xC0 != 0x80 for byte in period) or 1
    per_character = -(-len(period) // n_characters)
    if n_characters == 1 or not _has_letters(2 * period) or _DATA.fullmatch(period):
        return LONGEST_RULE_CHARACTERS * per_character + 1
    if all(map(_is_of_word, period)):
        return max(FEWEST_WORD_PERIODS * len(period), FEWEST_WORD_CHARACTERS * per_character)
    return max(FEWEST_PERIODS * len(period), FEWEST_CHARACTERS * per_character)


def find_artefact(middle: bytes, *, language: str, before: bytes, is_in_text: bool) -> int | None:
    """41: how many bytes to keep where a control token is spelled out, or where a code fence begins or ends.

    `x)<|endoftext|>`: 2. A token that stands before the cursor, too, is text of the document; so is a fence in a
    language like Markdown, in a string or comment that the cursor stands in (`is_in_text`), or in one that the middle
    has opened.
    """
    tokens = _TOKEN.finditer(middle) if b"<" in middle else ()
    token = next((match.start() for match in tokens if not _is_text(match, before, language)), None)
    fence = None if is_in_text or language in MARKDOWN_LIKE else _find_fence(middle, before)
    return min((at for at in (token, fence) if at is not None), default=None)


def _is_text(token: re.Match[bytes], before: bytes, language: str) -> bool:
    return token.group() in before or (token.group() in _TAGS and language in _WITH_TAGS)


def _find_fence(middle: bytes, before: bytes) -> int | None:
    if b"```" not in middle:
        return None
    is_at_line_start = not before[before.rfind(b"\n") + 1 :].strip(BLANKS)
    for match in _FENCE.finditer(middle):
        if (match.start() > 0 or is_at_line_start) and not _is_text_open(middle[: match.start()]):
            return match.start()
    return None


def _is_text_open(text: bytes) -> bool:
    """True when a string or comment of several lines is open at the end, by a rough count."""
    return any(
        text.count(opener) % 2 if opener == closer else text.rfind(opener) > text.rfind(closer)
        for opener, closer in _TEXT_MARKS
    )


def is_prompt_echo(middle: bytes, paths: Sequence[str]) -> bool:
    """42: True when the first line says no more than the path of a file that was in the prompt.

    `lib/text.py`, `# lib/text.py`, `<!-- File: lib/text.py -->`. A path that may be a name, `main`, needs the comment.
    To be asked only where nothing but blanks stands before the cursor on its line: `from "|"` may well go on so.
    """
    line = middle.lstrip(WHITE).partition(b"\n")[0].strip(WHITE)
    comment = _COMMENT.match(line)
    said = line[comment.end() :] if comment else line
    said = _COMMENT_END.sub(b"", said)
    is_path = comment is not None or b"/" in said or b"." in said
    return bool(said) and is_path and any(said == path.encode(errors="replace") for path in paths)


def count_repeated_before(before: bytes, middle: bytes) -> int:
    """43: how many bytes at the start of the middle stand right before the cursor already; 0 unless more than 64.

    Rows without a letter may well stand there once more.
    """
    n_repeated = 0
    while n := _count_once(before, middle[n_repeated:]):
        n_repeated += n
    return n_repeated


def _count_once(before: bytes, middle: bytes) -> int:
    near = before[-len(middle) :] if middle else b""
    head = middle[: FEWEST_REPEATED_BYTES + 1]
    at = near.find(head) if len(head) > FEWEST_REPEATED_BYTES else -1
    while at >= 0:
        n = len(near) - at
        if near.endswith(middle[:n]) and _has_letters(middle[:n]):
            return n
        at = near.find(head, at + 1)
    return 0


def _has_letters(text: bytes) -> bool:
    return any(map(str.isalpha, text.decode(errors="ignore")))


def _is_of_word(byte: int) -> bool:
    return byte >= 0x80 or byte == 0x5F or chr(byte).isalnum()
