"""Where the files of models may lie: in the installed package, in a checkout, in the user's own folder. Reads none."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from byte_fim.errors import BadModelFile

MODELS_VARIABLE = "BYTEFIM_MODELS"


def shipped_folders() -> tuple[Path, ...]:
    """In the installed package; in the checkout, when this package lies in one."""
    package = Path(__file__).resolve().parents[1]
    checkout = package.parent
    beside = (checkout / "models",) if (checkout / "pyproject.toml").is_file() else ()
    return (package / "_models", *beside)


def absolute(path: str | Path) -> Path:
    """With ~ as shells read it; that of a user whom nobody knows stays as it is, and is not found."""
    return Path(os.path.abspath(os.path.expanduser(path)))


def find_user_folder(environment: Mapping[str, str] = os.environ, *, platform: str = sys.platform) -> Path | None:
    """Where models are put that were fetched or added later; it may not exist yet. None for a user without a home.

    The variable BYTEFIM_MODELS names another place than the usual one of the system.
    """
    if chosen := environment.get(MODELS_VARIABLE):
        return absolute(chosen)
    try:
        if platform == "win32":
            base = environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        elif platform == "darwin":
            base = Path.home() / "Library" / "Application Support"
        else:
            base = environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    except RuntimeError:  # containers run as user ids that nobody knows
        return None
    return Path(base) / "bytefim" / "models"


def require_user_folder() -> Path:
    """As `find_user_folder`, made when it does not exist. Raises BadModelFile when it cannot be."""
    folder = find_user_folder()
    if folder is None:
        raise BadModelFile(f"There is no home folder to keep models in; name a folder by {MODELS_VARIABLE}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadModelFile(
            f"{folder} cannot be made ({error.strerror}); name another folder by {MODELS_VARIABLE}."
        ) from error
    return folder
