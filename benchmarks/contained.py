"""The inner side of the sandbox: gives up what it could do harm with, then runs the program on its stdin. A program of
its own, started by `sandbox`; never imported.

No file descriptor is left, so nothing can be opened, read, written or connected, whatever the language; only modules
that are loaded before can be imported. What goes by paths and process ids alone is refused by an audit hook, which
code that is out to break it can get around.
"""

import importlib
import os
import resource
import sys

PASSED, NOT_CONTAINED = 83, 84  # no accident ends with these; exit() in the middle of a program is no success
MODULES = (
    "abc array bisect cmath collections copy dataclasses datetime decimal enum fractions functools hashlib heapq "
    "itertools json math numbers operator os random re statistics string struct sys textwrap time typing unicodedata"
)
NOBODY = 65534
REFUSED = ("os.", "subprocess.", "ctypes.", "signal.", "shutil.")


def main() -> None:
    n_cpu_s, n_memory_bytes = int(sys.argv[1]), int(sys.argv[2])
    program = sys.stdin.buffer.read()
    try:
        for module in MODULES.split():
            importlib.import_module(module)
        give_up(n_cpu_s, n_memory_bytes)
    except (OSError, ValueError, ImportError):
        os._exit(NOT_CONTAINED)
    exec(compile(program, "<candidate>", "exec"), {"__name__": "candidate"})
    os._exit(PASSED)


def give_up(n_cpu_s: int, n_memory_bytes: int) -> None:
    """For good: the limits are hard ones."""
    os.close(0)
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: n_cpu_s,
        resource.RLIMIT_AS: n_memory_bytes,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 0,
    }
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))
    if os.geteuid() == 0:  # on whom the kernel puts no limit to processes
        os.setgroups(())
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    sys.addaudithook(refuse)


def refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event.startswith(REFUSED):
        raise PermissionError(f"{event} is not for candidates")


main()
