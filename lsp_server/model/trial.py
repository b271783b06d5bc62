"""Tries a model in a throw-away process: native code may crash, the server may not. Knows no catalogue and no layout.

Known case: ggml's AMX kernels built with GCC 12 fault on quantized weights as soon as two tokens are evaluated
together. So the trial evaluates a prompt of many tokens, then goes on from it in two ways at once. When it dies it is
repeated with the parameters that avoid repacked weights. What worked is remembered per native library, model file and
parameters; failures are not, because memory may have been short.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from byte_fim.errors import BadModelFile, ModelError, ModelFailed, OutOfMemory
from lsp_server.model.load_params import LoadParams
from lsp_server.store.file import key_of
from lsp_server.store.usable import require_room, require_whole
from lsp_server.system.child_process import (
    PYTHON,
    ChildDied,
    ask_child,
    die_quietly,
    end_with_parent,
)
from lsp_server.system.findings import Findings, find_cache_file
from lsp_server.system.memory import find_memory

CHILD_COMMAND = (*PYTHON, "-m", "lsp_server.model.trial")
LEAST_TIMEOUT_S = 60.0
TIMEOUT_S_PER_BYTE = 60.0 / 2**30  # a slow disk reads a gigabyte in a minute
LIBRARY_TIMEOUT_S = 60.0
CACHE_FILE = "model-trials.json"
_TEXT = b"def mean(values: list[float]) -> float:\n    if not values:\n        return 0.0\n    return sum(values) / "
_MAX_PROMPT_TOKENS = 48  # enough for the kernels that evaluate many tokens together


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """Parameters with which the model survived."""

    params: LoadParams
    summary: str
    """One line for people."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    kind: Literal["ok", "refused", "no room", "died"]
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
    key = key_of(path, sys.version, params.circumstances())
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
    if second.kind == "no room":
        raise OutOfMemory(second.reason)
    if second.kind == "died":
        what = " with ".join([str(path), *(lora for lora, _ in params.loras)])
        if second.reason.startswith("SIGKILL"):
            raise OutOfMemory(f"{what} does not fit the memory that is free (SIGKILL); choose a smaller model.")
        raise BadModelFile(
            f"{what} makes llama.cpp fail ({second.reason}); fetch the model again, or choose another one."
        )
    if first.kind == "ok" or first.is_lasting:
        survived.keep(key, first.reason)
    return TrialOutcome(replace(params, use_extra_buffers=first.kind == "ok"), _summary(first.reason, when="tried now"))


def try_library(*, command: Sequence[str] = CHILD_COMMAND) -> Mapping[str, str | int]:
    """Facts about the native library, found in a throw-away process. Raises ModelError when it does not even start."""
    try:
        said = ask_child(command, timeout_s=LIBRARY_TIMEOUT_S)
        return {key: value if isinstance(value, int) else str(value) for key, value in said.items()}
    except ChildDied as death:
        raise ModelError(
            f"llama.cpp does not start on this machine ({death}); install llama-cpp-python again."
        ) from death


def _attempt(path: Path, params: LoadParams, *, command: Sequence[str], timeout_s: float) -> _Attempt:
    try:
        said = ask_child([*command, str(path), json.dumps(asdict(params))], timeout_s=timeout_s)
    except ChildDied as death:
        return _Attempt("died", str(death), is_lasting=death.is_lasting)
    reason = str(said.get("reason"))
    match said.get("outcome"):
        case "ok":
            return _Attempt("ok")
        case "refused":
            return _Attempt("refused", reason)
        case "no room":
            return _Attempt("no room", reason)
        case _:
            return _Attempt("died", reason.rstrip("."), is_lasting=True)


def _summary(reason: str, *, when: str) -> str:
    return f"passed, {when}" if not reason else f"passed without repacked weights, {when}; with them it died ({reason})"


def main(arguments: Sequence[str]) -> int:
    """The child: no arguments, say what the library is; path and parameters, load that model and use it a little."""
    die_quietly()
    end_with_parent()
    from byte_fim.backends.llama_cpp import library_facts
    from byte_fim.backends.llama_cpp.devices import count_free_vram_bytes, find_devices

    said: Mapping[str, str | int]
    if not arguments:
        devices = find_devices()
        said = {
            **library_facts(),
            "devices": "; ".join(map(str, devices)),
            "free_vram_bytes": count_free_vram_bytes(devices),
        }
    else:
        path, params = arguments
        try:
            _exercise(Path(path), LoadParams(**json.loads(params)))
            said = {"outcome": "ok"}
        except OutOfMemory as shortage:
            said = {"outcome": "no room", "reason": str(shortage)}
        except ModelFailed as failure:
            said = {"outcome": "failed", "reason": str(failure)}
        except ModelError as refusal:
            said = {"outcome": "refused", "reason": str(refusal)}
    print(json.dumps(said), flush=True)
    return 0


def _exercise(path: Path, params: LoadParams) -> None:
    from byte_fim.backends.llama_cpp import LlamaCppModel, RuntimeParams

    require_room(path, require_whole(path), memory=find_memory(), n_device_bytes=_count_device_bytes(params))
    model = LlamaCppModel(path, RuntimeParams(**asdict(params)))
    n_prompt_tokens = min(_MAX_PROMPT_TOKENS, model.n_context_tokens - 1)
    prompt = [*model.fim.start_ids, *model.tokenize(_TEXT)][:n_prompt_tokens]
    likely = [int(token) for token in model.next_token_logprobs([prompt])[0].argsort()[-2:]]
    model.next_token_logprobs([[*prompt, token] for token in likely])
    model.close()


def _count_device_bytes(params: LoadParams) -> int:
    """Memory beside the processor's in which weights may lie."""
    from byte_fim.backends.llama_cpp.devices import find_devices, find_layer_devices

    if params.rpc_servers:
        return sys.maxsize  # they are not asked before the model is loaded
    return sum(device.total_bytes for device in find_layer_devices(find_devices()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
