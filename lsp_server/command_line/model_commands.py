"""`bytefim models ...`: what can be said, and who does it.

What is slow to import is imported by the command that needs it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from lsp_server.command_line.arguments import Parsers, add_command


def add_models(commands: Parsers[argparse.ArgumentParser]) -> None:
    """The command `models` and its actions."""
    models = add_command(commands, "models", None, "the models that bytefim knows")
    actions = models.add_subparsers(metavar="ACTION", required=True)
    listing = add_command(actions, "list", run_models_list, "all of them, and which are here")
    one = [
        add_command(actions, "show", run_models_show, "all that is known of one"),
        add_command(actions, "path", run_models_path, "where its file is"),
        add_command(actions, "verify", run_models_verify, "whether its file is intact"),
        pull := add_command(actions, "pull", run_models_pull, "fetch one from the web, or go on with fetching it"),
        bundle := add_command(actions, "bundle", run_models_bundle, "one file of it for machines without network"),
    ]
    pull.add_argument("--mirror", metavar="URL", help="ask there instead of the host that the catalogue names")
    pull.add_argument("--proxy", metavar="URL", help="default: as the environment says (https_proxy, no_proxy)")
    for action in one:
        action.add_argument("name", metavar="NAME")
    bundle.add_argument("out", metavar="OUT", type=Path, help="the file to write")
    add = add_command(actions, "add", run_models_add, "register a .gguf file, or unpack a bundle")
    add.add_argument("path", metavar="PATH", type=Path)
    add.add_argument("--name", help="default: as the file or the bundle says")
    for action in (listing, *one, add):
        action.add_argument("--json", action="store_true", help="print JSON")


def run_models_list(arguments: argparse.Namespace) -> int:
    """`bytefim models list`."""
    from lsp_server.command_line import model_listing as model_listing

    model_listing.print_list(as_json=arguments.json)
    return 0


def run_models_show(arguments: argparse.Namespace) -> int:
    """`bytefim models show NAME`."""
    from lsp_server.command_line import model_listing as model_listing

    model_listing.print_entry(arguments.name, as_json=arguments.json)
    return 0


def run_models_path(arguments: argparse.Namespace) -> int:
    """`bytefim models path NAME`."""
    from lsp_server.command_line import model_listing as model_listing

    model_listing.print_path(arguments.name, as_json=arguments.json)
    return 0


def run_models_verify(arguments: argparse.Namespace) -> int:
    """`bytefim models verify NAME`."""
    from lsp_server.command_line import model_listing as model_listing

    model_listing.print_verdict(arguments.name, as_json=arguments.json)
    return 0


def run_models_pull(arguments: argparse.Namespace) -> int:
    """`bytefim models pull NAME`; progress is told on stderr."""
    from lsp_server.command_line import model_fetching as model_fetching

    return model_fetching.run_pull(
        arguments.name, mirror=arguments.mirror, proxy=arguments.proxy, as_json=arguments.json
    )


def run_models_bundle(arguments: argparse.Namespace) -> int:
    """`bytefim models bundle NAME OUT`."""
    from lsp_server.command_line import model_adding as model_adding

    model_adding.bundle(arguments.name, arguments.out, as_json=arguments.json)
    return 0


def run_models_add(arguments: argparse.Namespace) -> int:
    """`bytefim models add PATH`."""
    from lsp_server.command_line import model_adding as model_adding

    model_adding.add(arguments.path, name=arguments.name, as_json=arguments.json)
    return 0
