"""What the README promises to somebody who has configured nothing but what it says."""

from __future__ import annotations

import re
from pathlib import Path

from tests.e2e.homes import ROOT
from tests.e2e.neovim.editor import Editor

_SNIPPET = re.compile(r"```lua\n(.*?)```", re.DOTALL)
CHECKOUT = "src/bytefim"  # where the README assumes it, in the user's home


def test_the_snippet_of_the_readme_is_enough(tmp_path: Path) -> None:
    """The embedded model, every setting as it is, Tab as it is proposed."""
    (snippet,) = _SNIPPET.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    checkout = tmp_path / "home" / CHECKOUT
    checkout.parent.mkdir(parents=True)
    checkout.symlink_to(ROOT, target_is_directory=True)
    editor = Editor(tmp_path, {}, instead=snippet)
    try:
        editor.open(tmp_path / "shop.py", b"import json\n\n\ndef load(path):\n    with open(path, ")
        editor.wait_until_ready()
        editor.at_end_of(5, "enc")
        ghost = editor.wait_for_ghost()
        before = editor.check()
        editor.take("<Tab>", before.with_inserted(ghost))
        editor.keys("<CR><Tab>")

        assert ghost.startswith("oding=")
        assert f"~/{CHECKOUT}/editors/neovim" in snippet
        assert editor.check().text.endswith(b"\t") or editor.check().text.endswith(b"    ")
        assert editor.messages() == ""
    finally:
        editor.close()
