"""A real Neovim with the plugin of this checkout, driven by typing, seen as its user sees it.

Knows nothing of how the plugin works: what is looked at is the buffer, the ghost text, and what the server says.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pynvim

from scripts.install_neovim import find
from tests.e2e.documents import Fingerprint, fingerprint, join_lines
from tests.e2e.homes import ROOT, make_home
from tests.e2e.processes import descendants, end_all, find_server
from tests.e2e.waiting import wait_for

NEOVIM = find()  # here, before a test moves the cache folder
DRIVER = Path(__file__).with_name("driver.lua")
LINE_BREAKS = {"unix": "\n", "dos": "\r\n", "mac": "\r"}

SURE = {"min_confidence": 0, "deadline_ms": 20_000, "statistics": False}
"""Settings under which a suggestion comes, whatever the embedded model thinks and however busy the machine is."""

KEYS = {"accept": "<F2>", "accept-word": "<F3>", "accept-line": "<F4>", "next": "<F5>", "previous": "<F6>"}
KEYS |= {"trigger": "<F7>", "dismiss": "<F8>", "toggle": "<F9>"}

INIT = """
vim.opt.runtimepath:append({plugin})
vim.opt.swapfile = false
vim.opt.autoindent = false -- what is typed is what is there
vim.cmd.filetype("indent off")
vim.cmd.luafile({driver})
vim.lsp.config("bytefim", {{ settings = {{ bytefim = vim.json.decode({settings}) }} }})
for name, key in pairs(vim.json.decode({keys})) do
  vim.keymap.set({{ "i", "n" }}, key, "<Plug>(bytefim-" .. name .. ")")
end
"""


@dataclass(frozen=True, slots=True)
class View:
    """The current buffer as LSP sends it, and the cursor."""

    text: bytes
    offset: int
    """of the cursor, in bytes"""
    line_break: bytes

    def with_inserted(self, text: str) -> bytes:
        """The text, had `text` been inserted at the cursor and nothing else been done."""
        added = text.encode().replace(b"\n", self.line_break)
        return self.text[: self.offset] + added + self.text[self.offset :]


class Editor:
    """One Neovim; `close` it."""

    def __init__(
        self, folder: Path, settings: Mapping[str, object], *, init: str = "", instead: str | None = None
    ) -> None:
        """`init`: more lines of init.lua; `instead`: all there is in it, so that the settings do not count."""
        assert NEOVIM is not None, "no Neovim >= 0.12; run scripts/install_neovim.py"
        self.folder = folder
        environment = make_home(folder)
        script = folder / "init.lua"
        script.write_text(_write_init(settings) + init if instead is None else instead)
        changed = [f"{name}={value}" for name, value in environment.items() if os.environ.get(name) != value]
        # env becomes the editor, so the process is the same
        command = ["env", *changed, str(NEOVIM), "--embed", "--headless", "-n", "-i", "NONE", "-u", str(script)]
        self.nvim: Any = pynvim.attach("child", argv=command)
        self.process_id: int = self.nvim.funcs.getpid()
        if instead is not None:
            self.nvim.command(f"luafile {DRIVER}")
        self._seen = {process.pid: process for process in descendants(self.process_id)}

    def close(self) -> None:
        """Quit as a user does; nothing that was started may be left."""
        everything = descendants(self.process_id)
        try:
            self.nvim.command("qall!", async_=True)
            self.nvim.close()
        except OSError:
            pass
        left = end_all(everything)
        assert not left, f"left running: {left}"

    def lua(self, code: str, *arguments: object) -> Any:
        """The value of a chunk of Lua."""
        return self.nvim.exec_lua(code, *arguments)

    def open(self, path: Path, text: bytes | None = None) -> None:
        """Edit a file, which is written first if a text is given, and wait until the server has it."""
        if text is not None:
            path.write_bytes(text)
        self.nvim.command(f"edit {self.nvim.funcs.fnameescape(str(path))}")
        wait_for(lambda: self.lua("return e2e.is_attached()"), "the server is attached")

    def wait_until_ready(self) -> None:
        """Until the model is loaded."""
        wait_for(lambda: self.status() == "idle", "the model is loaded")

    def keys(self, keys: str) -> None:
        """Type, in Neovim's notation; `<` is `<lt>`. Returns when all of it has been taken."""
        self.nvim.input(keys)
        wait_for(lambda: not self.nvim.api.get_mode()["blocking"], "Neovim waits for no key")

    def type(self, text: str) -> None:
        """Type a text as it is."""
        self.keys(text.replace("<", "<lt>").replace("\n", "<CR>"))

    def at_end_of(self, line: int, keys: str = "") -> None:
        """Insert at the end of a line, counted from 1, and type on."""
        self.keys(f"<Esc>{line}GA{keys}")

    def ghost(self) -> str:
        """The suggestion on the screen; empty when there is none."""
        return "\n".join(self.lua("return e2e.ghost()"))

    def settle(self) -> None:
        """Until the server has answered for what is there now."""
        wait_for(lambda: self.lua("return e2e.is_answered()"), "the server has answered")

    def wait_for_ghost(self) -> str:
        """The suggestion for what is there now, which must come."""
        self.settle()
        return wait_for(self.ghost, f"ghost text (the server says: {self.why()})", limit_s=10)

    def view(self) -> View:
        """What is there."""
        seen = self.lua("return e2e.document()")
        line_break = LINE_BREAKS[seen["format"]]
        text = join_lines(seen["lines"], line_break=line_break, ends_with_break=seen["ends_with_break"])
        above = join_lines(seen["lines"][: seen["row"]], line_break=line_break, ends_with_break=seen["row"] > 0)
        return View(text, len(above) + seen["column"], line_break.encode())

    def check(self) -> View:
        """What is there, after making sure that the server's mirror is the same to the byte."""
        view = self.view()
        seen = self.lua("return e2e.ask('bytefim/documentDigest')")

        assert Fingerprint(seen["n_bytes"], seen["sha256"]) == fingerprint(view.text)
        return view

    def take(self, key: str, expected: bytes) -> View:
        """Press a key that takes (a part of) the suggestion; the buffer must become what is expected."""
        self.keys(key)
        wait_for(lambda: self.view().text == expected, f"{expected!r} (is: {self.view().text!r})", limit_s=10)
        return self.check()

    def why(self) -> Mapping[str, Any]:
        """The server's last decision about this document."""
        return self.lua("return e2e.ask('bytefim/why')")

    def status(self) -> str:
        """What the statusline shows."""
        return self.lua("return require('bytefim').status()")

    def statuses(self) -> list[str]:
        """All it has shown."""
        return self.lua("return e2e.statuses()")

    def messages(self) -> str:
        """Everything that Neovim has said since its start."""
        return self.nvim.api.exec2("messages", {"output": True})["output"]

    def server(self) -> Any:
        """The process of the language server."""
        return wait_for(lambda: find_server(self.process_id), "the server's process")


def _write_init(settings: Mapping[str, object]) -> str:
    import json

    def quoted(value: object) -> str:
        return json.dumps(value if isinstance(value, str) else json.dumps(value))

    return INIT.format(
        plugin=quoted(str(ROOT / "editors" / "neovim")),
        driver=quoted(str(DRIVER)),
        settings=quoted(settings),
        keys=quoted(KEYS),
    )
