"""Fetch a real VS Code that runs without a screen: code-server, a browser, and what drives it. For `tests/e2e/vscode`.

All of it goes into `$BYTEFIM_EDITORS/vscode` (default: `~/.cache/bytefim/editors/vscode`), outside the tree; what is
there already, or on PATH and new enough, is used as it is. `tools.json` in that folder then says where everything is.
The first time takes 3 to 10 minutes, nearly all of it code-server, whose native modules are compiled.
Knows nothing of the extension and of the scenarios.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

NODE = "24"
CODE_SERVER = "4.139.1"
PLAYWRIGHT = "1.65.1"
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
SYSTEM_PACKAGES = {"chromium": "a Chromium browser", "libkrb5-dev": "the headers of Kerberos, which code-server needs"}
PROGRESS_INTERVAL_S = 15.0


class Missing(Exception):
    """Something that cannot be fetched from here; the message is one sentence for people."""


def main() -> int:
    folder = tools_folder()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if not shutil.which("npm"):
            raise Missing("npm was not found; install Node.js 20 or newer with npm.")
        install_system_packages()
        node = find_node() or install_node(folder)
        tools = {
            "node": str(node),
            "browser": find_browser(),
            "code_server": str(install(folder, "code-server", CODE_SERVER, node=node) / "out/node/entry.js"),
            "playwright": str(install(folder, "playwright-core", PLAYWRIGHT, node=node)),
        }
    except Missing as missing:
        print(f"install_vscode: {missing}", file=sys.stderr)
        return 1
    (folder / "tools.json").write_text(json.dumps(tools, indent=2) + "\n", encoding="utf-8")
    say(f"Ready: {folder / 'tools.json'}")
    return 0


def tools_folder() -> Path:
    editors = os.environ.get("BYTEFIM_EDITORS")
    return (Path(editors) if editors else Path.home() / ".cache/bytefim/editors").absolute() / "vscode"


def install_system_packages() -> None:
    """By apt, when something is missing and this user may; otherwise say what to install."""
    lacking = {name: what for name, what in SYSTEM_PACKAGES.items() if not is_there(name)}
    if not lacking:
        return
    apt = shutil.which("apt-get")
    if apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        raise Missing(f"missing: {', '.join(lacking.values())} (Debian: apt install {' '.join(lacking)}).")
    say(f"Installing {', '.join(lacking)} by apt ...")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wait = ["-o", "DPkg::Lock::Timeout=300"]  # others may be installing, too
    install = [apt, *wait, "install", "-q", "-y", "--no-install-recommends", *lacking]
    try:
        run(install, environment, "")
    except Missing:  # the lists may be old, or were never fetched
        run([apt, *wait, "update", "-q"], environment, "apt could not read its sources")
        run(install, environment, f"apt could not install {', '.join(lacking)}")


def is_there(package: str) -> bool:
    if package == "chromium":
        return any(shutil.which(name) for name in BROWSERS)
    return sys.platform != "linux" or bool(shutil.which("krb5-config")) or Path("/usr/include/krb5.h").exists()


def find_browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise Missing("no Chromium browser was found on PATH; install one.")
    return found


def find_node() -> Path | None:
    """The one on PATH when code-server takes it: its native modules are bound to one major version."""
    found = shutil.which("node")
    if found is None:
        return None
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    return Path(found) if version.startswith(f"v{NODE}.") else None


def install_node(folder: Path) -> Path:
    package = install(folder, "node", NODE, node=None)
    # its binary lies in a package of its own, named by system and processor
    binaries = [*package.parent.glob("**/node-*/bin/node"), *package.parent.glob("**/node-*/bin/node.exe")]
    if not binaries:
        raise Missing(f"npm has no node {NODE} for this system; put one on PATH.")
    return binaries[0]


def install(folder: Path, package: str, version: str, *, node: Path | None) -> Path:
    """The folder of the npm package, installed by `node` (None: by the one npm runs on) unless it is there."""
    home = folder / package
    installed = home / "node_modules" / package
    stamp = home / "installed"  # written last: an installation that was interrupted is begun again
    if stamp.exists() and stamp.read_text() == version:
        return installed
    home.mkdir(parents=True, exist_ok=True)
    (home / "package.json").write_text("{}\n", encoding="utf-8")
    environment = dict(os.environ)
    if node is not None:
        environment["PATH"] = f"{node.parent}{os.pathsep}{environment['PATH']}"
        # native modules are compiled for the node that will run them, whatever npm's own settings say
        environment["npm_config_nodedir"] = str(node.parent.parent)
    say(f"Installing {package} {version} into {home} ...")
    command = [str(shutil.which("npm")), "install", "--no-audit", "--no-fund", f"{package}@{version}"]
    run(command, environment, f"npm could not install {package} {version}", cwd=home)
    stamp.write_text(version)
    return installed


def run(command: list[str], environment: dict[str, str], failure: str, *, cwd: Path | None = None) -> None:
    """Until it ends, with a sign of life now and then. Its last lines are shown when it fails."""
    start_s = time.monotonic()
    process = subprocess.Popen(
        command, env=environment, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    while True:
        try:
            output, _ = process.communicate(timeout=PROGRESS_INTERVAL_S)
            break
        except subprocess.TimeoutExpired:
            say(f"  {Path(command[0]).name}: {time.monotonic() - start_s:.0f} s")
    if process.returncode != 0:
        print("\n".join(re.split(r"[\r\n]+", output)[-30:]), file=sys.stderr)
        raise Missing(f"{failure} (its last lines are above).")


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
