"""Which languages have a grammar, and that each reads its language."""

from __future__ import annotations

import sys

import pytest

from lsp_server.syntax import grammars
from lsp_server.syntax.grammars import find_grammar, language_of
from tests.lsp_server.parsed import opened, parse, tokens

SAMPLES = {
    "python": 'import os\n\ndef f(a, b=1):\n    """Doc."""\n    if a:\n        return f"{b!r:>{a}}"\n    return [a]\n',
    "javascript": "import x from 'y';\nclass A { f() { return `a${x}`; } }\nconst r = /a(b/g; // c\n",
    "javascriptreact": "const a = (x) => <div className='b'>text {x.map(y => <B key={y} />)}</div>;\n",
    "typescript": "interface A<T> { b: T; }\nfunction f(x: A<string>): x is A<string> { return <any>x; }\n",
    "typescriptreact": "export const A = (p: P) => (\n  <B<T> c={p}>\n    <></>\n  </B>\n);\n",
    "go": 'package a\n\nimport (\n\t"b"\n)\n\nfunc f(x map[string]int) error {\n\ts := `a\n`\n\treturn b.C(s)\n}\n',
    "rust": 'use a::{b, c};\nfn f<\'a>(x: &\'a str) -> Vec<u8> {\n    println!("{}", x);\n    r#"a"#.into()\n}\n',
    "c": "#include <a.h>\n#define X(a) ((a) + 1)\nint main(void) { do { x(\"a\"); } while (y); return 'b'; }\n",
    "cpp": "#include <a>\nnamespace n { template <class T> auto f = [](T x) { return a<b>(x); }; }\n",
    "java": 'import a.b;\nclass A<T> { String s = """\n  b\n  """; /* c */ void f() { try { g(); } finally { } } }\n',
    "csharp": 'using A;\nclass B { string s = $"b{c}d" + @"e"; int F() => G(x => x); }\n',
    "ruby": 'require "a"\ndef f(x)\n  x.each do |y|\n    puts "a#{y}" if y\n  end\n  <<~EOS\n    text\n  EOS\nend\n',
    "php": "<h1>a</h1>\n<?php\nuse A\\B;\nif ($x): y(); endif;\n$z = <<<EOT\n a $b\nEOT;\n?>\n",
    "lua": "local a = require('b')\nfor i = 1, 2 do if a then b() elseif c then d() end end\nrepeat x() until y -- z\n",
    "shellscript": "f() {\n  case $1 in\n    a) b ;;\n    *) for i in c; do d; done\n  esac\n}\ncat <<EOF\n $x\nEOF\n",
    "sh": "if [ -n x ]; then y; fi\n",
    "html": "<!DOCTYPE html>\n<ul><li>a<li>b</ul><br><script>let x = '<p>';</script><!-- c -->\n",
    "css": '@import "a";\n@media (x) { a:hover { b: c(d); } } /* e */\n',
    "json": '{"a": [1, "b", null], "c": {}}\n',
    "jsonc": '{"a": 1} // b\n',
}


@pytest.mark.parametrize("language", SAMPLES)
def test_every_language_is_read_without_errors_and_closes_all_that_it_opens(language: str) -> None:
    """A wheel of the wrong version, or a wrong row in the table, would make every answer wrong."""
    text = SAMPLES[language]

    assert not parse(language, text.encode()).root_node.has_error
    assert opened(language, text) == ""
    assert sum(token.is_opener - token.is_closer for token in tokens(language, text)) == 0
    assert "open string" not in [token.kind for token in tokens(language, text)]


def test_names_of_the_same_language_share_a_grammar() -> None:
    """Editors name languages differently."""
    assert find_grammar("sh") is find_grammar("bash") is find_grammar("shellscript") is not None
    assert find_grammar("jsonc") is find_grammar("json")


def test_an_unknown_language_has_no_grammar() -> None:
    """Then brackets and indentation have to do."""
    assert find_grammar("brainfuck") is None
    assert find_grammar("") is None


def test_without_its_wheel_a_language_has_no_grammar_and_that_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A wheel that one platform lacks must not take the others' suggestions away, nor fill the log."""
    monkeypatch.setitem(sys.modules, "tree_sitter_lua", None)
    grammars._load.cache_clear()
    try:
        found = [find_grammar("lua") for _ in range(3)]
    finally:
        grammars._load.cache_clear()

    assert found == [None, None, None]
    assert len(caplog.records) == 1
    assert "lua" in caplog.text


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a/b.py", "python"),
        ("B.TSX", "typescriptreact"),
        ("a.test.ts", "typescript"),
        ("x.h", "c"),
        ("C:/x/y.cs", "csharp"),
        ("Makefile", ""),
        (".py", ""),
        ("a.unknown", ""),
    ],
)
def test_a_files_language_is_told_by_its_extension(path: str, language: str) -> None:
    """The command line has no editor to tell it."""
    assert language_of(path) == language
