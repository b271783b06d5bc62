"""The real editors, typed into: fetch them, build what users install, run the scenarios. `make e2e`.

`run_e2e.py neovim` and `run_e2e.py vscode` run one of the two. Pictures are left in build/e2e/. Knows no scenario.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTENSION = ROOT / "editors/vscode"


def main() -> int:
    runs: Mapping[str, Callable[[], None]] = {"neovim": run_neovim, "vscode": run_vscode}
    wanted = sys.argv[1:] or list(runs)
    if unknown := [name for name in wanted if name not in runs]:
        print(f"run_e2e: no scenarios for {unknown[0]}; there are some for {' and '.join(runs)}", file=sys.stderr)
        return 2
    try:
        for name in wanted:
            began_s = time.monotonic()
            runs[name]()
            print(
                f"== {name}: all scenarios passed, {time.monotonic() - began_s:.0f} s with the setting up", flush=True
            )
    except subprocess.CalledProcessError as error:
        return error.returncode or 1
    return 0


def run_neovim() -> None:
    step(sys.executable, "scripts/install_neovim.py")
    step(sys.executable, "-m", "pytest", "-q", "tests/e2e/neovim")


def run_vscode() -> None:
    step(sys.executable, "scripts/install_vscode.py")
    node = Path(json.loads((tools_folder() / "tools.json").read_text(encoding="utf-8"))["node"])
    environ = {**os.environ, "PATH": os.pathsep.join((str(node.parent), os.environ.get("PATH", "")))}
    step("make", "vsix", environ=environ)
    step("npm", "test", cwd=EXTENSION, environ=environ)
    scenarios = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests/e2e/vscode").glob("*.test.mjs"))
    step(str(node), "--test", "--test-concurrency=1", *scenarios, environ=environ)  # each has a browser of its own


def tools_folder() -> Path:
    """Where install_vscode.py has put everything."""
    editors = os.environ.get("BYTEFIM_EDITORS")
    return (Path(editors) if editors else Path.home() / ".cache/bytefim/editors").absolute() / "vscode"


def step(*command: str, cwd: Path = ROOT, environ: Mapping[str, str] | None = None) -> None:
    print("==", " ".join(command), flush=True)
    subprocess.run(command, cwd=cwd, env=environ, check=True)


if __name__ == "__main__":
    sys.exit(main())
