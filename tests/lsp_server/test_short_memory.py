"""Memory does not suffice: something smaller is tried, and people are told once what is used now."""

from __future__ import annotations

import queue
import re
import struct
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from byte_fim.errors import OutOfMemory
from lsp_server.engine.engine import Engine
from lsp_server.engine.state import EngineState
from lsp_server.model.process import ModelProcess
from lsp_server.model.thrift import describe_sacrifice, find_coarser_files, find_smaller, has_room_beside
from lsp_server.model.worker import WorkerDied, WorkerStarved
from lsp_server.settings import DEFAULTS, Settings
from lsp_server.store.catalog import Catalog
from lsp_server.store.entries import CatalogEntry, ModelFile
from lsp_server.system.memory import Memory
from tests.lsp_server.fake_engine import PATIENCE_S
from tests.lsp_server.requests import ask
from tests.lsp_server.staffed_engine import ALONE, StaffedEngine

SHORTAGE = OutOfMemory("a does not fit the memory; choose a smaller model.")
STARVED = WorkerStarved("The model's process ended (SIGKILL: perhaps memory ran out)")
GIB = 1 << 30
HEADER = struct.pack("<4sIQQ", b"GGUF", 3, 1, 0)  # of a file with one tensor


@pytest.fixture
def staffed() -> Iterator[StaffedEngine]:
    staffed = StaffedEngine()
    yield staffed
    assert staffed.engine.close(timeout_s=PATIENCE_S)


def test_smaller_means_less_context_then_coarser_weights() -> None:
    """A coarser model is worse at every key; less context only where it would have been used."""
    tried = find_smaller(Settings(model="m", n_context_tokens=2500), find_coarser=lambda name: [f"{name}:q4_0"])

    assert [(settings.model, settings.n_context_tokens) for settings in tried] == [
        ("m", 1250), ("m", 625), ("m:q4_0", 2500), ("m:q4_0", 1250), ("m:q4_0", 625),
    ]  # fmt: skip


def test_models_beside_are_gone_without_before_coarser_weights() -> None:
    """The last named first; what they weigh is nothing any more."""
    wish = Settings(model="m", models_beside=("x", "y"), weights=(1.0, 2.0, 3.0), n_context_tokens=1024)
    tried = list(find_smaller(wish, find_coarser=lambda name: [f"{name}:q4_0"]))

    assert [(s.model, s.models_beside, s.n_context_tokens) for s in tried] == [
        ("m", ("x", "y"), 512),
        ("m", ("x",), 1024), ("m", ("x",), 512),
        ("m", (), 1024), ("m", (), 512),
        ("m:q4_0", (), 1024), ("m:q4_0", (), 512),
    ]  # fmt: skip
    assert all(s.weights == () for s in tried[1:])
    assert "x and y do not take part" in describe_sacrifice(wish, tried[-1])
    assert "y does not take part" in describe_sacrifice(wish, tried[1])


def test_where_no_context_is_set_the_usual_one_is_halved() -> None:
    """The adapter takes at most so much."""
    tried = find_smaller(DEFAULTS, find_coarser=lambda name: [])

    assert [settings.n_context_tokens for settings in tried] == [2048, 1024, 512]


def test_coarser_files_are_those_of_the_same_model_that_are_here(tmp_path: Path) -> None:
    """Nothing is fetched, and another model is another choice."""
    sizes_bytes = {"Q8_0": 3000, "Q4_0": 1000, "Q6_K": 2000, "F16": 6000, "Q5_0": None}
    for quantisation, n_bytes in sizes_bytes.items():
        if n_bytes is not None:
            (tmp_path / f"m-{quantisation}.gguf").write_bytes(HEADER.ljust(n_bytes, b"\0"))
    files = tuple(
        ModelFile(file=f"m-{name}.gguf", quantisation=name, n_bytes=None, about_bytes=1000) for name in sizes_bytes
    )
    entry = CatalogEntry(name="m", licence="mit", summary="made up", files=files)
    catalog = Catalog("m", (entry,), (tmp_path,))

    assert find_coarser_files("m", catalog=catalog) == ["m:q6_k", "m:q4_0"]
    assert find_coarser_files("m:q4_0", catalog=catalog) == []
    assert find_coarser_files("no-such-model", catalog=catalog) == ()
    assert find_coarser_files(None) == []


def test_what_was_given_up_is_said_in_a_sentence() -> None:
    """And nothing when nothing was."""
    assert describe_sacrifice(ALONE, ALONE) == ""
    assert describe_sacrifice(ALONE, replace(ALONE, model="a:q4_0", n_context_tokens=512)) == (
        "Memory is short: a:q4_0 is used and the model sees 512 tokens at once; close other programs or choose a"
        " smaller model."
    )


def test_there_is_room_for_two_when_the_second_fits_what_is_free() -> None:
    """The first one's memory is not free any more."""
    settings = Settings(model="bytefim-tiny")
    free = Memory(total_bytes=8 * GIB, available_bytes=GIB)
    full = Memory(total_bytes=8 * GIB, available_bytes=GIB // 4)

    assert has_room_beside(settings, memory=lambda: free)
    assert not has_room_beside(settings, memory=lambda: full)
    assert has_room_beside(Settings(model="no-such-model"), memory=lambda: full)


def test_a_model_that_does_not_fit_sees_less(staffed: StaffedEngine) -> None:
    """Suggestions from half the context are better than none; one message says so."""
    staffed.wait_for("idle")
    staffed.models.shortcomings.append((lambda settings: settings.n_context_tokens is None, SHORTAGE))
    staffed.models.shortcomings.append((lambda settings: (settings.n_context_tokens or 0) > 1024, SHORTAGE))
    staffed.engine.restart()
    staffed.wait_for("idle")

    assert staffed.who_answers() == "a"
    assert staffed.notices()[-1:] == [
        "Memory is short: the model sees 1024 tokens at once; close other programs or choose a smaller model."
    ]


def test_a_model_that_never_fits_is_given_up_with_one_message(staffed: StaffedEngine) -> None:
    """Trying for ever would keep the machine busy."""
    staffed.wait_for("idle")
    staffed.models.shortcomings.append((lambda settings: True, SHORTAGE))
    staffed.engine.restart()
    staffed.wait_for("error")

    assert staffed.notices() == [str(SHORTAGE)]
    assert staffed.who_answers() == str(SHORTAGE)
    assert len(staffed.models.works) == 1 + 4


def test_a_change_to_a_model_that_never_fits_leaves_the_old_one(staffed: StaffedEngine) -> None:
    """Memory or not: what works goes on working."""
    staffed.wait_for("idle")
    staffed.models.shortcomings.append((lambda settings: settings.model == "b", SHORTAGE))
    staffed.engine.configure(replace(ALONE, model="b"))
    staffed.wait_for("loading")
    staffed.wait_for("idle")

    assert staffed.who_answers() == "a"
    assert staffed.notices() == [f"{SHORTAGE} a goes on."]


def test_what_the_system_ends_once_is_loaded_as_before_and_the_second_time_smaller(staffed: StaffedEngine) -> None:
    """Anybody may end a process; the system does it again as long as memory is short."""
    staffed.wait_for("idle")
    staffed.models.works[0].die(STARVED)
    staffed.wait_for("idle")
    after_one = staffed.notices()
    staffed.models.works[1].die(STARVED)
    staffed.wait_for("idle")
    loaded = [staffed.models.load_begun.get().n_context_tokens for _ in range(3)]

    assert loaded == [None, None, 2048]
    assert after_one == []
    assert len(staffed.notices()) == 1


def test_what_dies_of_something_else_is_not_made_smaller(staffed: StaffedEngine) -> None:
    """A fault in native code has nothing to do with memory."""
    staffed.wait_for("idle")
    for n_deaths in range(2):
        staffed.models.works[n_deaths].die(WorkerDied("The model's process ended (SIGSEGV)"))
        staffed.wait_for("idle")

    assert [staffed.models.load_begun.get().n_context_tokens for _ in range(3)] == [None, None, None]
    assert staffed.notices() == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limit of a process's memory is not heeded")
def test_a_real_process_with_too_little_memory_sees_less() -> None:
    """What llama.cpp says, and what it does, when the system gives it no more."""
    states: queue.SimpleQueue[EngineState] = queue.SimpleQueue()
    child = (sys.executable, "-m", "tests.lsp_server.starved_child")
    wanted = replace(ALONE, model=None, n_context_tokens=16_384, n_threads=1)
    engine = Engine(partial(ModelProcess, child), wanted, on_state=states.put)
    told = [states.get(timeout=PATIENCE_S)]
    while told[-1].state == "loading":
        told.append(states.get(timeout=3 * PATIENCE_S))
    answer = engine.submit(ask(b"def mean(values):\n    return sum(values) / len(val", b"\n")).result(3 * PATIENCE_S)
    assert engine.close()

    assert [state.state for state in told] == ["loading"] * (len(told) - 1) + ["idle"]
    assert re.fullmatch(r"Memory is short: the model sees \d+ tokens at once;.*", told[-1].notice)
    assert answer.served_by == "model"
