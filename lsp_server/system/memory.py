"""How much memory the machine has, and how much of it is free. Knows nothing of accelerators' memory."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Memory:
    """Main memory, in bytes."""

    total_bytes: int
    available_bytes: int
    """can be had without swapping"""


def find_memory() -> Memory:
    """As it is now. A container's limit is not known to it: see docs/decisions/0013."""
    memory = psutil.virtual_memory()
    return Memory(total_bytes=memory.total, available_bytes=memory.available)
