"""The outline of what is cut off: imports and enclosing headers, in any language, and never more than there is room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byte_fim.anchor import Anchors
from byte_fim.backends.llama_cpp import LlamaCppModel
from byte_fim.complete import CompleteOptions, complete
from byte_fim.fim import Layout
from lsp_server.context.outline import find_outline

PYTHON = b'''"""A module."""
import os
from typing import (
    Any,
    Iterator,
)

LIMIT = 3


class Store(Base):
    """Keeps things."""

    size: int = 0

    def load(self, path):
        return os.stat(path)

    @cached
    def save(
        self,
        path,
    ) -> int:
        # a comment
        with open(path) as file:
'''
JAVASCRIPT = b"""const fs = require('fs');
import { rest } from './a.js';

export class Store {
  load(path) {
    if (path) {
      return fs.stat(path);
    } else {
      log();
    }
  }

  save(path)
  {
"""


def outline(skipped: bytes, kept: bytes, n_bytes: int = 1000) -> list[str]:
    return find_outline(skipped, kept, n_bytes).decode().splitlines()


def test_python_keeps_imports_classes_and_whole_signatures() -> None:
    """These are what the text in the window refers to most."""
    assert outline(PYTHON, b"            file.write(os.path, Any)\n") == [
        "import os",
        "from typing import (",
        "    Any,",
        "    Iterator,",
        ")",
        "class Store(Base):",
        "    @cached",
        "    def save(",
        "        self,",
        "        path,",
        "    ) -> int:",
        "        with open(path) as file:",
    ]


def test_braces_on_a_line_of_their_own_bring_their_header() -> None:
    """A lone brace says nothing."""
    kept = outline(JAVASCRIPT, b"    fs.write(path, rest);\n")

    assert kept == [
        "const fs = require('fs');",
        "import { rest } from './a.js';",
        "export class Store {",
        "  save(path)",
        "  {",
    ]


@pytest.mark.parametrize(
    ("skipped", "kept", "found"),
    [
        (b"func f() {\n\tif x {\n", b"\t\ty()\n", ["func f() {", "\tif x {"]),
        (b"#include <graph.h>\nint f(void)\n{\n", b"    graph_t g;\n", ["int f(void)", "{"]),
        (
            b"use std::io;\n#[test]\nfn f() {\n    let a = 1;\n",
            b"    io::g();\n",
            ["use std::io;", "#[test]", "fn f() {"],
        ),
        (b"x = 1\ny = 2\n", b"z = 3\n", []),
        (b"def f():\n    pass\n", b"\n\nz = 3\n", []),
        (b"def f():\n    x = (1,\n", b"", []),
        (b"", b"    x\n", []),
    ],
)
def test_other_languages_and_nothing_to_keep(skipped: bytes, kept: bytes, found: list[str]) -> None:
    """Indentation is common to all of them."""
    assert outline(skipped, kept) == found


def test_what_is_near_goes_before_what_is_far_when_room_is_short() -> None:
    """The innermost header first, then imports that are used; all in the order of the file."""
    skipped = b"import unused\nimport used\nclass A:\n    def f(self):\n"
    kept = b"        used.call()\n"

    assert outline(skipped, kept, 17) == ["    def f(self):"]
    assert outline(skipped, kept, 26) == ["class A:", "    def f(self):"]
    assert outline(skipped, kept, 38) == ["import used", "class A:", "    def f(self):"]
    assert outline(skipped, kept, 1000) == ["import used", "class A:", "    def f(self):"]


def test_a_window_that_begins_inside_a_line_has_no_outline() -> None:
    """What is put in front of half a line would be read as its beginning."""
    assert outline(b"import os\nx = [1, 2, ", b"3, 4]\n") == []


def test_lines_that_no_person_wrote_are_left_out() -> None:
    """A minified line is no header, and would take all the room."""
    assert outline(b"import a" + b", a" * 5000 + b"\nclass A:\n", b"    a\n", 100_000) == ["class A:"]


@given(
    st.lists(
        st.sampled_from(["import a", "  x", "    y(", "    )", "{", "  }", "@d", "def f(", "", "# c"]), max_size=40
    ),
    st.integers(0, 80),
)
def test_an_outline_is_lines_of_the_text_in_their_order_and_fits(lines: list[str], n_bytes: int) -> None:
    """Whatever the text: nothing invented, nothing moved, nothing too long."""
    found = find_outline("".join(line + "\n" for line in lines).encode(), b"      x\n", n_bytes)
    rest = iter(lines)

    assert len(found) <= n_bytes
    assert all(line in rest for line in found.decode().splitlines())


@pytest.mark.parametrize("layout", ["plain", "spm", "psm"])
def test_the_model_is_shown_the_outline_above_a_window_that_stays(tiny: LlamaCppModel, layout: Layout) -> None:
    """What is imported, and the class; and typing on moves neither."""
    body = b"".join(b"    def method_%d(self):\n        return helper(%d)\n\n" % (i, i) for i in range(120))
    text = b"import unused\nfrom library import helper\n\n\nclass Long(Base):\n" + body + b"    def last(self):\n"
    options, anchors = CompleteOptions(layout=layout, cut="anchor", max_tokens=2), Anchors(find_outline)
    shown: list[bytes] = []
    for typed in (b"        ", b"        r", b"        re"):
        found = complete(tiny, tiny.fim, text + typed, b"", options=options, anchors=anchors)
        shown.append(tiny.vocab.decode(found.stem_tokens) + found.tail)

    assert all(prompt.startswith(b"from library import helper\nclass Long(Base):\n") for prompt in shown)
    assert [prompt[-2:] for prompt in shown] == [b"  ", b" r", b"re"]
    assert len({prompt[:1000] for prompt in shown}) == 1
