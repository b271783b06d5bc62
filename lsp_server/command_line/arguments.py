"""What commands and their arguments are made of. Knows no command."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from lsp_server.setting_kinds import Weights

Parsers = argparse._SubParsersAction  # pyright: ignore[reportPrivateUsage]  # argparse has no public name for it


def add_command(
    commands: Parsers[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int] | None,
    help_text: str,
) -> argparse.ArgumentParser:
    """A command among others; `run` does it, None: its own commands do."""
    command = commands.add_parser(name, help=help_text, description=help_text[0].upper() + help_text[1:] + ".")
    command.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    if run is not None:
        command.set_defaults(run=run)
    return command


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """What argparse calls with the text; both ends are allowed."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from {low} to {high}")
        return int(text)

    return parse


def temperature(text: str) -> float:
    """From 0 to 10. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 10.0:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number from 0 to 10")
    return value


def add_models_and_weights(command: argparse.ArgumentParser) -> None:
    """`--model`, which may be repeated, and `--weights`: `models` and `weights`, see `require_models_to_match`."""
    command.add_argument(
        "--model",
        metavar="NAME|PATH",
        action="append",
        default=[],
        dest="models",
        help="see `bytefim models list`; default: the one that ships with bytefim; several complete as one",
    )
    command.add_argument(
        "--weights",
        metavar="W,W",
        type=weights,
        default=(),
        help="how much each of several models counts; default: alike at first, then by what each says of the text",
    )
    command.set_defaults(usage_error=command.error)


def require_models_to_match(arguments: argparse.Namespace) -> None:
    """One weight for each model, or none; exits with 2 otherwise."""
    n_models, n_weights = len(arguments.models), len(arguments.weights)
    if n_weights and n_weights != n_models:
        arguments.usage_error(f"--weights has {n_weights} numbers for {n_models} --model; give one for each")


def weights(text: str) -> tuple[float, ...]:
    """Numbers above 0, parted by commas. Raises ArgumentTypeError."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = (0.0,)
    if not Weights().accepts(values):
        raise argparse.ArgumentTypeError(f"{text!r} must be numbers above 0, parted by commas, such as 2,1")
    return values


def host_and_port(text: str) -> tuple[str, int]:
    """Of HOST:PORT; brackets around an IPv6 address go. Raises ArgumentTypeError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} must be HOST:PORT, such as 127.0.0.1:2087")
    return host.strip("[]"), int(port)
