"""What every `Worker` promises, held against the model in this process and against the one in a process of its own."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import psutil
import pytest

from lsp_server.model.process import ModelProcess
from lsp_server.model.work import ModelWork
from lsp_server.model.worker import CannotLoad, NoRoom, Ready, WorkAborted, Worker, WorkerDied, WorkFailed
from lsp_server.settings import Settings
from tests.lsp_server.fake_child import CRASH, FAIL, make_worker
from tests.lsp_server.fake_engine import PATIENCE_S, WAIT
from tests.lsp_server.requests import ask

SETTINGS = Settings()
Make = Callable[[str], Worker]


def in_this_process(situation: str) -> ModelWork:
    return make_worker(situation)


def in_its_own(situation: str) -> ModelProcess:
    return ModelProcess((sys.executable, "-m", "tests.lsp_server.fake_child", situation))


@pytest.fixture(params=[in_this_process, in_its_own])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Workers of one kind around the scripted model, closed at the end."""
    made: list[Worker] = []

    def make(situation: str) -> Worker:
        made.append(request.param(situation))
        return made[-1]

    yield make
    for worker in made:
        worker.close()


@pytest.fixture
def worker(make: Make) -> Worker:
    """One that has loaded."""
    worker = make("good")
    assert worker.load(SETTINGS, ignore) == Ready("fake")
    return worker


def ignore(*_: object) -> None:
    """For what nobody wants to hear."""


def test_loading_tells_what_is_being_done(make: Make) -> None:
    """A model of some gigabytes takes a while, and people wait for it."""
    told: list[tuple[str, int | None]] = []
    make("slow start").load(SETTINGS, lambda *what: told.append(what))

    assert told == [("reading", None), ("reading", 50)]


@pytest.mark.parametrize(
    ("situation", "message"),
    [("bad", "fake.gguf is empty; download it again"), ("broken", "ZeroDivisionError: no error of ours")],
)
def test_a_model_that_cannot_be_loaded_says_so_in_a_sentence(make: Make, situation: str, message: str) -> None:
    """It is shown to the user as it is."""
    with pytest.raises(CannotLoad, match=message):
        make(situation).load(SETTINGS, ignore)


@pytest.mark.parametrize("situation", ["no room", "full"])
def test_want_of_memory_is_told_from_what_is_wrong_with_the_file(make: Make, situation: str) -> None:
    """Something smaller may be tried then, and nothing else would help."""
    with pytest.raises(NoRoom, match="choose a smaller"):
        make(situation).load(SETTINGS, ignore)


def test_an_answer_comes_with_its_growth(worker: Worker) -> None:
    """Typing on what is being generated needs to know how far it is."""
    grown: list[bytes] = []
    done = worker.answer(ask(b"resu"), SETTINGS, grown.append)

    assert (done.answer.outcome, done.answer.middle) == ("shown", b"lt = 1")
    assert grown == [b"lt = 1\nnext"]


def test_an_abort_ends_what_is_being_done_and_nothing_else(worker: Worker) -> None:
    """Superseded work must make room at once; the next question must not be hit."""
    for _ in range(3):
        timer = threading.Timer(0.02, worker.set_abort, [True])
        timer.start()
        with pytest.raises(WorkAborted):
            worker.answer(ask(WAIT), SETTINGS, ignore)
        worker.set_abort(False)

        assert worker.answer(ask(b"resu"), SETTINGS, ignore).answer.middle == b"lt = 1"


def test_an_abort_that_comes_before_the_question_counts(worker: Worker) -> None:
    """Whoever stops work may be faster than whoever hands it over."""
    worker.set_abort(True)
    with pytest.raises(WorkAborted):
        worker.answer(ask(WAIT), SETTINGS, ignore)


def test_a_failure_is_a_sentence_and_the_worker_goes_on(worker: Worker) -> None:
    """An error of the runtime is no reason to load again."""
    with pytest.raises(WorkFailed, match="choose a smaller model"):
        worker.answer(ask(FAIL), SETTINGS, ignore)

    assert worker.answer(ask(b"resu"), SETTINGS, ignore).answer.middle == b"lt = 1"


def test_a_prompt_is_laid_out_anew_without_an_answer(worker: Worker) -> None:
    """It is work for questions to come."""
    assert worker.lay_out_anew(ask(b"resu"), SETTINGS) is None


def test_a_crash_is_told_with_what_it_was() -> None:
    """Native code crashes; the server must hear of it rather than go down with it."""
    worker = in_its_own("good")
    worker.load(SETTINGS, ignore)
    with pytest.raises(WorkerDied, match=r"SIGABRT|exit status 3"):
        worker.answer(ask(CRASH), SETTINGS, ignore)
    with pytest.raises(WorkerDied):
        worker.answer(ask(b"resu"), SETTINGS, ignore)
    worker.close()


def test_a_process_can_be_ended_while_it_loads() -> None:
    """Switching the model must not wait for the one before."""
    worker = in_its_own("slow")
    threading.Timer(0.3, worker.kill).start()
    with pytest.raises(WorkerDied):
        worker.load(SETTINGS, ignore)
    worker.close()


def test_a_process_can_be_ended_while_it_works() -> None:
    """Native code that heeds no abort included."""
    worker = in_its_own("good")
    worker.load(SETTINGS, ignore)
    threading.Timer(0.05, worker.kill).start()
    with pytest.raises(WorkerDied):
        worker.answer(ask(WAIT), SETTINGS, ignore)
    worker.close()


def test_a_process_ends_when_nobody_speaks_to_it_any_more() -> None:
    """A server that is killed leaves no model behind that holds gigabytes."""
    worker = in_its_own("good")
    worker.load(SETTINGS, ignore)
    process = worker._process  # pyright: ignore[reportPrivateUsage]
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()

    assert process.wait(PATIENCE_S) == 0


def test_aborts_never_wait_for_a_process_that_reads_nothing() -> None:
    """The editor's thread calls them."""
    worker = ModelProcess((sys.executable, "-c", "import time; time.sleep(60)"))
    asking = threading.Thread(target=ask_the_deaf, args=(worker,))
    asking.start()
    while worker.process_id is None:
        pass
    for _ in range(50_000):
        worker.set_abort(True)
        worker.set_abort(False)
    worker.kill()
    asking.join(PATIENCE_S)

    assert not asking.is_alive()
    worker.close()


def ask_the_deaf(worker: ModelProcess) -> None:
    with pytest.raises(WorkerDied):
        worker.load(Settings(model="x" * 1_000_000), ignore)


def test_a_death_while_nothing_is_asked_is_noticed() -> None:
    """The next key press shall find a model that was loaded meanwhile."""
    deaths: queue.SimpleQueue[WorkerDied] = queue.SimpleQueue()
    worker = in_its_own("good")
    worker.on_death = deaths.put
    worker.load(SETTINGS, ignore)
    assert worker.process_id is not None
    psutil.Process(worker.process_id).kill()

    assert "SIGKILL" in str(deaths.get(timeout=PATIENCE_S)) or sys.platform == "win32"
    worker.close()


def test_garbage_from_the_server_ends_the_process() -> None:
    """Nobody else would notice that the two do not understand each other any more."""
    worker = in_its_own("good")
    worker.load(SETTINGS, ignore)
    process = worker._process  # pyright: ignore[reportPrivateUsage]
    assert process is not None
    assert process.stdin is not None
    process.stdin.write(b"no message at all\n")
    process.stdin.close()

    assert process.wait(PATIENCE_S) in (0, 1)
    worker.close()


def test_garbage_from_the_process_is_its_death() -> None:
    """Whatever was printed into the pipe: what follows would be misunderstood."""
    program = "print('config loaded', flush=True); import sys; sys.stdin.read()"
    worker = ModelProcess((sys.executable, "-c", program))
    threading.Timer(0.5, worker.kill).start()
    with pytest.raises(WorkerDied):
        worker.load(SETTINGS, ignore)
    worker.close()


def test_a_child_that_is_on_trial_ends_with_whoever_tries_it() -> None:
    """It may hang, and its limit of time is gone with the parent."""
    trying = (
        "import subprocess, sys; from lsp_server.system.child_process import stdin_while_alive\n"
        "child = 'from lsp_server.system.child_process import end_with_parent as e; e(); print(1, flush=True);"
        " import time; time.sleep(60)'\n"
        "with stdin_while_alive() as stdin: subprocess.run([sys.executable, '-c', child], stdin=stdin)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", trying], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.read(1) == b"1"
    (child,) = psutil.Process(parent.pid).children()
    parent.kill()
    parent.wait()

    psutil.wait_procs([child], timeout=PATIENCE_S)
    assert not child.is_running()
    parent.stdout.close()
