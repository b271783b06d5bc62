"""Tries a model in a throw-away process: native code may crash, the server may not. Knows no catalogue and no layout.

Known case: ggml's AMX kernels built with GCC 12 fault on quantized weights as soon as two tokens are evaluated
together. So the trial evaluates a prompt of many tokens, then goes on from it in two ways at once. When it dies it is
repeated with the parameters that avoid repacked weights. What worked is remembered per native library, model file and
parameters; failures are not, because memory may have been short.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, cast

from byte_fim.model import BadModelFile, ModelError
from lsp_server.store.file import key_of
from lsp_server.system.child_process import (
    CREATION_FLAGS,
    PYTHON,
    child_environment,
    die_quietly,
    end_with_parent,
    name_end,
    stdin_while_alive,
)
from lsp_server.system.findings import Findings, find_cache_file

CHILD_COMMAND = (*PYTHON, "-m", "lsp_server.model.trial")
LEAST_TIMEOUT_S = 60.0
TIMEOUT_S_PER_BYTE = 60.0 / 2**30  # a slow disk reads a gigabyte in a minute
LIBRARY_TIMEOUT_S = 60.0
CACHE_FILE = "model-trials.json"
_TEXT = b"def mean(values: list[float]) -> float:\n    if not values:\n        return 0.0\n    return sum(values) / "
_SOURCE_FOLDER = re.compile(r"\S*[/\\](?=[^/\\\s]+:\d+:)")  # of "/there/llama-vocab.cpp:2544: GGML_ASSERT(...) failed"
_MAX_REASON_CHARACTERS = 200
_MAX_PROMPT_TOKENS = 48  # enough for the kernels that evaluate many tokens together


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadParams:
    """How a model is to be loaded; what the adapter takes, without importing the adapter."""

    n_context_tokens: int | None = None
    n_threads: int | None = None
    use_extra_buffers: bool = True


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """Parameters with which the model survived."""

    params: LoadParams
    summary: str
    """One line for people."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    kind: Literal["ok", "refused", "died"]
    reason: str = ""
    is_lasting: bool = False
    """a repetition would give the same"""


def try_model(
    path: Path,
    params: LoadParams,
    *,
    command: Sequence[str] = CHILD_COMMAND,
    cache_file: Path | None = None,
    timeout_s: float | None = None,
) -> TrialOutcome:
    """Parameters with which the model can be loaded in this process. Raises BadModelFile when there are none.

    The first time it costs a process that loads the model, later a look into the cache. `command` starts the child;
    path and parameters (as JSON) are appended.
    """
    survived = Findings(
        cache_file or find_cache_file(CACHE_FILE), "survived"
    )  # key -> why the first attempt failed, or ""
    timeout_s = timeout_s or LEAST_TIMEOUT_S + path.stat().st_size * TIMEOUT_S_PER_BYTE
    key = key_of(path, sys.version, asdict(params))
    remembered = survived.find(key)
    if isinstance(remembered, str):
        return TrialOutcome(
            replace(params, use_extra_buffers=remembered == ""), _summary(remembered, when="tried earlier")
        )
    first = _attempt(path, params, command=command, timeout_s=timeout_s)
    second = first
    if first.kind == "died":
        second = _attempt(path, replace(params, use_extra_buffers=False), command=command, timeout_s=timeout_s)
    if second.kind == "refused":
        raise BadModelFile(second.reason)
    if second.kind == "died":
        raise BadModelFile(
            f"{path} makes llama.cpp fail ({second.reason}); fetch the model again, or choose another one."
        )
    if first.kind == "ok" or first.is_lasting:
        survived.keep(key, first.reason)
    return TrialOutcome(replace(params, use_extra_buffers=first.kind == "ok"), _summary(first.reason, when="tried now"))


def try_library(*, command: Sequence[str] = CHILD_COMMAND) -> Mapping[str, str]:
    """Facts about the native library, found in a throw-away process. Raises ModelError when it does not even start."""
    ended = _run([*command], timeout_s=LIBRARY_TIMEOUT_S)
    if isinstance(ended, _Attempt):
        raise ModelError(f"llama.cpp does not start on this machine ({ended.reason}); install llama-cpp-python again.")
    return {key: str(value) for key, value in ended.items()}


def _attempt(path: Path, params: LoadParams, *, command: Sequence[str], timeout_s: float) -> _Attempt:
    ended = _run([*command, str(path), json.dumps(asdict(params))], timeout_s=timeout_s)
    if isinstance(ended, _Attempt):
        return ended
    reason = str(ended.get("reason"))
    match ended.get("outcome"):
        case "ok":
            return _Attempt("ok")
        case "refused":
            return _Attempt("refused", reason)
        case _:
            return _Attempt("died", reason.rstrip("."), is_lasting=True)


def _run(command: Sequence[str], *, timeout_s: float) -> Mapping[str, object] | _Attempt:
    """The object that the child printed, or how it died."""
    try:
        with stdin_while_alive() as stdin:
            ended = subprocess.run(
                command,
                stdin=stdin,
                capture_output=True,
                timeout=timeout_s,
                check=False,
                env=child_environment(),
                creationflags=CREATION_FLAGS,
            )
    except subprocess.TimeoutExpired:
        return _Attempt("died", f"no answer within {timeout_s:.0f} s")
    except OSError as error:
        return _Attempt("died", f"the trial process did not start: {error.strerror}")
    if ended.returncode != 0:
        why = name_end(ended.returncode)
        reason = ": ".join(filter(None, (why, _last_words(ended.stderr))))
        return _Attempt("died", reason, is_lasting=why != "SIGKILL")  # SIGKILL: memory was short
    try:
        return cast("dict[str, object]", json.loads(ended.stdout.splitlines()[-1]))
    except (ValueError, IndexError):
        return _Attempt("died", "the trial process said nothing")


def _last_words(stderr: bytes) -> str:
    """The last line of what the child complained of, without the folders of the machine that llama.cpp was built on."""
    lines = stderr.decode("utf-8", "replace").strip().splitlines() or [""]
    return _SOURCE_FOLDER.sub("", lines[-1])[:_MAX_REASON_CHARACTERS]


def _summary(reason: str, *, when: str) -> str:
    return f"passed, {when}" if not reason else f"passed without repacked weights, {when}; with them it died ({reason})"


def main(arguments: Sequence[str]) -> int:
    """The child: no arguments, say what the library is; path and parameters, load that model and use it a little."""
    die_quietly()
    end_with_parent()
    from byte_fim.backends.llama_cpp import library_facts

    said: Mapping[str, str]
    if not arguments:
        said = library_facts()
    else:
        path, params = arguments
        try:
            _exercise(Path(path), LoadParams(**json.loads(params)))
            said = {"outcome": "ok"}
        except BadModelFile as refusal:
            said = {"outcome": "refused", "reason": str(refusal)}
        except ModelError as failure:
            said = {"outcome": "failed", "reason": str(failure)}
    print(json.dumps(said), flush=True)
    return 0


def _exercise(path: Path, params: LoadParams) -> None:
    from byte_fim.backends.llama_cpp import LlamaCppModel, RuntimeParams

    model = LlamaCppModel(path, RuntimeParams(**asdict(params)))
    n_prompt_tokens = min(_MAX_PROMPT_TOKENS, model.n_context_tokens - 1)
    prompt = [*model.fim.start_ids, *model.tokenize(_TEXT)][:n_prompt_tokens]
    likely = [int(token) for token in model.next_token_logprobs([prompt])[0].argsort()[-2:]]
    model.next_token_logprobs([[*prompt, token] for token in likely])
    model.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
