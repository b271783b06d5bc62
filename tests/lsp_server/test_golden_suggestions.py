"""The rules of a suggestion, as an editor meets them: tests/golden/suggestions.toml through the real server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.lsp_server.conftest import ROOT, RunningServer
from tests.lsp_server.golden_editor import UNIT_BYTES, Case, Editor, Model
from tests.lsp_server.raw_client import PATIENCE_S, RawClient
from tests.lsp_server.vscode_rules import Drawn, is_shown_by_vscode

GOLDEN: dict[str, list[Case]] = tomllib.loads(
    (ROOT / "tests" / "golden" / "suggestions.toml").read_text(encoding="utf-8")
)
BROKEN_LINE_BREAK = re.compile(r"(?<!\r)\n|\r(?!\n)")


def first_line(case: Case) -> str:
    """Tells the cases apart, for the model is told nothing but the text."""
    kind = "suggestion" if "raw" in case or "raw_hex" in case else "conversation"
    return f"# 合🙂é {kind} {GOLDEN[kind].index(case)}\n"


def script() -> Iterator[Case]:
    """What the model says in all the cases, as scripted_server.py reads it."""
    for case in GOLDEN["suggestion"]:
        prefix, suffix = case["document"].split("|")
        prefix += case.get("popup", "").removeprefix(case.get("typed", ""))
        says = bytes.fromhex(case["raw_hex"]) if "raw_hex" in case else case["raw"].encode()
        yield {"prefix": first_line(case) + prefix, "suffix": suffix, "says_hex": says.hex(), "is_endless": False}
    for case in GOLDEN["conversation"]:
        for is_endless, lines in enumerate((case["says"], case.get("busy", {}))):
            for place, says in lines.items():
                prefix, suffix = place.split("|")
                line = {"prefix": first_line(case) + prefix, "suffix": suffix, "says_hex": says.encode().hex()}
                yield {**line, "is_endless": bool(is_endless)}


@dataclass(frozen=True, slots=True)
class Golden:
    """A server that is ready, and its model."""

    server: RunningServer
    model: Model
    encoding: str

    def open(self, case: Case, line_break: str) -> Editor:
        """A document of its own: where the same text stood before, the same would be offered without the model."""
        first = first_line(case)
        uri = f"file:///w/{first.split(maxsplit=2)[2].strip()}-{len(line_break)}.py".replace(" ", "-")
        self.model.forget()
        editor = Editor(self.server, uri, self.encoding, line_break)
        editor.open(first + case["document"], language=case.get("language", "python"))
        return editor


@pytest.fixture(scope="module", params=UNIT_BYTES)
def golden(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Golden]:
    """The real server with the scripted model, in each encoding."""
    path: Path = tmp_path_factory.mktemp("golden") / "script.json"
    path.write_text(json.dumps(list(script())), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.lsp_server.scripted_server", str(path)],
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(path.parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    model = Model()
    threading.Thread(target=model.listen, args=(process.stderr,), daemon=True).start()
    server = RunningServer(process, RawClient(process.stdin, process.stdout), path)
    offered = {"general": {"positionEncodings": [request.param]}}
    capabilities: Any = server.initialize(capabilities=offered)["capabilities"]
    assert capabilities["positionEncoding"] == request.param
    server.client.wait_for_state("idle")
    yield Golden(server, model, request.param)
    process.kill()
    process.wait(PATIENCE_S)


def name_of(case: Case) -> str:
    return f"{case['rule']}: {case['document']!r} {case.get('raw', case.get('raw_hex', ''))!r}"


@pytest.mark.parametrize("line_break", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("case", GOLDEN["suggestion"], ids=name_of)
def test_what_is_offered(golden: Golden, case: Case, line_break: str) -> None:
    """Every rule of one request: the item, the document after it was accepted, and the rule that is named."""
    editor = golden.open(case, line_break)
    found = editor.ask(popup=case.get("popup", ""), typed=case.get("typed", ""))
    rule = editor.why()["rule"]
    editor.close()
    accepted = (first_line(case) + case["accepted"]).replace("\n", line_break) if "accepted" in case else None

    assert (found and found["accepted"]) == accepted
    assert found is None or found["text"] == case.get("text", found["text"])
    assert accepted is None or line_break == "\n" or not BROKEN_LINE_BREAK.search(accepted)
    assert rule == case.get("why")


@pytest.mark.parametrize("line_break", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("case", GOLDEN["conversation"], ids=name_of)
def test_what_is_offered_next(golden: Golden, case: Case, line_break: str) -> None:
    """Every rule of several requests: what is offered, who had it, and that it keeps its id."""
    editor, begun = golden.open(case, line_break), list[int]()
    for step in case["steps"]:
        take_step(editor, golden.model, step, first_line(case), begun)
    editor.close()


def take_step(editor: Editor, model: Model, step: Case, first: str, begun: list[int]) -> None:
    """One step of a conversation, as the golden file describes them."""
    at = editor.cursor
    match step:
        case {"asks": text}:
            found = editor.ask()
            assert (found["text"] if found else "") == text
            assert editor.why()["served_by"] == step.get("served_by", "model")
            assert found is None or found["is_same"] or not step.get("is_same", False)
        case {"begins": _}:
            begun.append(editor.request())
            model.wait_for(editor.place)
        case {"types": text}:
            editor.replace(at, at, text)
        case {"deletes": n}:
            editor.replace(at - n, at, "")
        case {"puts_after": text}:
            editor.replace(at, at, text, moves=False)
        case {"jumps_to": place}:
            editor.jump(first + place)
        case {"fetches": place}:
            model.wait_for(first + place)
        case {"void": _}:
            assert editor.server.client.reply(begun.pop())["result"] is None
        case _:
            pytest.fail(f"no such step: {step}")


@pytest.mark.parametrize(
    ("line", "cursor", "item", "is_shown"),
    [
        ("foo", 3, Drawn("bar", 3, 3), True),
        ("foo", 3, Drawn("foobar", 0, 3), True),
        ("foo", 3, Drawn("Foobar", 0, 3), False),
        ("foo", 3, Drawn("foo", 0, 3), False),
        ("foo", 3, Drawn("", 3, 3), False),
        ("f()", 2, Drawn("x)", 2, 3), True),
        ("f())", 2, Drawn("x)", 2, 4), False),
        ("f(a)", 2, Drawn("b, a)", 2, 4), True),
        ("f()", 2, Drawn("a\nb", 2, 2), False),
        ("f()", 3, Drawn("\n  b", 3, 3), True),
        ("    ", 4, Drawn("  x", 0, 4), True),
        ("foo", 1, Drawn("x", 2, 3), False),
        ("foo", 1, Drawn("x", 1, 4), False),
    ],
)
def test_the_rules_of_vscode_are_checked(line: str, cursor: int, item: Drawn, is_shown: bool) -> None:
    """A checker that lets everything pass would be no use."""
    assert is_shown_by_vscode(line, cursor, item) is is_shown
    assert not is_shown_by_vscode(line, cursor, item, popup="other")
