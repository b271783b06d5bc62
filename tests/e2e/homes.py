"""A home for an editor that is nobody's: a developer's own configuration is neither read nor changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
"""the checkout"""


def make_home(folder: Path) -> Mapping[str, str]:
    """The environment of an editor that lives in `folder`. What was measured of models stays shared between tests."""
    places = {"HOME": "home", "XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data", "XDG_STATE_HOME": "state"}
    places |= {"XDG_RUNTIME_DIR": "run", "TMPDIR": "tmp"}
    for name in places.values():
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    # the server of this checkout, not one that happens to be installed
    on_path = [part for part in os.environ["PATH"].split(os.pathsep) if not (Path(part) / "bytefim").exists()]
    return {
        **os.environ,
        **{variable: str(folder / name) for variable, name in places.items()},
        "PATH": os.pathsep.join(on_path),
        "LANG": "C.UTF-8",
    }
