"""Files that are no models, or broken ones: one clear sentence each, and the process that asked lives on."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from byte_fim.errors import BadModelFile
from lsp_server.model.load_params import LoadParams
from lsp_server.model.loading import LoadedModel, load_model
from lsp_server.model.trial import try_model
from tests.lsp_server import command_line
from tests.lsp_server.raw_client import RawClient
from tests.made_models import write_metadata, write_random_model
from tests.vocabularies import find_vocabulary

MODELS = Path(__file__).resolve().parents[2] / "models"
WHOLE = (MODELS / "bytefim-nano-spm-q8_0.gguf").read_bytes()  # the smaller one: dozens of copies are written
FIRST_TENSOR = WHOLE.index(struct.pack("<Q", len("token_embd.weight")) + b"token_embd.weight")
N_TENSORS_AT = 8  # after magic and version

ONE_THREAD = LoadParams(n_threads=1)  # tests share the machine with other work

Load = Callable[[Path | str], LoadedModel]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads through a real trial, leaving the user's cache alone."""
    trial = partial(try_model, cache_file=tmp_path / "trials.json", timeout_s=60.0)
    return lambda path: load_model(str(path), params=ONE_THREAD, trial=trial, self_test=lambda *_: None)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    """A file with some content."""

    def write_model(content: bytes) -> Path:
        path = tmp_path / "model.gguf"
        path.write_bytes(content)
        return path

    return write_model


def refusal(load: Load, path: Path | str) -> str:
    """What the user is told; checks that it is one sentence which names the file and a remedy."""
    with pytest.raises(BadModelFile) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert "Traceback" not in message
    assert Path(path).name in message
    assert "; " in message, "no remedy"
    assert len(message) < 600
    return message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"GGUF", "ends after 4 bytes"),
        (b"GG", "ends after 2 bytes"),
        (b"\x00\x01\x02\x03", "is not a GGUF model"),
        (b"import os\nprint('a text file')\n" * 100, "begins with b'impo'"),
        (b"PK\x03\x04" + bytes(1000), "is not a GGUF model"),
        (WHOLE[:23], "ends after 23 bytes"),
        (WHOLE[:24], "is cut off or damaged"),
        (b"GGUF" + struct.pack(">I", 3) + WHOLE[8:], "version"),
        (b"GGUF" + struct.pack("<I", 1) + WHOLE[8:], "version"),
    ],
)
def test_what_is_no_model_is_told_from_its_first_bytes(
    load: Load, write: Callable[[bytes], Path], content: bytes, says: str
) -> None:
    """Cheap mistakes get a precise sentence at once, without starting a process."""
    assert says in refusal(load, write(content))


@pytest.mark.parametrize(
    "n_bytes", [100, 4000, FIRST_TENSOR // 2, FIRST_TENSOR + 10, len(WHOLE) // 10, len(WHOLE) // 2, len(WHOLE) - 1]
)
def test_a_truncated_model_is_refused(load: Load, write: Callable[[bytes], Path], n_bytes: int) -> None:
    """Downloads break off; in the metadata, in the vocabulary, in the weights."""
    assert "fetch" in refusal(load, write(WHOLE[:n_bytes]))


def test_a_file_that_does_not_exist_is_refused(load: Load, tmp_path: Path) -> None:
    """The usual cause is a typing error in a settings file."""
    assert "There is no file" in refusal(load, tmp_path / "missing.gguf")


def test_a_folder_is_refused(load: Load, tmp_path: Path) -> None:
    """People name the folder of a download."""
    assert "is a folder" in refusal(load, tmp_path)


def test_a_path_through_a_file_is_refused(load: Load, write: Callable[[bytes], Path]) -> None:
    """Not a question of permissions, and the sentence must say so."""
    assert "cannot be read" in refusal(load, write(WHOLE) / "inner.gguf")


@pytest.mark.parametrize("path", ["folder/with\0zero.gguf", "folder/" + "long" * 2000 + ".gguf"])
def test_a_path_that_no_system_accepts_is_refused(load: Load, path: str) -> None:
    """Settings hold any text; the operating system raises errors of its own for some."""
    with pytest.raises(BadModelFile, match="cannot be read"):
        load(path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes among files")
def test_a_named_pipe_is_refused_without_waiting(load: Load, tmp_path: Path) -> None:
    """Reading one would wait for a writer for ever."""
    os.mkfifo(tmp_path / "pipe.gguf")

    assert "is not an ordinary file" in refusal(load, tmp_path / "pipe.gguf")


@contextmanager
def as_nobody() -> Iterator[None]:
    """For whoever runs the tests as root, whom no permission stops."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions in another way")
def test_an_unreadable_file_is_refused(load: Load) -> None:
    """Models are often put in place by another user."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "model.gguf"
        path.write_bytes(WHOLE[:64])
        path.chmod(0o000)
        with as_nobody():
            message = refusal(load, path)

    assert "Permission denied" in message


def test_a_vocabulary_without_weights_is_refused(load: Load, write: Callable[[bytes], Path]) -> None:
    """Such files are handed out for tests of tokenizers and look like models."""
    vocabulary = WHOLE[:N_TENSORS_AT] + bytes(8) + WHOLE[N_TENSORS_AT + 8 : FIRST_TENSOR]

    assert "no weights" in refusal(load, write(vocabulary))


def without_fim(content: bytes) -> bytes:
    """The model with its fill-in-the-middle tokens renamed, in the metadata and as text: llama.cpp looks at both."""
    return content.replace(b"tokenizer.ggml.fim_", b"tokenizer.ggml.xim_").replace(b"<|fim_", b"<|xim_")


def test_a_model_without_fim_tokens_is_refused_unless_plain_will_do(
    load: Load, write: Callable[[bytes], Path], tmp_path: Path
) -> None:
    """Asking it to fill in the middle would give confident nonsense; continuing left to right works."""
    path = write(without_fim(WHOLE))
    message = refusal(load, path)
    loaded = load_model(str(path), require_fim=False, trial=partial(try_model, cache_file=tmp_path / "trials.json"))
    row = loaded.model.next_token_logprobs([loaded.model.tokenize(b"for i in")])[0]
    loaded.close()

    assert "no fill-in-the-middle tokens; use --layout plain" in message
    assert loaded.layout == "plain"
    assert np.exp(row).sum() == pytest.approx(1.0)


def test_weights_that_are_not_numbers_are_refused(load: Load, write: Callable[[bytes], Path]) -> None:
    """A failing disk gives such files; they load, and every answer would be nonsense."""
    weights_at = len(WHOLE) // 2
    broken = WHOLE[:weights_at] + b"\xff" * (len(WHOLE) - weights_at)

    assert "not numbers" in refusal(load, write(broken))


def test_sizes_that_contradict_the_weights_are_refused(load: Load, write: Callable[[bytes], Path]) -> None:
    """A converter's mistake: the metadata promise another width than the weights have."""
    key = b"llama.embedding_length" + struct.pack("<I", 4)
    broken = WHOLE.replace(key + struct.pack("<I", 192), key + struct.pack("<I", 196))
    assert broken != WHOLE

    refusal(load, write(broken))


def test_a_vocabulary_with_a_token_twice_is_refused(load: Load, write: Callable[[bytes], Path]) -> None:
    """This llama.cpp answers it with abort(): without the trial, the server would be gone."""
    before, after = (struct.pack("<Q", 2) + text for text in (b"in", b"re"))
    assert before in WHOLE
    assert after in WHOLE

    refusal(load, write(WHOLE.replace(before, after, 1)))


def test_an_architecture_that_llama_cpp_does_not_know_is_told(load: Load, tmp_path: Path) -> None:
    """Fetching the file again would not help; a newer runtime might."""
    path = tmp_path / "new.gguf"
    write_metadata(path, {}, architecture="quux")
    message = refusal(load, path)

    assert "does not know; install a newer llama-cpp-python" in message
    assert "'quux'" in message


def test_a_part_that_is_missing_is_told_before_anything_is_loaded(load: Load, tmp_path: Path) -> None:
    """The trial says it, so every way to load a model does."""
    write_random_model(tmp_path / "model.gguf", find_vocabulary("llama-spm"), max_tensors=12)
    (tmp_path / "model-00003-of-00003.gguf").unlink()

    assert "model-00003-of-00003.gguf is not beside it" in refusal(load, tmp_path / "model-00001-of-00003.gguf")


def test_the_command_and_the_server_say_the_same_sentence_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever sees it in the editor can try the file on the command line, and hears no other story there."""
    path, document = tmp_path / "bert.gguf", tmp_path / "a.py"
    write_metadata(path, {"bert.attention.causal": False}, architecture="bert")
    document.write_text("x = 1\n")
    on_command_line = command_line.refusal(capsys, "complete", str(document), "--offset", "3", "--model", str(path))
    command = [*command_line.MODULE, "serve", "--model", str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        client = RawClient(process.stdin, process.stdout)
        client.ask("initialize", {"processId": None, "capabilities": {}})
        client.notify("initialized", {})
        client.wait_for(lambda message: message.get("method") == "window/showMessage")
        client.ask("shutdown", None)
        shown = client.heard("window/showMessage")
    finally:
        process.kill()
        process.wait()

    assert "is an encoder (bert)" in on_command_line
    assert [message["params"]["message"] for message in shown] == [on_command_line.strip()]


def survives(load: Load, path: Path) -> bool:
    """True when the model loads and works in spite of the damage; otherwise it is refused properly."""
    try:
        loaded = load(path)
    except BadModelFile:
        refusal(load, path)
        return False
    row = loaded.model.next_token_logprobs([[1, 2, 3]])[0]
    loaded.close()
    assert np.exp(row).sum() == pytest.approx(1.0)
    return True


def flipped(content: bytes, *, seed: int) -> bytes:
    """One to four random bytes among the first 4096 replaced; never the magic, which other tests change."""
    generator = random.Random(seed)
    damaged = bytearray(content)
    for _ in range(1 + seed % 4):
        damaged[generator.randrange(4, 4096)] = generator.randrange(256)
    return bytes(damaged)


@pytest.mark.parametrize("seed", range(6))
def test_random_damage_in_the_header_never_ends_the_process(
    load: Load, write: Callable[[bytes], Path], seed: int
) -> None:
    """A loader in C++ meets lengths and counts that no converter writes; whatever it does, it does it elsewhere."""
    survives(load, write(flipped(WHOLE, seed=seed)))


@pytest.mark.slow
def test_much_random_damage_in_the_header_never_ends_the_process(load: Load, write: Callable[[bytes], Path]) -> None:
    """The same over many files, so that rare ways to fail are met too."""
    outcomes = [survives(load, write(flipped(WHOLE, seed=seed))) for seed in range(100, 140)]

    assert 0 < sum(outcomes) < len(outcomes)
