"""When to look whether a suggestion is finished: at places that the text alone decides, not the pieces it comes in."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ENDS = re.compile(rb"[\n)\]}>;`\"']")  # behind these something may have ended
_BEGINS = re.compile(rb"\n\s*(\S)(\w*)(\W)?")  # so it may when the next line begins, or its first word is known
_LOOK_EVERY_BYTES = 32  # for what never ends


def find_checkpoints(middle: bytes, known: int) -> Iterator[tuple[int, bool]]:
    """Lengths beyond `known` at which to look whether it is finished, and whether its scope may have ended there.

    They depend on the text up to them alone.
    """
    places = {found.end() for found in _ENDS.finditer(middle, known)}
    for found in _BEGINS.finditer(middle, max(0, middle.rfind(b"\n", 0, known))):
        places |= {found.end(1), found.end(3)}
    steps = set(range(known - known % _LOOK_EVERY_BYTES + _LOOK_EVERY_BYTES, len(middle) + 1, _LOOK_EVERY_BYTES))
    for at in sorted(places | steps):
        if known < at <= len(middle):
            yield at, at in places
