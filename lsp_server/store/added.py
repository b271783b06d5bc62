"""The models that the user added himself: written beside the files in his own folder, as the catalogue is.

Knows nothing of how a file got there, nor whether it is still there.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from byte_fim.errors import BadModelFile
from lsp_server.store.entries import CatalogEntry
from lsp_server.store.entry_reading import BadEntry, read_entries, read_families
from lsp_server.store.entry_writing import as_toml

ADDED_FILE = "added.toml"
_HEAD = "# Models that were added on this machine: `bytefim models add`. Fields as in bytefim's own catalog.toml.\n\n"


def read_added(folder: Path, *, known: Sequence[CatalogEntry] = ()) -> tuple[tuple[CatalogEntry, ...], tuple[str, ...]]:
    """The user's entries without those that the catalogue came to know by the same name, and a sentence for people
    where they cannot be read: what ships with bytefim shall work all the same.
    """
    path = folder / ADDED_FILE
    try:
        entries = _read(path)
    except BadModelFile as error:
        return (), (str(error),)
    names = {entry.name for entry in known}
    return tuple(entry for entry in entries if entry.name not in names), ()


def keep_added(entry: CatalogEntry, *, folder: Path) -> None:
    """Writes the entry down in the user's folder, in the place of an older one of the same name, if there is one.

    Raises BadModelFile when the list cannot be read or written.
    """
    path = folder / ADDED_FILE
    unfinished = path.with_name(f"{ADDED_FILE}.{os.getpid()}")
    others = [other for other in _read(path) if other.name != entry.name]
    text = (_HEAD + as_toml([*others, entry])).encode()
    try:
        unfinished.write_bytes(text)
        unfinished.replace(path)  # readers see the old list or the new one, never half of it
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise BadModelFile(
            f"{path} cannot be written ({error.strerror}); check the folder's permissions and the room on its disk."
        ) from error


def read_entry_text(text: str) -> tuple[CatalogEntry, ...]:
    """The entries of a text that `as_toml` wrote, or of one that claims to be such. Raises BadEntry."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadEntry(str(error)) from error
    return read_entries(content.get("models", {}), read_families(content.get("families", {}), {}), {})


def _read(path: Path) -> tuple[CatalogEntry, ...]:
    """Raises BadModelFile."""
    try:
        return read_entry_text(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise BadModelFile(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    except ValueError as error:
        raise BadModelFile(
            f"{path} cannot be used ({error}); mend it, or delete it and add the models again."
        ) from error
