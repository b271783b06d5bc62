"""Every setting, declared once: default, unit, what is allowed, and the reason for the default.

Knows nothing of models or editors, and not where values come from (settings_reading.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Literal, get_args, get_type_hints

from lsp_server.setting_kinds import Choice, Declared, Number, Switch, Text, Texts, Weights, WholeNumber

LayoutChoice = Literal["auto", "plain", "psm", "spm"]
ConditioningChoice = Literal["exact", "healing", "naive"]
EnsembleChoice = Literal["mixture", "product"]

SECTION = "bytefim"  # the name under which editors keep our settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings in force; names are those of the settings file and of the editor's settings."""

    enabled: Annotated[
        bool,
        Declared(allowed=Switch(), meaning="whether anything is suggested", reason="`bytefim.toggle` changes it"),
    ] = True
    model: Annotated[
        str | None,
        Declared(
            allowed=Text(),
            meaning="the model that completes",
            unit="catalogue name or path of a GGUF file",
            reason="absent: the model that ships with the package",
        ),
    ] = None
    models_beside: Annotated[
        tuple[str, ...],
        Declared(
            allowed=Texts(),
            meaning="further models, which complete together with `model`, byte by byte",
            unit="catalogue names or paths of GGUF files",
            reason="each costs its memory and its time",
        ),
    ] = ()
    weights: Annotated[
        tuple[float, ...],
        Declared(
            allowed=Weights(),
            meaning="how much each of several models counts, `model` first",
            unit="relative to the others",
            reason="empty: alike at first, then by how well each said what came",
        ),
    ] = ()
    ensemble: Annotated[
        EnsembleChoice,
        Declared(
            allowed=Choice(("mixture", "product")),
            meaning="whether a byte needs the word of one of several models, or of all",
            reason="on code that no model has seen a product says more",
        ),
    ] = "product"
    project_words: Annotated[
        bool,
        Declared(
            allowed=Switch(),
            meaning="whether what stands in the open files counts as one more model, which learns while you type",
            reason="a suggestion takes several times as long",
        ),
    ] = False
    layout: Annotated[
        LayoutChoice,
        Declared(
            allowed=Choice(("auto", "plain", "psm", "spm")),
            meaning="the order of prefix, suffix and middle in the prompt",
            reason="auto: the order that the model was trained on",
        ),
    ] = "auto"
    conditioning: Annotated[
        ConditioningChoice,
        Declared(
            allowed=Choice(("exact", "healing", "naive")),
            meaning="how the bytes before the cursor bind the model",
            reason="the others are for comparison",
        ),
    ] = "exact"
    max_tokens: Annotated[
        int,
        Declared(
            allowed=WholeNumber(1, 1024),
            meaning="the longest suggestion",
            unit="tokens",
            reason="a long line, or a few",
        ),
    ] = 48
    deadline_ms: Annotated[
        int,
        Declared(
            allowed=WholeNumber(10, 60_000),
            meaning="how long a suggestion may take",
            unit="milliseconds",
            reason="later than this nobody waits any more",
        ),
    ] = 2500
    n_threads: Annotated[
        int | None,
        Declared(
            allowed=WholeNumber(1, 256, True),
            meaning="how many processor cores the model works on",
            unit="threads",
            reason="absent: chosen for the processor",
        ),
    ] = None
    n_context_tokens: Annotated[
        int | None,
        Declared(
            allowed=WholeNumber(256, 1 << 20, True),
            meaning="how much text the model sees at once",
            unit="tokens",
            reason="absent: what the model has, 4096 at most",
        ),
    ] = None
    n_gpu_layers: Annotated[
        int | None,
        Declared(
            allowed=WholeNumber(0, 1000, True),
            meaning="how much of the model graphics processors and other machines hold",
            unit="layers",
            reason="absent: as many as fit their free memory; 0: none",
        ),
    ] = None
    rpc_servers: Annotated[
        tuple[str, ...],
        Declared(
            allowed=Texts(),
            meaning="other machines that hold parts of the model, by llama.cpp's RPC, which trusts everybody",
            unit="HOST:PORT",
            reason="nothing leaves this machine without your word",
        ),
    ] = ()
    lora: Annotated[
        tuple[str, ...],
        Declared(
            allowed=Texts(),
            meaning="adapters that are added to the model's weights",
            unit="PATH or PATH=SCALE",
            reason="the model as it was trained; a scale that is not said is 1",
        ),
    ] = ()
    unload_after_minutes: Annotated[
        int,
        Declared(
            allowed=WholeNumber(0, 10_080),
            meaning="how long after the last request the model's memory is given back; 0: never",
            unit="minutes",
            reason="the next key press loads it again, within seconds; longer pauses than this are no pauses",
        ),
    ] = 30
    n_prefix_bytes: Annotated[
        int,
        Declared(
            allowed=WholeNumber(64, 1 << 22),
            meaning="how much of the text before the cursor is looked at",
            unit="bytes",
            reason="more than small models hold; the model cuts further",
        ),
    ] = 32_768
    n_suffix_bytes: Annotated[
        int,
        Declared(
            allowed=WholeNumber(0, 1 << 22),
            meaning="how much of the text after the cursor is looked at",
            unit="bytes",
            reason="what is far below matters little",
        ),
    ] = 8_192
    prefetch: Annotated[
        bool,
        Declared(
            allowed=Switch(),
            meaning="whether what follows a suggestion is computed before it is asked for",
            reason="the machine is idle then; false saves power",
        ),
    ] = True
    min_confidence: Annotated[
        float,
        Declared(
            allowed=Number(0, 1),
            meaning="how sure the model must be before anything is shown that nobody asked for; 0: always",
            unit="probability",
            reason="in unseen code 6 of 7 right suggestions are at least so sure, and 2 of 5 so sure are right",
        ),
    ] = 0.1
    languages_off: Annotated[
        tuple[str, ...],
        Declared(
            allowed=Texts(),
            meaning="in which languages nothing is suggested unless it is asked for",
            unit="language ids of the editor",
            reason="no language is muted without your word",
        ),
    ] = ()
    files_off: Annotated[
        tuple[str, ...],
        Declared(
            allowed=Texts(),
            meaning="in which files nothing is suggested unless it is asked for",
            unit="glob patterns of file paths",
            reason="no file is muted without your word",
        ),
    ] = ()
    completion_fallback: Annotated[
        bool,
        Declared(
            allowed=Switch(),
            meaning="whether editors without inline completion get suggestions in their list of completions",
            reason="a list that opens by itself is in the way",
        ),
    ] = False
    context_files: Annotated[
        bool,
        Declared(
            allowed=Switch(),
            meaning="whether the model sees parts of other files of the project",
            reason="they tell what the names in this one mean",
        ),
    ] = True
    models_mirror: Annotated[
        str | None,
        Declared(
            allowed=Text(),
            meaning="where models are fetched from when `bytefim.pullModel` says so",
            unit="web address that stands for scheme and host",
            reason="absent: from where the catalogue says",
        ),
    ] = None
    models_proxy: Annotated[
        str | None,
        Declared(
            allowed=Text(),
            meaning="the proxy by which models are fetched",
            unit="web address",
            reason="absent: as the environment of the server says",
        ),
    ] = None
    statistics: Annotated[
        bool,
        Declared(
            allowed=Switch(),
            meaning="whether suggestions and their times are counted",
            reason="counts, never text, that stay on this machine",
        ),
    ] = True


def _read_declarations() -> Mapping[str, Declared]:
    hints = get_type_hints(Settings, include_extras=True)
    return {f.name: get_args(hints[f.name])[1] for f in fields(Settings)}


DEFAULTS = Settings()
DECLARED = _read_declarations()
