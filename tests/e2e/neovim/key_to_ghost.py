"""How long after a key its ghost text is there, in a real Neovim with the real server: p50 and p95, then a JSON line.

    .venv/bin/python -m tests.e2e.neovim.key_to_ghost

Both times are taken inside Neovim with one clock: that of the key when Neovim takes it (`vim.on_key`), that of the
ghost text when Neovim sets the mark that shows it (`nvim_buf_set_extmark`) after the answer of the server. Neovim waits
for 200 ms before it asks; these are subtracted. A text is typed key by key; the next key comes when the last one was
answered. What Neovim shows again at once, because what was typed goes on with it, is not counted, but only what the
server has answered. Drawing on a screen is not part of it.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.neovim.editor import SURE, Editor

DEBOUNCE_MS = 200.0  # in Neovim's vim/lsp/inline_completion.lua
TEXT = """class Item:
    def __init__(self, name, price):
        self.name = name
        self.price = price


def total(items):
    amount = 0
    for item in items:
        amount += item.price
    return amount
"""

CLOCKS = """
local namespace = vim.api.nvim_create_namespace("nvim.lsp.inline_completion")
local set_mark = vim.api.nvim_buf_set_extmark
local key_ns, marks = 0, {}
vim.on_key(function()
  key_ns, marks = vim.uv.hrtime(), {}
end)
vim.api.nvim_buf_set_extmark = function(buf, space, ...)
  if space == namespace then
    table.insert(marks, vim.uv.hrtime())
  end
  return set_mark(buf, space, ...)
end
function e2e.waits_ms()
  return vim.tbl_map(function(mark_ns)
    return (mark_ns - key_ns) / 1e6
  end, marks)
end
"""


def main() -> int:
    """Types, measures, prints; the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        editor = Editor(Path(folder), SURE, init=CLOCKS)
        try:
            waits_ms = measure(editor)
        finally:
            editor.close()
    if len(waits_ms) < 30:
        print(f"only {len(waits_ms)} keys brought ghost text; nothing can be said", file=sys.stderr)
        return 1
    at = statistics.quantiles(waits_ms, n=20, method="inclusive")
    figures = {"p50": at[9], "p95": at[18], "largest": max(waits_ms)}
    print(f"key to ghost text in Neovim, its own {DEBOUNCE_MS:.0f} ms subtracted; {len(waits_ms)} of {len(TEXT)} keys")
    for name, value_ms in figures.items():
        print(f"  {name:<8}{value_ms:8.1f} ms")
    rounded = {f"{name}_ms": round(value_ms, 1) for name, value_ms in figures.items()}
    print(json.dumps({"name": "key_to_ghost", "editor": "neovim", "n_keys": len(waits_ms), **rounded}))
    return 0


def measure(editor: Editor) -> Sequence[float]:
    """Milliseconds per key that brought ghost text."""
    editor.open(editor.folder / "typed.py", b"")
    editor.wait_until_ready()
    editor.keys("i")
    waits_ms: list[float] = []
    for character in TEXT:
        editor.type(character)
        editor.settle()
        answered_ms = [wait_ms for wait_ms in editor.lua("return e2e.waits_ms()") if wait_ms >= DEBOUNCE_MS]
        if answered_ms and editor.ghost():
            waits_ms.append(answered_ms[0] - DEBOUNCE_MS)
    return waits_ms


if __name__ == "__main__":
    sys.exit(main())
