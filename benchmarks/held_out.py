"""Python source that the embedded models have not seen: packages of models/training/HELDOUT.txt.

Fetched once by pip into the user's cache.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

HELD_OUT = ("flask==3.1.3", "httpx==0.28.1", "marshmallow==4.4.0", "arrow==1.4.0", "tenacity==9.2.1", "loguru==0.7.3")


def fetch_held_out() -> Path:
    """Source of the held-out packages, unpacked below the user's cache."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bytefim" / "held-out"
    if not any(folder.glob("*.whl")):
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
            "-d",
            str(folder),
        ]
        subprocess.run([*command, *HELD_OUT], check=True)
    source = folder / "source"
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(source)
    return source
