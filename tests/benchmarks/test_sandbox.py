"""What a model wrote is run only where it can do no harm, and judged by how it ends.

Each program would end well if it were allowed what it tries, so "failed" says that it was not.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.infilling_tasks import DATASET, read_tasks
from benchmarks.sandbox import MEMORY_BYTES, run_contained

pytestmark = pytest.mark.skipif(os.name == "nt", reason="candidates are run on POSIX systems only")


def test_a_program_that_runs_to_its_end_has_passed() -> None:
    """With the modules that exercises use, and its output thrown away."""
    program = "import math, re, heapq\nfrom typing import List\nprint(math.pi)\nassert re.match('a', 'a')"

    assert run_contained(program) == "passed"


@pytest.mark.parametrize(
    "program", ["assert False", "x = (", "raise SystemExit(0)", "exit()", "import os; os._exit(0)"]
)
def test_what_does_not_reach_its_end_has_failed(program: str) -> None:
    """A model that writes `exit()` in front of the tests has not passed them."""
    assert run_contained(program) == "failed"


def test_an_endless_loop_is_killed_when_its_time_is_up() -> None:
    """By the processor time that it takes, so a busy machine judges no differently."""
    assert run_contained("while True: pass", cpu_s=1, wall_s=60.0) == "too slow"


def test_a_sleeper_is_killed_too() -> None:
    """It takes no processor time."""
    assert run_contained("import time; time.sleep(600)", wall_s=0.5) == "too slow"


@pytest.mark.parametrize(
    "start",
    ["import os; os.fork()", "import posix; posix.fork()", "import _thread; _thread.start_new_thread(abs, (1,))"],
)
def test_no_second_process_and_no_thread_is_to_be_had(start: str) -> None:
    """So a fork bomb ends at its first step."""
    assert run_contained(f"for _ in range(3): {start}") == "failed"


def test_no_program_can_be_started() -> None:
    """Neither beside the candidate nor in its place."""
    ends_well = "['sh', '-c', 'exit 83']"  # as contained.py does when all is well
    for start in (
        "assert os.system('true') == 0",
        f"os.execv('/bin/sh', {ends_well})",
        "os.posix_spawn('/bin/true', ['true'], {})",
    ):
        assert run_contained(f"import os\n{start}") == "failed"


def test_memory_is_bounded() -> None:
    """A list that grows without end must not take the machine along."""
    assert run_contained(f"x = bytearray({MEMORY_BYTES // 4})") == "passed"
    assert run_contained(f"x = bytearray({MEMORY_BYTES})") == "failed"


def test_no_file_is_written(tmp_path: Path) -> None:
    """Not a large one, not a small one, neither in its folder nor elsewhere, nor one that is there already."""
    target = tmp_path / "target"
    target.write_bytes(b"mine")
    target.chmod(0o666)
    tmp_path.chmod(0o777)

    for path in ("here", str(target)):
        assert run_contained(f"open({path!r}, 'wb').write(bytes(10_000_000))") == "failed"
    assert run_contained(f"import posix; posix.truncate({str(target)!r}, 0)") == "failed"
    assert run_contained(f"import os; os.remove({str(target)!r})") == "failed"
    assert run_contained(f"import os; os.rename({str(target)!r}, {str(target)!r} + '2')") == "failed"
    assert target.read_bytes() == b"mine"


def test_nothing_of_the_user_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither files nor names of folders nor what the environment tells of him."""
    (tmp_path / "secret").write_text("secret")
    monkeypatch.setenv("HOME", str(tmp_path))

    assert run_contained("import os; assert 'HOME' not in os.environ") == "passed"
    assert run_contained(f"open({str(tmp_path / 'secret')!r})") == "failed"
    assert run_contained(f"import os; os.listdir({str(tmp_path)!r})") == "failed"


@pytest.mark.parametrize("opened", ["os.dup(1)", "os.pipe()", "__import__('_socket').socket()"])
def test_no_descriptor_is_to_be_had(opened: str) -> None:
    """Files, pipes and sockets are descriptors, whatever they lead to: so there is no network either."""
    assert run_contained(f"import os; {opened}") == "failed"


def test_no_other_process_is_signalled() -> None:
    """`kill(-1, 9)` would end the user's session."""
    assert run_contained("import os; os.kill(-1, 0)") == "failed"


def test_the_true_middles_pass() -> None:
    """Whoever fails otherwise fails by the sandbox. Every tenth task; all 164 pass."""
    tasks = read_tasks(DATASET)[::10]

    assert [task.name for task in tasks if run_contained(task.program(task.hole)) != "passed"] == []
