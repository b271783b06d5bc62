"""The trial in a throw-away process: what it survives, what it reports, what it remembers."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from byte_fim.errors import BadModelFile, ModelError, OutOfMemory
from lsp_server.model.load_params import LoadParams
from lsp_server.model.trial import TrialOutcome, try_library, try_model
from lsp_server.store.catalog import read_catalog

CHILD_HEAD = """
import ctypes, json, os, pathlib, signal, sys, threading
path, params = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])
log = path.with_suffix(".log")
log.write_text((log.read_text() if log.exists() else "") + "x")
"""
DIES = "ctypes.string_at(0)\n"
DIES_WITH_DEFAULTS = "if params['use_extra_buffers']: ctypes.string_at(0)\n"
SAYS_OK = "print(json.dumps({'outcome': 'ok'}))\n"

Try = Callable[..., TrialOutcome]


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    """The trial itself does not care what is in it."""
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF and more")
    return path


@pytest.fixture
def try_with(model_file: Path, tmp_path: Path) -> Try:
    """Runs the trial with a child that does what the given program text says, after leaving a trace of its start."""

    def run(
        program: str, *, params: LoadParams | None = None, path: Path = model_file, timeout_s: float = 60.0
    ) -> TrialOutcome:
        script = tmp_path / "child.py"
        script.write_text(CHILD_HEAD + program)
        return try_model(
            path,
            params or LoadParams(),
            command=[sys.executable, str(script)],
            cache_file=tmp_path / "cache" / "trials.json",
            timeout_s=timeout_s,
        )

    return run


def n_started(model_file: Path) -> int:
    """How many children have run so far."""
    log = model_file.with_suffix(".log")
    return len(log.read_text()) if log.exists() else 0


def test_a_model_that_survives_keeps_the_parameters(try_with: Try, model_file: Path) -> None:
    """Most machines are fine; the trial must not slow them down with cautious parameters."""
    outcome = try_with(SAYS_OK, params=LoadParams(n_threads=3))

    assert outcome.params == LoadParams(n_threads=3, use_extra_buffers=True)
    assert outcome.summary == "passed, tried now"
    assert n_started(model_file) == 1


def test_a_child_that_really_crashes_is_followed_by_the_safe_parameters(try_with: Try, model_file: Path) -> None:
    """The known AMX fault: quantized weights die with repacked buffers and work without."""
    outcome = try_with(DIES_WITH_DEFAULTS + SAYS_OK, params=LoadParams(n_context_tokens=256))

    assert outcome.params == LoadParams(n_context_tokens=256, use_extra_buffers=False)
    assert "without repacked weights" in outcome.summary
    assert n_started(model_file) == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals; a fault is an exit status there")
def test_the_signal_is_named(try_with: Try) -> None:
    """'SIGSEGV' finds the bug report, 'exit status -11' does not."""
    assert "SIGSEGV" in try_with(DIES_WITH_DEFAULTS + SAYS_OK).summary

    with pytest.raises(BadModelFile, match="SIGSEGV"):
        try_with(DIES, params=LoadParams(n_threads=1))


def test_what_survived_is_remembered(try_with: Try, model_file: Path) -> None:
    """The second start of the server must not pay for a process, nor crash one."""
    try_with(DIES_WITH_DEFAULTS + SAYS_OK)
    again = try_with(DIES)

    assert again.params.use_extra_buffers is False
    assert "tried earlier" in again.summary
    assert n_started(model_file) == 2


@pytest.mark.parametrize("change", ["content", "parameters"])
def test_another_file_or_other_parameters_are_tried_again(try_with: Try, model_file: Path, change: str) -> None:
    """A remembered outcome says nothing about what was not tried."""
    try_with(SAYS_OK)
    if change == "content":
        model_file.write_bytes(b"GGUF and something else")
    outcome = try_with(SAYS_OK, params=LoadParams(n_threads=2) if change == "parameters" else None)

    assert "tried now" in outcome.summary
    assert n_started(model_file) == 2


def test_a_model_that_always_crashes_is_refused_and_not_remembered(try_with: Try, model_file: Path) -> None:
    """One clear sentence instead of a dead server; memory may have been short, so the next start tries again."""
    with pytest.raises(BadModelFile) as caught:
        try_with("print('/build/src/a.cpp:7: GGML_ASSERT(n > 0) failed', file=sys.stderr, flush=True)\nos._exit(134)\n")

    assert str(caught.value) == (
        f"{model_file} makes llama.cpp fail (exit status 134: a.cpp:7: GGML_ASSERT(n > 0) failed);"
        " fetch the model again, or choose another one."
    )
    assert try_with(SAYS_OK).summary == "passed, tried now"


def test_a_clean_refusal_is_passed_on_without_a_second_try(try_with: Try, model_file: Path) -> None:
    """The child knows best what is wrong with the file."""
    with pytest.raises(BadModelFile, match=r"^no tensors, sorry\.$"):
        try_with("print(json.dumps({'outcome': 'refused', 'reason': 'no tensors, sorry.'}))\n")

    assert n_started(model_file) == 1


def test_answers_that_are_no_numbers_are_tried_again_with_the_safe_parameters(try_with: Try, model_file: Path) -> None:
    """A miscompiled kernel may produce nonsense instead of a crash."""
    nonsense = (
        "if params['use_extra_buffers']: print(json.dumps({'outcome': 'failed', 'reason': 'NaN.'})); sys.exit()\n"
    )
    outcome = try_with(nonsense + SAYS_OK)

    assert outcome.params.use_extra_buffers is False
    assert outcome.summary == "passed without repacked weights, tried now; with them it died (NaN)"


def test_a_child_that_hangs_is_ended(try_with: Try) -> None:
    """A file that sends the loader into an endless loop must not hold the server for ever."""
    with pytest.raises(BadModelFile, match="no answer within"):
        try_with("threading.Event().wait()\n", timeout_s=0.5)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_child_killed_for_want_of_memory_does_not_condemn_the_parameters(try_with: Try) -> None:
    """SIGKILL is how a full machine looks; tomorrow the fast parameters may work."""
    killed = "if params['use_extra_buffers']: os.kill(os.getpid(), signal.SIGKILL)\n"
    assert try_with(killed + SAYS_OK).params.use_extra_buffers is False

    assert try_with(SAYS_OK).params.use_extra_buffers is True


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_child_that_is_always_killed_has_no_room(try_with: Try) -> None:
    """The file is not to blame: with a smaller context it may do."""
    with pytest.raises(OutOfMemory, match="does not fit the memory that is free"):
        try_with("os.kill(os.getpid(), signal.SIGKILL)\n")


def test_a_child_that_says_it_has_no_room_is_believed(try_with: Try, model_file: Path) -> None:
    """Other parameters would not make room."""
    with pytest.raises(OutOfMemory, match=r"^too large\.$"):
        try_with("print(json.dumps({'outcome': 'no room', 'reason': 'too large.'}))\n")

    assert n_started(model_file) == 1


def test_the_adapters_are_named_when_a_model_dies_with_them(try_with: Try, tmp_path: Path) -> None:
    """Without them it may be fine."""
    lora = tmp_path / "lora.gguf"
    lora.write_bytes(b"GGUF")
    with pytest.raises(BadModelFile, match=r"model\.gguf with .*lora\.gguf makes llama\.cpp fail"):
        try_with(DIES, params=LoadParams(loras=((str(lora), 1.0),)))


def test_a_child_that_exits_without_a_word_has_failed(try_with: Try) -> None:
    """Status 0 alone proves nothing: some faults end a process quietly."""
    with pytest.raises(BadModelFile, match="said nothing"):
        try_with("")


def test_what_libraries_print_on_stdout_does_no_harm(try_with: Try) -> None:
    """Native code prints where it likes; the verdict is the last line."""
    assert try_with("print('loading {...'); print('[1, 2')\n" + SAYS_OK).summary == "passed, tried now"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"survived": 3}', '{"survived": {"a": {}}}', "\x00\xff"])
def test_a_damaged_cache_counts_as_empty(try_with: Try, tmp_path: Path, content: str) -> None:
    """A crash or a full disk may leave anything; the cache is made again."""
    cache = tmp_path / "cache" / "trials.json"
    cache.parent.mkdir()
    cache.write_text(content, encoding="latin-1")

    assert try_with(SAYS_OK).summary == "passed, tried now"
    assert try_with(DIES).summary == "passed, tried earlier"
    assert [file.name for file in cache.parent.iterdir()] == ["trials.json"]


def test_a_cache_that_cannot_be_written_does_no_harm(try_with: Try, tmp_path: Path) -> None:
    """Home folders may be read-only; the trial is then repeated at every start."""
    (tmp_path / "cache").write_text("a file where the folder should be")

    assert try_with(SAYS_OK).summary == "passed, tried now"
    assert try_with(SAYS_OK).summary == "passed, tried now"


def test_the_cache_does_not_grow_without_end(try_with: Try, tmp_path: Path) -> None:
    """Whoever converts models all day must not pay for it at every start."""
    cache = tmp_path / "cache" / "trials.json"
    cache.parent.mkdir()
    cache.write_text(json.dumps({"survived": {str(i): "" for i in range(500)}}))
    try_with(SAYS_OK)

    assert len(json.loads(cache.read_text())["survived"]) == 100


def test_the_real_child_loads_the_embedded_model_in_a_hostile_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Editors start servers in the workspace: its files must neither be imported by the child nor be changed by it."""
    hostile = "raise SystemExit('imported from the workspace')"
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    for name in ("numpy.py", "lsp_server.py", "llama_cpp.py", "json.py"):
        (workspace / name).write_text(hostile)
    before = sorted(workspace.iterdir())
    monkeypatch.chdir(workspace)
    catalog = read_catalog()
    path = catalog.require_file(catalog.require_entry(catalog.default))

    outcome = try_model(path, LoadParams(), cache_file=tmp_path / "trials.json")

    assert "tried now" in outcome.summary
    assert sorted(workspace.iterdir()) == before


def test_the_real_child_describes_the_library() -> None:
    """`bytefim doctor` must be able to speak of a library that would kill the process that loads it."""
    facts = try_library()

    assert str(facts["llama-cpp-python"]).count(".") == 2
    assert facts["features"]
    assert int(facts["free_vram_bytes"]) >= 0


def test_a_library_that_kills_its_process_is_one_sentence(tmp_path: Path) -> None:
    """A build for another processor dies of an illegal instruction as soon as it is loaded."""
    script = tmp_path / "child.py"
    script.write_text("import sys\nsys.exit('illegal instruction')")

    with pytest.raises(
        ModelError, match=r"^llama\.cpp does not start on this machine \(.*illegal instruction\); install"
    ):
        try_library(command=[sys.executable, str(script)])
