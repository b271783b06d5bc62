"""Strings and comments that are open: what the tree says behind them is not to be relied on."""

from __future__ import annotations

import pytest

from lsp_server.syntax.leaves import unfinished_from
from tests.lsp_server.parsed import grammar_of, pairs, parse, tokens


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", 'f("""doc\n  g(\n'),
        ("python", "f('''it's a (\n'"),
        ("python", 'f(f"""a{b}\n  g(\n'),
        ("javascript", "f(`a\n  g(\n"),
        ("javascript", "f(`a${b}\n  g(\n"),
        ("javascript", "f(/* a\n  g(\n"),
        ("typescriptreact", "f(`a\n  <B>(\n"),
        ("go", "var x = f(`a\n  g(\n"),
        ("rust", 'let x = f("a\n  g(\n'),
        ("rust", 'let x = f(r#"a"\n  g(\n'),
        ("rust", "let x = f(/* a\n  g(\n"),
        ("c", "int x = f(/* a\n  g(\n"),
        ("cpp", 'int x = f(R"(a\n  g(\n'),
        ("java", 'x = f("""\n  g(\n'),
        ("csharp", 'x = f(@"a\n  g(\n'),
        ("csharp", 'x = f($@"a\n  g(\n'),
        ("csharp", 'x = f("""\n  g(\n'),
        ("ruby", 'f("a\n  g(\n'),
        ("ruby", "f(%w[a\n  g(\n"),
        ("ruby", "f(<<~EOS)\n  g(\n"),
        ("php", '<?php f("a\n  g(\n'),
        ("php", "<?php f(<<<EOT\n  g(\n"),
        ("php", '<?php f("a {$b} c\n  g(\n'),
        ("lua", "f([[a\n  g(\n"),
        ("lua", "f(--[[ a\n  g(\n"),
        ("shellscript", "f $('a\n  g (\n"),
        ("shellscript", 'f $("a $b\n  g (\n'),
        ("html", "<p><b c='d\n  <i>\n"),
        ("html", "<p><!-- a\n  <i>\n"),
        ("css", "a { b: c(/* d\n  e(\n"),
    ],
)
def test_a_string_or_comment_that_may_go_on_is_the_last_token(language: str, text: str) -> None:
    """All that comes may belong to it; the brackets that the tree sees there are none."""
    found = tokens(language, text)

    assert found[-1].kind == "open string"
    assert found[-1].end == len(text.encode())
    assert [token.kind for token in found].count("open string") == 1
    assert "g" not in [token.text.decode() for token in found]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("python", 'f("a (\ng(1)\n', "+( open string +( -)"),
        ("python", "f(f'a {b\ng(1)\n", "+( open string +( -)"),
        ("javascript", "f('a (\ng(1)\n", "+( open string +( -)"),
        ("javascript", "f(/a (\ng(1)\n", "+( open string +( -)"),
        ("c", 'f("a (\n{}\n', "+( open string +{ -}"),
        ("java", "char c = 'a\n;f(1);\n", "open string +( -)"),
        ("java", 'class A { String s = "a\nf(1);\n', "+{ open string"),
        ("json", '{"a": "b\n"c": 1\n', "+{ string open string"),
        ("lua", 'f("a (\ng(1)\n', "+( open string"),
    ],
)
def test_one_that_ends_with_its_line_hides_the_rest_of_the_line_only(language: str, text: str, expected: str) -> None:
    """Behind it the tokens go on; but not where the tree took the next lines for the string, too."""
    assert pairs(language, text) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("shellscript", "cat <<EOF | f $(a)\n$x g (\n", "+$( -) open string"),
        ("shellscript", "cat <<EOF\n${x} g (\n", "open string"),
        ("shellscript", "cat <<EOF\n#a (\n", "open string"),
        ("shellscript", 'cat <<EOF\n(\nEOF\nf "a"', "string string string"),
        ("ruby", "f(<<~A)\n (\nA\ng(1)", "+( -) string +( -)"),
    ],
)
def test_a_heredoc_reaches_to_the_word_that_it_announces(language: str, text: str, expected: str) -> None:
    """Where that word is missing, trees end the heredoc anywhere."""
    assert pairs(language, text).startswith(expected)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("javascript", "x = `a${f(", "string string +${ +("),
        ("javascript", "x = `a${b}c${f(1).d", "string string +${ -} string +${ +( -)"),
        ("python", 'x = f"a{f(', "string string +{ +("),
        ("csharp", 'class A { string x = $"a{f(', "+{ string string string +{ +("),
        ("ruby", 'x = "a#{f(', "string string +#{ +("),
        ("shellscript", 'x="a$(f "b', "string string +$( open string"),
    ],
)
def test_an_open_interpolation_is_code(language: str, text: str, expected: str) -> None:
    """People write code there as elsewhere."""
    assert pairs(language, text) == expected


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("rust", "fn f<'a>(x: &'a str, y: A<'a>) where T: 'a, {"),
        ("rust", "impl<'a> A<'a> for B<'a> { fn f(self) -> impl C<D = ()> + 'a where Self: "),
        ("shellscript", "x=`ls (`; if y"),
        ("html", "<!DOCTYPE html PUBLIC '-//W3C//DTD'\n 'http'><p>"),
        ("javascript", "x = a / b; y = c / (d"),
        ("typescriptreact", "a = <A>it's (</A>; f("),
    ],
)
def test_what_only_looks_like_a_quote_opens_no_string(language: str, text: str) -> None:
    """Code behind a lifetime or an apostrophe would be given up."""
    assert "open string" not in pairs(language, text)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("python", "f(1, 2", "f(1, 2"),
        ("python", 'f("""a\nb', "f("),
        ("python", "f('a'\n'b", "f('a'\n"),
        ("javascript", "f(`a${b('c", "f("),
        ("javascript", "f(`a${b}c", "f("),
        ("javascript", "f(`a${b}c`, d", "f(`a${b}c`, d"),
        ("shellscript", "cat <<EOF\na", "cat <<EOF"),
    ],
)
def test_where_an_unfinished_string_begins(language: str, text: str, expected: str) -> None:
    """From there on the tokens behind a cursor within it can be told."""
    raw = text.encode()

    assert raw[: unfinished_from(parse(language, raw), raw, grammar_of(language))].decode() == expected
