"""Does a suggestion say again what the line above says (21)? Knows no syntax."""

from __future__ import annotations

from difflib import SequenceMatcher

from lsp_server.suggestion.lines import first_lines_with_text, sameness

_LEAST_RESTATED = 5  # bytes
_NEARLY = 0.9


def restates(above: bytes, offered: bytes) -> bool:
    """21: the offered lines say again what the line above says: the very same, or twice nearly the same."""
    line, said = sameness(above), [sameness(text) for text in first_lines_with_text(offered, 2)]
    if not said or len(line) < _LEAST_RESTATED or not any(chr(byte).isalpha() for byte in line):
        return False
    if said[0] == line:
        return True
    return len(said) == 2 and said[0] == said[1] and SequenceMatcher(None, line, said[0]).ratio() >= _NEARLY
