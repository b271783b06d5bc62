"""The `bytefim` command: what can be said on the command line, and how failure is told. Knows not how things are done.

Exit status: 0 done; 1 the request could not be served, one sentence on stderr; 2 wrong usage. What is slow to import is
imported by the command that needs it, so that --help and mistakes answer at once.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from lsp_server.command_line.arguments import (
    Parsers,
    add_command,
    add_models_and_weights,
    host_and_port,
    require_models_to_match,
    temperature,
    whole_number,
)
from lsp_server.command_line.model_commands import add_models

CURSOR_HELP = "where the cursor is; bytes and columns count from 0, lines from 1"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a sign shows its escape instead
            stream.reconfigure(errors="backslashreplace")
    arguments = build_parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        status = run(arguments)
        sys.stdout.flush()  # here, where a reader that has gone away can be told from a fault
        return status
    except BrokenPipeError:  # the reader (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("bytefim: interrupted", file=sys.stderr)
        return 1
    except Exception as error:
        if arguments.debug:
            raise
        print(f"bytefim: {_printable(_sentence(error))}", file=sys.stderr)
        return 1


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="bytefim", description="Local, offline inline code completion for every LSP editor, right at every byte."
    )
    parser.add_argument("--version", action="version", version=f"bytefim {_version()}")
    parser.add_argument("--debug", action="store_true", help="show a traceback when something fails")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_serve(commands)
    _add_complete(commands)
    _add_next_byte(commands)
    add_models(commands)
    _add_doctor(commands)
    _add_bench(commands)
    return parser


def _add_serve(commands: Parsers[argparse.ArgumentParser]) -> None:
    serve = add_command(commands, "serve", run_serve, "the language server; editors start it")
    channel = serve.add_mutually_exclusive_group()
    channel.add_argument("--stdio", action="store_true", help="speak on stdin and stdout (the default)")
    channel.add_argument("--tcp", metavar="HOST:PORT", type=host_and_port, help="listen there for one editor")
    add_models_and_weights(serve)
    _add_lora(serve)
    serve.add_argument("--settings", metavar="FILE", type=Path, help="a TOML file of settings")


def _add_complete(commands: Parsers[argparse.ArgumentParser]) -> None:
    complete = add_command(commands, "complete", run_complete, "complete a file at a cursor")
    _add_question(complete)
    complete.add_argument(
        "--n", type=whole_number(1, 20), default=1, metavar="K", help="how many alternatives (default 1)"
    )
    complete.add_argument(
        "--max-tokens", type=whole_number(1, 1024), default=48, metavar="M", help="longest suggestion (default 48)"
    )
    complete.add_argument(
        "--conditioning", choices=("exact", "healing", "naive"), default="exact", help="the others are for comparison"
    )
    complete.add_argument("--no-trim", action="store_true", help="all that the model says, up to --max-tokens")
    complete.add_argument(
        "--temperature", type=temperature, default=0.0, metavar="T", help="0, the default, takes the likeliest"
    )
    complete.add_argument(
        "--seed", type=whole_number(0, 2**63), default=0, metavar="S", help="for --temperature above 0 (default 0)"
    )
    complete.add_argument("--json", action="store_true", help="print one JSON object")
    complete.add_argument("--explain", action="store_true", help="also print what the answer rests on")


def _add_next_byte(commands: Parsers[argparse.ArgumentParser]) -> None:
    next_byte = add_command(commands, "next-byte", run_next_byte, "the probability of every next byte at a cursor")
    _add_question(next_byte)
    next_byte.add_argument(
        "--suffix", action=argparse.BooleanOptionalAction, default=True, help="show the model what follows the cursor"
    )
    next_byte.add_argument(
        "--conditioning",
        choices=("exact", "naive", "reference"),
        default="exact",
        help="naive: trust the tokens as they are cut; reference: exact, each context alone, nothing cached (slow)",
    )
    next_byte.add_argument("--json", action="store_true", help="print one JSON object")
    next_byte.add_argument("--plot", metavar="FILE.svg", help="draw the law beside the naive one")


def _add_doctor(commands: Parsers[argparse.ArgumentParser]) -> None:
    doctor = add_command(commands, "doctor", run_doctor, "what is installed, and what would stop a suggestion")
    add_models_and_weights(doctor)
    doctor.add_argument("--settings", metavar="FILE", type=Path, help="the TOML file that `bytefim serve` is given")
    doctor.add_argument("--json", action="store_true", help="print one JSON object")


def _add_bench(commands: Parsers[argparse.ArgumentParser]) -> None:
    bench = add_command(commands, "bench", run_bench, "how fast this machine is with a model; about ten seconds")
    bench.add_argument("--model", metavar="NAME|PATH", help="default: the one that ships with bytefim")
    bench.add_argument("--json", action="store_true", help="print one JSON object")


def _add_question(command: argparse.ArgumentParser) -> None:
    """A file, a cursor in it, and whom to ask."""
    command.add_argument("file", metavar="FILE", help="the file to read; - for stdin")
    cursor = command.add_argument_group("cursor", CURSOR_HELP)
    cursor.add_argument("--offset", type=int, metavar="BYTES", help="bytes before the cursor")
    cursor.add_argument("--line", type=int, metavar="L")
    cursor.add_argument("--column", type=int, metavar="C", help="in bytes")
    add_models_and_weights(command)
    command.add_argument(
        "--ensemble",
        choices=("mixture", "product"),
        default="product",
        help="of several models: whether a byte needs the word of one, or of all (default product)",
    )
    command.add_argument(
        "--layout",
        choices=("auto", "plain", "psm", "spm"),
        default="auto",
        help="order of the prompt; auto: as the model was trained",
    )
    _add_lora(command)


def _add_lora(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--lora",
        metavar="PATH[=SCALE]",
        action="append",
        default=[],
        help="an adapter to add to the (first) model's weights (default scale 1); may be repeated",
    )


def run_serve(arguments: argparse.Namespace) -> int:
    """`bytefim serve`."""
    require_models_to_match(arguments)
    from lsp_server.editor.serve import serve

    return serve(
        models=arguments.models,
        weights=arguments.weights,
        loras=tuple(arguments.lora),
        settings_path=arguments.settings,
        tcp=arguments.tcp,
    )


def run_complete(arguments: argparse.Namespace) -> int:
    """`bytefim complete`."""
    _require_question(arguments)
    if len(arguments.models) > 1 and arguments.conditioning != "exact":
        arguments.usage_error("several models complete by --conditioning exact only")
    from lsp_server.command_line import ask as ask

    return ask.run_complete(arguments)


def run_next_byte(arguments: argparse.Namespace) -> int:
    """`bytefim next-byte`."""
    _require_question(arguments)
    if len(arguments.models) > 1 and (arguments.conditioning != "exact" or arguments.plot):
        arguments.usage_error("--plot, and --conditioning other than exact, take a single --model")
    from lsp_server.command_line import ask as ask

    return ask.run_next_byte(arguments)


def run_doctor(arguments: argparse.Namespace) -> int:
    """`bytefim doctor`; status 1 when no suggestion can appear."""
    require_models_to_match(arguments)
    from lsp_server.command_line import doctor as doctor
    from lsp_server.settings_reading import read_settings, with_models

    settings, warnings = read_settings(arguments.settings)
    settings = with_models(settings, arguments.models, arguments.weights)
    facts = doctor.collect_facts(settings=settings, warnings=warnings)
    print(json.dumps(facts) if arguments.json else doctor.render(facts))
    return 0 if facts["verdict"]["ok"] else 1


def run_bench(arguments: argparse.Namespace) -> int:
    """`bytefim bench`; what is going on is told on stderr."""
    from lsp_server.command_line import bench as bench

    figures = bench.collect_figures(
        arguments.model, tell=lambda line: print(f"bytefim: {line}", file=sys.stderr, flush=True)
    )
    print(json.dumps(figures) if arguments.json else bench.render(figures))
    return 0


def _require_question(arguments: argparse.Namespace) -> None:
    """Exactly one of --offset and --line with --column, and models that match; exits with 2 otherwise."""
    require_models_to_match(arguments)
    has_line, has_column = arguments.line is not None, arguments.column is not None
    if (arguments.offset is None) == (not has_line and not has_column) or has_line != has_column:
        arguments.usage_error("say where the cursor is: either --offset BYTES, or --line L and --column C")


def _version() -> str:
    try:
        return importlib.metadata.version("bytefim")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout that was never installed
        return "(not installed)"


def _printable(text: str) -> str:
    """Nothing in it moves a cursor or changes colours; names of files may hold anything."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def _sentence(error: Exception) -> str:
    """What went wrong, for whoever typed the command."""
    from byte_fim.errors import ModelError
    from lsp_server.command_line.cursor import CursorOutsideText
    from lsp_server.store.part import NotFetched

    if isinstance(error, ModelError | CursorOutsideText | NotFetched):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"Cannot use {error.filename}: {error.strerror}; check the path and its permissions."
    if isinstance(error, OSError) and error.strerror is not None:
        return f"The system does not do it ({error.strerror}); check where the answer goes, and the room there."
    return f"Internal error ({type(error).__name__}: {error}); run again with --debug and report what it prints."
