"""The tokens of texts, whole and broken."""

from __future__ import annotations

import pytest

from lsp_server.syntax import leaves
from lsp_server.syntax.tokens import find_closer, open_at_end, tokens_between
from tests.lsp_server.parsed import grammar_of, opened, pairs, parse, tokens


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("python", 'f(a[0], {"(": 1})  # (', "+( +[ -] +{ string -} -) comment"),
        ("python", 'f"a{b[0]:>{c}}d" "e"', "string +{ +[ -] +{ -} -} string string"),
        ("javascript", "f(`a${b(`c`)}d`, /(/g, '[')", "+( string +${ +( string -) -} string string string -)"),
        ("typescriptreact", "a = <A<T> b={c}>t (<B /></A>;", "+tag:A text tag:B -tag:A"),
        ("typescriptreact", "a = <>{x}</>;", "+tag: +{ -} -tag:"),
        ("rust", 'let x = (b"(", r#"{"#, \'[\', &\'a y);', "+( string string string -)"),
        ("c", "#define X(a) ((a)\nint f() { return '('; }", "+( -) +( -) +{ string -}"),
        ("cpp", 'auto x = f<a>(R"x(()x");', "+( string -)"),
        ("csharp", 'var x = $"a{b}c" + $@"{d}";', "string +{ -} string string +{ -} string"),
        ("java", 'x = """\n(\n""" + "(";', "string string"),
        ("go", "x := f(`(\n`, '(')", "+( string string -)"),
        ("php", '<p>(</p><?php f("a {$b[0]} $c"); ?>', "text +( string +{ +[ -] -} string -)"),
        ("php", "<?php if ($x): a(); else: b(); endif;", "+( -) +: +( -) +( -) -endif"),
        ("ruby", "while a do b end", "+while -end"),
        ("ruby", "def f = 1\nx if y\nz = if y\n1 end", "+if -end"),
        ("ruby", "x = <<~EOS\n (#{y(1)}\nEOS\n", "string +#{ +( -) -} string"),
        ("ruby", "begin\n x\nend while y", "+begin -end"),
        ("lua", "if a then b() elseif c then d() else e() end", "+if +( -) +( -) +( -) -end"),
        ("lua", "for i = 1, 2 do while a do end end", "+do +do -end -end"),
        ("lua", "repeat local function f() end until [[end]]", "+repeat +function +( -) -end -until string"),
        ("shellscript", 'case $x in\n(a) b ;;\n*) echo "$(c)" ;;\nesac', "+case string +$( -) string -esac"),
        ("shellscript", "for i in 1; do [[ a ]] && (( b )); done", "+do +[[ -]] +(( -)) -done"),
        ("shellscript", "cat <<-EOF | a\n\t( $x\n\tEOF\nb", "string string"),
        ("html", "<UL a='>'><li>x<br>y<li>z</ul>", "+tag:ul tag:li text tag:br text tag:li text -tag:ul"),
        ("html", "<p>a</p><!-- <p> --><img/>", "+tag:p text -tag:p comment tag:img"),
        ("css", 'a { b: c(d) "}"; /* { */ }', "+{ +( -) string comment -}"),
        ("json", '{"a}": [1]}', "+{ string +[ -] -}"),
    ],
)
def test_what_opens_and_closes(language: str, text: str, expected: str) -> None:
    """Signs in strings and comments do not count, words and tags do, and each of them once."""
    assert pairs(language, text) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("python", "def f(a):\n    x = [1, (2", "[ ("),
        ("javascript", "class A {\n  f(a) {\n    if (a) {\n      b(() => {\n", "{ { { ( {"),
        ("javascript", "if (x) {\n  a();\n} else {\n  b(`${c(", "{ ( ${ ("),
        (
            "typescriptreact",
            "function f() {\n  return (\n    <A b={1}>\n      {x.map(y => (\n        <B>",
            "{ ( tag:A { ( ( tag:B",
        ),
        ("typescriptreact", "a = (\n  <A>\n    <B\n      c={() => {", "( tag:A { {"),
        ("java", "class A {\n  void f() {\n    g(new B() {\n", "{ { ( {"),
        ("rust", "fn f<'a>(x: &'a str) -> A<'a> {\n    let x = match y {\n", "{ {"),
        ("c", "int f(void) {\n  for (;;) {\n    if (a) {\n      b();\n    }\n", "{ {"),
        ("php", "<?php\nclass A {\n  function f() {\n    foreach ($x as $y):\n      g(", "{ { : ("),
        ("ruby", "class A\n  def f\n    x.each do |y|\n      return if y\n      z = if y", "class def do if"),
        ("ruby", "module A\n  while x do\n    puts y unless z\n    a.b(:end, c.class", "module while ("),
        ("lua", "function f()\n  if x then\n    y()\n  elseif z then\n    for i = 1, 2 do", "function if do"),
        (
            "shellscript",
            "f() {\n  if x; then\n    case $y in\n      a) b ;;\n      c)\n        for i in d; do",
            "{ if case do",
        ),
        ("html", "<html><body>\n<ul><li>a<li>b", "tag:html tag:body tag:ul tag:li"),
        ("html", "<html><head>\n<title>a</title><meta b='c'>", "tag:html tag:head"),
        ("css", "@media (a) {\n  b {\n    c: d(", "{ { ("),
        ("json", '{"a": [{"b": 1}, {"c": ', "{ [ {"),
        ("python", "x = {'a': f(1), 'b': ']'}\n", ""),
    ],
)
def test_what_is_open_at_a_cursor(language: str, text: str, expected: str) -> None:
    """Code that ends at a cursor is broken code: its tree has pieces only, and words must be judged by their line."""
    assert opened(language, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = <A ▮b={f(1)}>x</A>", "+{ +( -) -} +tag:A text -tag:A"),
        ("a = <A>x</▮A>", "-tag:A"),
        ("a = `b${▮f(1)}c`", "+( -) -} string"),
    ],
)
def test_a_cursor_within_a_tag_or_an_interpolation_sees_what_is_behind_it(text: str, expected: str) -> None:
    """Taken as one, a tag would hide the brackets that a suggestion within it closes."""
    assert pairs("typescriptreact", text) == expected


def test_tokens_are_found_behind_a_line_break_that_is_a_node_of_its_own() -> None:
    """Go's trees hide it, and a cursor that is sent there finds no child at all."""
    found = tokens("go", "package a\n\nfunc f() {\n}▮\nfunc g() {\n}\n")

    assert [token.text for token in found] == b"func g ( ) { }".split()


def test_tokens_say_where_they_stand() -> None:
    """Callers cut the text at these offsets, and trust a parent only where code is not broken."""
    name, bracket, number = tokens("python", "été(1")

    assert (name.text, name.start, name.end) == ("été".encode(), 0, 5)
    assert (bracket.kind, bracket.start, bracket.is_argument_list, bracket.is_broken) == ("(", 5, True, True)
    assert number.text == b"1"
    assert bracket.moved(-5).start == 0


def test_missing_leaves_and_white_space_are_no_tokens() -> None:
    """They say nothing that stands in the text."""
    found = tokens("c", "int f() { return 1 }\n")

    assert [token.text for token in found] == b"int f ( ) { return 1 }".split()


@pytest.mark.parametrize(
    ("language", "before", "after", "expected"),
    [
        ("javascript", "f(() => {", "\n  a();\n});\nb();", "}"),
        ("javascript", "function f() {\n  if (a) {", "\n  b();\n}\n", "}"),
        ("javascript", "f(", "\n}\n", None),
        ("ruby", "def f\n  x do", "\n  end\nend\n", "end\nend"),
        ("typescriptreact", "a = (\n  <A>", "\n    <B/>\n  </A>\n);", "</A>"),
        ("python", "x = [", "\n  (1), ')'\n]\n", "]"),
        ("python", "x = [", "", None),
    ],
)
def test_the_closer_of_what_is_open_is_found_below(
    language: str, before: str, after: str, expected: str | None
) -> None:
    """What stands below must not be offered again."""
    raw, text = before.encode(), (before + after).encode()
    opener = open_at_end(parse(language, raw), raw, grammar_of(language))[-1]
    at = find_closer(parse(language, text), text, opener, grammar_of(language))

    assert (None if at is None else text[at:].decode().startswith(expected or "?")) in (None, True)
    assert (at is None) == (expected is None)


def test_an_opener_is_closed_by_its_like_only() -> None:
    """`)` does not close `{`."""
    brace, bracket = tokens("python", "{)")
    word, end, tag = tokens("lua", "do end")[0], tokens("lua", "do end")[1], tokens("html", "<p>")[0]

    assert not brace.is_closed_by(bracket)
    assert word.is_closed_by(end)
    assert [token.is_word for token in (word, end, brace, tag)] == [True, True, False, False]
    assert [token.is_bracket for token in (word, end, brace, tag)] == [False, False, True, False]


FUNCTION = b"def f(a, b):\n    if a:\n        return [a, b, {'x': g(a)}]\n    return b\n\n"


def count_visited(monkeypatch: pytest.MonkeyPatch, ask: object) -> int:
    n_visited = 0
    is_passed_over = leaves._Walk._is_passed_over

    def counting(walk: leaves._Walk, node: object) -> bool:
        nonlocal n_visited
        n_visited += 1
        return is_passed_over(walk, node)  # type: ignore[arg-type]

    monkeypatch.setattr(leaves._Walk, "_is_passed_over", counting)
    assert callable(ask)
    ask()
    return n_visited


def test_tokens_cost_as_many_steps_as_there_are_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check of a few lines at the end of 5,000 must not go through all of them."""
    text = FUNCTION * 1000
    said = b"x = [1, 2]\ny = (x)\n"
    whole, python = text + said, grammar_of("python")
    tree = parse("python", whole)

    n_visited = count_visited(monkeypatch, lambda: tokens_between(tree, whole, len(text), len(whole), python))

    assert n_visited < 40


def test_what_is_open_is_found_without_looking_into_what_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly all of 5,000 lines in front of a cursor closes what it opens."""
    text = b"class A:\n" + FUNCTION * 1000 + b"def g():\n    f(["
    tree, python = parse("python", text), grammar_of("python")

    n_visited = count_visited(monkeypatch, lambda: open_at_end(tree, text, python))

    assert n_visited < 1200  # one for each function
