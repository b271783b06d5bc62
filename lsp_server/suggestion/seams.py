"""The seams between what stands in the document and what is put into it: pure functions on bytes.

Left: the word or line that the cursor is in must not be begun anew. Right: what stands there must not be repeated, and
no word may be made of two. Knows no syntax but brackets, quotes and a few words, no model and no editor.
"""

from __future__ import annotations

import re
import unicodedata

BLANKS = b" \t"
WHITE = b" \t\r\n"
LINE_BREAK = re.compile(rb"\r\n|\n|\r")

_CLOSES = {ord(")"): ord("("), ord("]"): ord("["), ord("}"): ord("{")}
_PAIRS = (b"()", b"[]", b"{}", b"<>")
_QUOTES = b"\"'`"
_NEAR_BYTES = 256  # no word is longer
_LEAST_HEAD = 3  # characters; `be` + `behead` may be meant, `calc` + `calculate` is not
_FIRST_FAR_SCRIPT = "\u2e80"  # from here on scripts that put no blanks between words
# nothing is glued to these at the start of a line; `async`, `class` and others begin too many names
_STAND_ALONE = frozenset(("assert", "await", "const", "import", "raise", "return", "throw", "yield"))
# nor do these begin a line twice, as `long long` does
_NEVER_TWICE = _STAND_ALONE | {"class", "def", "for", "function", "let", "private", "public", "static", "struct", "var"}
_TAG = re.compile(rb"<[^<>]+>")


def rest_of_line(suffix: bytes) -> bytes:
    """What stands to the right of the cursor, without the line break."""
    found = LINE_BREAK.search(suffix)
    return suffix if found is None else suffix[: found.start()]


def count_doubled_head(prefix: bytes, middle: bytes) -> int:
    """How many bytes of the middle only say again what the cursor's line, or the word at its end, has begun.

    `def calc_to|` and `calc_total(items)`: 7. What is not longer than what stands there may be meant: `mur|mur`. So
    may a beginning that stands within itself: `List<|` and `List<int>> x`, `<p>|` and `<p>a</p></p>`, `long |` and
    `long x`.
    """
    line = _line_before(prefix).strip(BLANKS)
    if _says_more(line, middle) and not _may_be_meant(prefix, line, middle):
        return len(line)
    word = _word_at_end(prefix)
    return len(word.encode()) if _says_more(word.encode(), _word_at_start(middle).encode()) else 0


def count_doubled_blanks(prefix: bytes, middle: bytes) -> int:
    """How many blanks begin the middle though one stands before the cursor, other than as indentation."""
    if not prefix.endswith((b" ", b"\t")) or not _line_before(prefix).strip(BLANKS):
        return 0
    return len(middle) - len(middle.lstrip(BLANKS))


def is_glued_left(prefix: bytes, middle: bytes, suffix: bytes) -> bool:
    """True when the middle goes on in a word that stands alone as a rule: `return|` and `x`.

    A name that the document has already, such as `importlib`, is no such word.
    """
    line = _line_before(prefix).strip(BLANKS)
    if line.decode(errors="ignore") not in _STAND_ALONE or prefix.endswith((b" ", b"\t")):
        return False
    further = _word_at_start(middle)
    return bool(further) and not _is_known(line.decode() + further, prefix, suffix)


def is_glued_right(prefix: bytes, middle: bytes, suffix: bytes) -> bool:
    """True when the middle's end and the word after the cursor would become one word: `pri|nt` and `ma`.

    Not where names are joined of parts, `get_|name` and `user_`, and not when the document has that word.
    """
    before, after = _word_at_end(prefix + middle), _word_at_start(suffix)
    if not before or not after:
        return False
    is_joint = before.endswith("_") or after.startswith("_") or (before[-1].islower() and after[0].isupper())
    is_as_before = before == _word_at_end(prefix)
    return not is_joint and not is_as_before and not _is_known(before + after, prefix, suffix)


def find_closer_that_stands_there(middle: bytes, rest: bytes) -> int | None:
    """Where the middle closes the bracket that the rest of the line closes: there and in all that follows it repeats.

    `print(|)` and `name) + 1`: 4. Brackets that the middle has opened, and those in strings, are its own; and where it
    opens one for each that it closes, the last is left to the rest of the line: `f(|)` and `a).b(c`.
    """
    if not rest or rest[0] not in _CLOSES:
        return None
    closer, opener, depth, quote, found = rest[0], _CLOSES[rest[0]], 0, None, None
    for i, byte in enumerate(middle):
        if quote is not None:
            quote = None if byte == quote and middle[i - 1 : i] != b"\\" else quote
        elif byte in _QUOTES:
            quote = byte
        elif byte == opener:
            depth += 1
        elif byte == closer:
            depth -= 1
            found = i if depth < 0 and found is None else found
    return found if depth < 0 else None


def count_repeated_tail(middle: bytes, rest: bytes) -> int:
    """How many bytes at the middle's end say again what the rest of the line begins with; the middle without blanks at
    its end, the rest without blanks at its start.

    `"|")` and `hello")`: 2. A part of the rest counts only when it begins with a sign and ends no word in two, and
    when it is not the middle's own: the closer of `len(x)`, the second quote of `" + y + "`.
    """
    if middle.strip(WHITE) == rest:
        return len(rest)
    for n in range(min(len(middle), len(rest)), 0, -1):
        if middle.endswith(rest[:n]) and (n == len(rest) or _is_whole(rest, n)) and not _is_own(middle[:-n], rest[:n]):
            return n
    return 0


def _is_whole(rest: bytes, n: int) -> bool:
    return not _word_at_start(rest) and not (_word_at_end(rest[:n]) and _word_at_start(rest[n:]))


def _is_own(own: bytes, tail: bytes) -> bool:
    opens_more = any(own.count(opener) > own.count(closer) for closer, opener in _CLOSES.items() if closer in tail)
    return opens_more or any(own.count(quote) % 2 for quote in _QUOTES if tail.count(quote) % 2)


def _says_more(head: bytes, text: bytes) -> bool:
    if not text.startswith(head) or len(text) == len(head):
        return False
    written = head.decode(errors="ignore")
    return len(written) >= _LEAST_HEAD and any(map(str.isalpha, written))  # `0.999` and `9999` may be meant


def _may_be_meant(prefix: bytes, line: bytes, middle: bytes) -> bool:
    """True when the middle need not be the cursor's line begun anew, but may say the same once more within it."""
    said = rest_of_line(middle)
    further = said[len(line) :]
    is_after_blank = prefix.endswith((b" ", b"\t"))
    if is_after_blank and _word_at_end(line) and _word_at_start(further):
        return True  # `return |` and `returned`: another word
    n_open, n_open_without = _n_unpaired(line + said), _n_unpaired(line + further)
    if n_open != n_open_without:
        return n_open < n_open_without
    if _TAG.fullmatch(line):
        return True
    word = line.decode(errors="ignore")
    is_word = word == _word_at_start(line) and word not in _NEVER_TWICE
    return is_after_blank and is_word and bool(_word_at_start(further.lstrip(BLANKS)))


def _n_unpaired(text: bytes) -> int:
    return sum(abs(text.count(pair[:1]) - text.count(pair[1:])) for pair in _PAIRS)


def _line_before(prefix: bytes) -> bytes:
    return prefix[max(prefix.rfind(b"\n"), prefix.rfind(b"\r")) + 1 :]


def _word_at_end(text: bytes) -> str:
    near = text[-_NEAR_BYTES:].decode(errors="ignore")
    start = next((i for i in range(len(near), 0, -1) if not _is_of_word(near[i - 1])), 0)
    return near[start:]


def _word_at_start(text: bytes) -> str:
    near = text[:_NEAR_BYTES].decode(errors="ignore")
    return near[: next((i for i, character in enumerate(near) if not _is_of_word(character)), len(near))]


def _is_of_word(character: str) -> bool:
    if character >= _FIRST_FAR_SCRIPT:
        return False
    return character.isalnum() or character == "_" or unicodedata.combining(character) > 0


def _is_known(word: str, prefix: bytes, suffix: bytes) -> bool:
    """True when the document has the word, other than in the pieces before and after the cursor."""
    before = prefix[: len(prefix) - len(_word_at_end(prefix).encode())]
    after = suffix[len(_word_at_start(suffix).encode()) :]
    spelled = re.compile(rb"(?<!\w)%s(?!\w)" % re.escape(word.encode()))
    return any(spelled.search(text) for text in (before, after))
