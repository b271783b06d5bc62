"""Stdin and stdout of this process, taken for messages alone.

Nothing but messages can reach the other side then, not even what native code prints, and child processes find stdin
empty. Knows no message.
"""

from __future__ import annotations

import os
from typing import BinaryIO


def take_stdio() -> tuple[int, BinaryIO]:
    """Stdin and stdout for us alone; whoever uses descriptors 0 and 1 from now on gets nothing and stderr."""
    stdin_fd, stdout = os.dup(0), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # started without stderr
        os.dup2(nowhere, 1)
    os.close(nowhere)
    return stdin_fd, stdout
